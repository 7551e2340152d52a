"""Messages to a receiver that is real on the wire, and is away at times."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from bigloop.api.webhooks import LONGEST_S, SIGNATURE, Webhooks, is_genuine
from bigloop.config import Webhook
from bigloop.contracts import Trial
from bigloop.db import Store

SECRET = "sixteen characters"


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is told; answers with `code`."""

    code: ClassVar[int] = 200
    told: ClassVar[list[tuple[dict[str, Any], bool]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mine = is_genuine(SECRET, body, self.headers[SIGNATURE], time.time())
        if self.code == 200:
            self.told.append((json.loads(body), mine))
        self.send_response(self.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *said: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Receiver.code, Receiver.told = 200, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/told"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def hooks(store: Store, url: str, said: list[str]) -> Iterator[Webhooks]:
    hook = Webhook.model_validate({"url": url, "secret": SECRET})
    found = Webhooks(store, [hook], note=said.append)
    yield found
    found.http.close()


def test_each_event_from_now_on_is_told_once_in_order_and_signed(
    hooks: Webhooks, store: Store, waiting: Trial
) -> None:
    start = store.last_seq()
    for n in range(1, 5):
        store.rank(waiting.id, n, "ann")
    assert hooks.deliver(0.0) == 4
    assert hooks.deliver(0.0) == 0
    assert [event["seq"] for event, _ in Receiver.told] == [
        start + n for n in range(1, 5)
    ]
    assert all(mine for _, mine in Receiver.told)
    first = Receiver.told[0][0]
    assert (first["kind"], first["actor"], first["subject"]) == (
        "trial.ranked",
        "ann",
        waiting.id,
    )
    assert "data" not in first


def test_a_receiver_that_is_away_is_told_later_and_less_often(
    hooks: Webhooks, store: Store, waiting: Trial, said: list[str]
) -> None:
    Receiver.code = 500
    store.rank(waiting.id, 1, "ann")
    now, waits = 0.0, []
    for _ in range(12):
        assert hooks.deliver(now) == 0
        state = hooks._states[0]
        waits.append(state.due - now)
        assert hooks.deliver(state.due - 0.001) == 0
        now = state.due
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(waits) == LONGEST_S
    assert len(said) == 1
    Receiver.code = 200
    assert hooks.deliver(now) == 1
    assert said[-1].endswith("back again")


def test_where_it_stood_survives_a_restart(
    hooks: Webhooks, store: Store, waiting: Trial, url: str
) -> None:
    store.rank(waiting.id, 1, "ann")
    hook = Webhook.model_validate({"url": url, "secret": SECRET})
    again = Webhooks(store, [hook])
    assert again.deliver(0.0) == 1
    assert hooks.deliver(0.0) == 0
    again.http.close()


def test_only_what_is_wanted_is_told(store: Store, waiting: Trial, url: str) -> None:
    wanted = {"url": url, "secret": SECRET, "kinds": ["campaign.", "trial.held"]}
    hooks = Webhooks(store, [Webhook.model_validate(wanted)])
    store.rank(waiting.id, 1, "ann")
    store.hold(waiting.id, "ann", "so")
    store.set_status("demo", "paused", "lunch", "ann")
    assert hooks.deliver(0.0) == 2
    kinds = [event["kind"] for event, _ in Receiver.told]
    assert kinds == ["trial.held", "campaign.status"]
    assert store.cursor(hooks._states[0].consumer) == store.last_seq()
    hooks.http.close()


def test_a_redirect_is_not_followed(
    hooks: Webhooks, store: Store, waiting: Trial
) -> None:
    Receiver.code = 302
    store.rank(waiting.id, 1, "ann")
    assert hooks.deliver(0.0) == 0


@pytest.mark.parametrize(
    "header", ["", "t=,v1=", "t=1,v1=00", "v1=abc", "t=9999999999,v1=00"]
)
def test_what_is_not_ours(header: str) -> None:
    assert not is_genuine(SECRET, b"{}", header, time.time())


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Webhook.model_validate({"url": "http://x.example", "secret": "short"})
