"""The live feed of a real server that is killed again and again: no gap."""

from __future__ import annotations

import re
import signal
import threading
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest

from bigloop.contracts import Trial
from bigloop.db import Store


class Listener(threading.Thread):
    """What a browser's EventSource does: listen, and resume after its last number."""

    def __init__(self, port: int, after: int) -> None:
        super().__init__()
        self.url = f"http://127.0.0.1:{port}/api/v1/feed?after={after}"
        self.seen: list[int] = []
        self.end = threading.Event()
        self.is_up = threading.Event()

    def run(self) -> None:
        # One client: each new one reads all certificates of the machine.
        with httpx.Client(timeout=20, verify=False) as http:
            while not self.end.is_set():
                with suppress(httpx.HTTPError):
                    self.listen(http)
                self.is_up.clear()
                self.end.wait(0.1)

    def listen(self, http: httpx.Client) -> None:
        last = {"Last-Event-ID": str(self.seen[-1])} if self.seen else {}
        with http.stream("GET", self.url, headers=last) as answer:
            self.is_up.set()
            for line in answer.iter_lines():
                if match := re.fullmatch(r"id: (\d+)", line):
                    self.seen.append(int(match[1]))
                if self.end.is_set():
                    return


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_no_client_misses_an_event_when_the_server_is_killed(
    server: Any, store: Store, waiting: Trial, kills: int
) -> None:
    start = store.last_seq()
    listeners = [Listener(server.port, start) for _ in range(10)]
    for listener in listeners:
        listener.start()
    back: list[float] = []
    try:
        for round_ in range(kills):
            for listener in listeners:
                assert listener.is_up.wait(60)
            for n in range(20):
                store.rank(waiting.id, 1 + n + 100 * round_, "ann")
                if n == 10:
                    server.kill()
            began = time.monotonic()
            server.start()
            for listener in listeners:
                assert listener.is_up.wait(60)
            back.append(time.monotonic() - began)
        last = store.rank(waiting.id, 0, "ann").version
        assert last == start + 20 * kills + 1
        deadline = time.monotonic() + 60
        while any(listener.seen[-1:] != [last] for listener in listeners):
            assert time.monotonic() < deadline
            listeners[0].end.wait(0.01)
    finally:
        for listener in listeners:
            listener.end.set()
        store.rank(waiting.id, 7, "ann")
        for listener in listeners:
            listener.join(30)
    for listener in listeners:
        assert listener.seen[: last - start] == list(range(start + 1, last + 1))
    print(f"{kills} kills: live again after {max(back):.2f} s at most")


def test_a_new_client_begins_with_the_next_event(
    server: Any, store: Store, waiting: Trial
) -> None:
    before = store.last_seq()
    url = f"http://127.0.0.1:{server.port}/api/v1/feed"
    with httpx.stream("GET", url, timeout=20) as answer:
        lines: Any = answer.iter_lines()
        assert next(lines) == "retry: 500"
        store.rank(waiting.id, 3, "ann")
        said = [next(line for line in lines if line.startswith("id: "))]
    assert said == [f"id: {before + 1}"]


def test_a_server_ends_in_good_order(server: Any) -> None:
    assert httpx.get(f"http://127.0.0.1:{server.port}/healthz").json() == {
        "status": "ok"
    }
    server.kill(signal.SIGINT)
    assert server.process.returncode in (0, 130)
