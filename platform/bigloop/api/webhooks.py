"""Telling other programs of events: signed, in order, at least once.

The events of the store are the outbox; a cursor in the store says how far each
receiver has been told. A message says what changed and not what it is: who wants to
know asks the API, with a token of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import httpx

from bigloop.config import Webhook
from bigloop.contracts import Event, StoreError
from bigloop.db import Store

SIGNATURE = "X-Bigloop-Signature"
LOOK_S = 0.5
"""How often the store is looked at for new events [s]."""
FIRST_S, LONGEST_S = 1.0, 300.0
"""How long to wait after the first failure, and at most; twice as long each time."""
_PAGE = 200


def signature(secret: str, body: bytes, at: int) -> str:
    """`t=TIME,v1=HMAC`: SHA-256 over the time, a dot and the body.

    The time is signed, so that a receiver can refuse what is sent again much later.
    """
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def is_genuine(
    secret: str, body: bytes, header: str, now: float, within_s: float = 300.0
) -> bool:
    """Whether a message is ours and of late; for receivers in Python."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    at = parts.get("t", "")
    if not at.isdigit() or abs(now - int(at)) > within_s:
        return False
    return hmac.compare_digest(signature(secret, body, int(at)), header)


@dataclass(slots=True)
class _State:
    hook: Webhook
    wait_s: float = 0.0
    due: float = 0.0

    @property
    def consumer(self) -> str:
        digest = hashlib.sha256(str(self.hook.url).encode()).hexdigest()
        return f"webhook:{digest[:16]}"


class Webhooks:
    """Tells every receiver of every event, each at its own pace.

    A receiver that is new is told of what happens from now on.

    Args:
        store: whose events are told.
        hooks: who is told.
        http: sends the messages; redirects are not followed.
        note: told when a receiver is away, and when it is back.
    """

    def __init__(
        self,
        store: Store,
        hooks: Sequence[Webhook],
        http: httpx.Client | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.store, self.note = store, note
        self.http = http or httpx.Client(timeout=10)
        self._states = [_State(hook) for hook in hooks]
        for state in self._states:
            if store.cursor(state.consumer) == 0:
                store.advance(state.consumer, store.last_seq())

    def run(self, stop: threading.Event) -> None:
        """Deliver until stopped; a store that cannot be reached is asked again."""
        while not stop.is_set():
            with suppress(StoreError):
                self.deliver(time.monotonic())
            stop.wait(LOOK_S)
        self.http.close()

    def deliver(self, now: float) -> int:
        """Send what is due; how many messages arrived.

        Args:
            now: a clock that only goes on [s].
        """
        return sum(self._deliver(state, now) for state in self._states)

    def _deliver(self, state: _State, now: float) -> int:
        if now < state.due:
            return 0
        n, told = 0, self.store.cursor(state.consumer)
        for event in self.store.events(told, limit=_PAGE):
            if self._is_wanted(state.hook, event):
                if problem := self._send(state.hook, event):
                    self._put_off(state, now, problem)
                    break
                n += 1
            told = event.seq
            if n:
                self._came_back(state)
            if self._is_wanted(state.hook, event):
                self.store.advance(state.consumer, told)
        if told > self.store.cursor(state.consumer):
            self.store.advance(state.consumer, told)
        return n

    def _send(self, hook: Webhook, event: Event) -> str:
        """Send one message; what was wrong, or nothing."""
        said = event.model_dump(mode="json", exclude={"data", "previous", "hash"})
        body = json.dumps(said, sort_keys=True, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "bigloop",
            "X-Bigloop-Event": str(event.seq),
            SIGNATURE: signature(
                hook.secret.get_secret_value(), body, int(time.time())
            ),
        }
        try:
            answer = self.http.post(str(hook.url), content=body, headers=headers)
        except httpx.HTTPError as error:
            return type(error).__name__
        return "" if answer.is_success else f"HTTP {answer.status_code}"

    def _put_off(self, state: _State, now: float, problem: str) -> None:
        if not state.wait_s:
            self.note(
                f"webhook {state.hook.url}: {problem}; told later, nothing is lost"
            )
        state.wait_s = min(max(FIRST_S, 2 * state.wait_s), LONGEST_S)
        state.due = now + state.wait_s

    def _came_back(self, state: _State) -> None:
        if state.wait_s:
            self.note(f"webhook {state.hook.url}: back again")
        state.wait_s = 0.0

    @staticmethod
    def _is_wanted(hook: Webhook, event: Event) -> bool:
        return not hook.kinds or event.kind.startswith(hook.kinds)
