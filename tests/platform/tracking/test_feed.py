"""Order, cursor and failure of the consumer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bigloop.contracts import Event, ModelVersion, SourceError
from bigloop.tracking import TrackingFeed


class Events:
    """A list of events and its bookmarks: what the feed asks of a store."""

    def __init__(self, *kinds: str) -> None:
        self.list = [_event(i + 1, kind) for i, kind in enumerate(kinds)]
        self.cursors: dict[str, int] = {}

    def events(
        self, after: int = 0, campaign: str | None = None, limit: int = 1000
    ) -> list[Event]:
        wanted = [e for e in self.list if campaign in (None, e.campaign)]
        return [e for e in wanted if e.seq > after][:limit]

    def cursor(self, consumer: str) -> int:
        return self.cursors.get(consumer, 0)

    def advance(self, consumer: str, seq: int) -> None:
        assert seq <= self.list[-1].seq
        self.cursors[consumer] = seq


class Receiver:
    """A tracker that is away for some of its calls."""

    def __init__(self, *, away: set[int] | None = None) -> None:
        self.away = away or set()
        self.calls = 0
        self.got: list[tuple[str, int | str]] = []

    def deliver(self, version: ModelVersion, event_seq: int) -> str:
        self._answer()
        self.got.append(("deliver", event_seq))
        return version.id

    def promote(self, campaign: str, model_id: str) -> int:
        self._answer()
        self.got.append(("promote", model_id))
        return 1

    def _answer(self) -> None:
        self.calls += 1
        if self.calls in self.away:
            raise SourceError("MLflow is away")


def _event(seq: int, kind: str) -> Event:
    version = ModelVersion(
        id=f"m{seq}", campaign="c", model="early-life", snapshot="s", n_rows=1
    )
    data: dict[str, Any] = {"version": version.model_dump(mode="json")}
    return Event(
        seq=seq,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        kind=kind,
        campaign="c",
        actor="a",
        subject=f"m{seq}",
        data=data if kind == "model.added" else {},
        previous="",
        hash="",
    )


ADDED, PROMOTED, OTHER = "model.added", "model.promoted", "trial.proposed"


def test_delivers_models_in_order_and_passes_over_the_rest() -> None:
    events, receiver = Events(OTHER, ADDED, PROMOTED, OTHER, ADDED), Receiver()
    assert TrackingFeed(events, receiver).deliver_pending() == 3
    assert receiver.got == [("deliver", 2), ("promote", "m3"), ("deliver", 5)]
    assert events.cursor("mlflow") == 5


def test_events_that_come_meanwhile_are_left_for_the_next_call() -> None:
    """A loop that writes as fast as the feed reads would keep it busy for ever."""

    class Growing(Events):
        def advance(self, consumer: str, seq: int) -> None:
            super().advance(consumer, seq)
            self.list.append(_event(len(self.list) + 1, ADDED))

    events, receiver = Growing(ADDED), Receiver()
    feed = TrackingFeed(events, receiver)
    assert feed.deliver_pending() == 1
    assert feed.deliver_pending() == 1
    assert receiver.got == [("deliver", 1), ("deliver", 2)]


def test_nothing_is_delivered_twice() -> None:
    events, receiver = Events(ADDED, ADDED), Receiver()
    feed = TrackingFeed(events, receiver)
    assert feed.deliver_pending() == 2
    assert feed.deliver_pending() == 0
    assert receiver.calls == 2


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_stops_at_a_failure_and_goes_on_from_there(bad: int) -> None:
    events, receiver = Events(ADDED, OTHER, ADDED, PROMOTED), Receiver(away={bad})
    feed = TrackingFeed(events, receiver)
    assert feed.deliver_pending() == bad - 1
    assert "away" in str(feed.problem)
    assert feed.deliver_pending() == 4 - bad
    assert feed.problem is None
    assert receiver.got == [("deliver", 1), ("deliver", 3), ("promote", "m4")]


def test_a_second_consumer_has_its_own_cursor() -> None:
    events = Events(ADDED)
    assert TrackingFeed(events, Receiver()).deliver_pending() == 1
    assert TrackingFeed(events, Receiver(), campaign="c").deliver_pending() == 1
    assert TrackingFeed(events, Receiver(), campaign="d").deliver_pending() == 0


def test_an_unreadable_model_does_not_block_those_behind_it() -> None:
    events = Events(ADDED, ADDED)
    events.list[0] = events.list[0].model_copy(update={"data": {"version": {}}})
    receiver = Receiver()
    assert TrackingFeed(events, receiver).deliver_pending() == 1
    assert receiver.got == [("deliver", 2)]


def test_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bigloop.tracking.feed._PAGE", 2)
    events, receiver = Events(*[OTHER, ADDED] * 5), Receiver()
    assert TrackingFeed(events, receiver).deliver_pending() == 5
    assert events.cursor("mlflow") == 10
