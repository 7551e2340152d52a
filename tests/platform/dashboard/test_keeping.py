"""What is kept is made once, is never another key's, and never old."""

from __future__ import annotations

import re
import threading

from fastapi.testclient import TestClient

from bigloop.contracts import TrialState
from bigloop.dashboard.keeping import Kept
from bigloop.db import Store


def test_who_comes_while_it_is_made_waits_for_it() -> None:
    kept: Kept[int] = Kept(2)
    made: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def make() -> int:
        begun.set()
        go_on.wait(10)
        made.append(1)
        return 7

    found: list[int] = []
    askers = [
        threading.Thread(target=lambda: found.append(kept.get(("a",), make)))
        for _ in range(5)
    ]
    for asker in askers:
        asker.start()
    assert begun.wait(10)
    go_on.set()
    for asker in askers:
        asker.join(10)
    assert (found, made) == ([7] * 5, [1])


def test_the_oldest_goes() -> None:
    kept: Kept[str] = Kept(2)
    for key in ("a", "b", "a", "c"):
        kept.get((key,), lambda key=key: key)  # type: ignore[misc]
    assert kept.get(("a",), lambda: "again") == "a"
    assert kept.get(("b",), lambda: "again") == "again"


def test_a_new_result_is_on_the_charts_at_once(
    client: TestClient, store: Store, waiting: str
) -> None:
    def ns(page: str) -> list[str]:
        text = client.get(f"/c/demo/{page}").text
        return re.findall(r"<figcaption>[^<]*n = (\d+) (?:designs|specimens)", text)

    before = ns("space") + ns("learning")
    assert before == ns("space") + ns("learning")
    store.approve(waiting, "ann", "")
    claim = store.take("worker", campaign="demo")
    assert claim is not None
    old = next(
        t
        for t in store.trials("demo", [TrialState.COMPLETED])
        if t.proposal.source == "full"
    )
    assert old.outcome is not None
    outcome = old.outcome.model_copy(update={"specimen": "new"})
    store.complete(claim, outcome)
    after = ns("space") + ns("learning")
    assert int(after[0]) == int(before[0]) + 1
    assert after != before
    assert len(after) == len(before)
