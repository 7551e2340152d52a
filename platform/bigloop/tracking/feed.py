"""The consumer: reads the store's events after its cursor and delivers them."""

from __future__ import annotations

import logging
from typing import Protocol

from bigloop.contracts import BigloopError, Event, ModelVersion, SourceError, parse

_PAGE = 500
_log = logging.getLogger(__name__)


class EventSource(Protocol):
    """What the feed needs of a store."""

    def events(
        self, after: int = 0, campaign: str | None = None, limit: int = 1000
    ) -> list[Event]:
        """Events that follow number `after`, in order."""
        ...

    def cursor(self, consumer: str) -> int:
        """The last event that a consumer has dealt with; 0 at first."""
        ...

    def advance(self, consumer: str, seq: int) -> object:
        """Note that a consumer has dealt with the events up to `seq`."""
        ...


class Deliverer(Protocol):
    """What takes the models: a `Tracker`."""

    def deliver(self, version: ModelVersion, event_seq: int) -> str:
        """Take a version; the same event twice has the effect of once."""
        ...

    def promote(self, campaign: str, model_id: str) -> int:
        """Take note of a new champion."""
        ...


class TrackingFeed:
    """At-least-once delivery of models, in order, to a tracker that may be away."""

    def __init__(
        self, events: EventSource, tracker: Deliverer, campaign: str | None = None
    ) -> None:
        """Nothing is read yet.

        Args:
            events: the store.
            tracker: where models go.
            campaign: the one to deliver; none: all of them.
        """
        self.events = events
        self.tracker = tracker
        self.campaign = campaign
        self.consumer = f"mlflow:{campaign}" if campaign else "mlflow"
        self.problem: SourceError | None = None
        """Why the last delivery stopped; none when it came to the end."""

    def deliver_pending(self) -> int:
        """Deliver what happened since the last time; how many events were delivered.

        Stops at the first failure, notes it in `problem` and leaves the cursor before
        it, so that the next call begins there. Never raises for a tracker that is away.
        """
        delivered, self.problem = 0, None
        after = self.events.cursor(self.consumer)
        is_last = False
        while not is_last:
            page = self.events.events(after, self.campaign, _PAGE)
            # What comes meanwhile is for the next call: a loop that writes events
            # as fast as they are read would keep this one going.
            is_last = len(page) < _PAGE
            for event in page:
                try:
                    delivered += self._take(event)
                except SourceError as error:
                    self.problem = error
                    _log.warning("%s", error)
                    self._advance(after)
                    return delivered
                after = event.seq
            self._advance(after)
        return delivered

    def _take(self, event: Event) -> bool:
        if event.kind == "model.added":
            version = _version(event)
            if version is not None:
                self.tracker.deliver(version, event.seq)
            return version is not None
        if event.kind == "model.promoted":
            self.tracker.promote(event.campaign, event.subject)
            return True
        return False

    def _advance(self, seq: int) -> None:
        if seq > self.events.cursor(self.consumer):
            self.events.advance(self.consumer, seq)


def _version(event: Event) -> ModelVersion | None:
    """The model in an event; an unreadable one must not block those behind it."""
    data = event.data.get("version", event.data.get("model", {}))
    try:
        return parse(ModelVersion, data, f"event {event.seq}")
    except BigloopError as error:
        _log.warning("no model version to deliver, passed over: %s", error)
        return None
