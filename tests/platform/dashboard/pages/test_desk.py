from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bigloop.api.context import Context
from bigloop.contracts import NotFoundError
from bigloop.dashboard.pages.desk import Desk
from bigloop.db import Store


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(Context.of(store, tmp_path, local="ann"))


def test_an_answer_is_computed_once_for_all_who_wait(desk: Desk) -> None:
    asked, go, calls = threading.Barrier(4), threading.Event(), []

    def make() -> int:
        calls.append(1)
        assert go.wait(30)
        return 7

    def ask() -> int:
        asked.wait(30)
        return desk.kept(("slow",), make)

    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(ask) for _ in range(3)]
        asked.wait(30)
        go.set()
        assert [a.result() for a in answers] == [7, 7, 7]
    assert len(calls) == 1


def test_an_answer_that_failed_is_asked_for_again(desk: Desk) -> None:
    def broken() -> int:
        raise NotFoundError("not now")

    with pytest.raises(NotFoundError):
        desk.kept(("k",), broken)
    assert desk.kept(("k",), lambda: 3) == 3


def test_the_oldest_answers_are_thrown_away(desk: Desk) -> None:
    for number in range(201):
        assert desk.kept((str(number),), lambda n=number: n) == number  # type: ignore[misc]
    assert desk.kept(("200",), lambda: -1) == 200
    assert desk.kept(("0",), lambda: -1) == -1


def test_the_agent_is_kept_and_what_does_not_exist_is_named(desk: Desk) -> None:
    assert desk.agent("demo")[0] is desk.agent("demo")[0]
    assert desk.stock("demo") is None
    with pytest.raises(NotFoundError, match="there are demo"):
        desk.info("nope")
