"""The events of a campaign, read once and followed: who did what to which trial."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bigloop.contracts import Campaign, Event
from bigloop.dashboard.timeline import Timeline, Walk
from bigloop.db import Store


@dataclass(frozen=True, slots=True)
class Entry:
    """One event without its data: what a list of thousands needs."""

    seq: int
    at: datetime
    kind: str
    actor: str
    subject: str
    reason: str


class Chronicle:
    """Follows the events of one campaign; safe for threads.

    The events of 10,000 trials take seconds to read and are never changed: each is read
    once, and what is shown of it is kept.
    """

    def __init__(self, store: Store, spec: Campaign) -> None:
        self._store, self._name = store, spec.name
        self._lock = threading.Lock()
        self._walk = Walk(spec)
        self._entries: list[Entry] = []
        self._subjects: dict[str, list[Entry]] = {}
        self._seq = 0
        self._timeline: tuple[int, Timeline] | None = None

    def entries(self) -> Sequence[Entry]:
        """All events in order; the list grows, what is in it stays."""
        self._follow()
        return self._entries

    def of(self, subject: str) -> Sequence[Entry]:
        """The events of a trial or a model, in order."""
        self._follow()
        return self._subjects.get(subject, ())

    def timeline(self) -> Timeline:
        """How the campaign went up to now."""
        self._follow()
        with self._lock:
            if self._timeline is None or self._timeline[0] != self._seq:
                self._timeline = self._seq, self._walk.timeline()
            return self._timeline[1]

    def _follow(self) -> None:
        with self._lock:
            for event in self._store.every_event(self._name, self._seq):
                self._take(event)

    def _take(self, event: Event) -> None:
        self._walk.take(event)
        entry = Entry(
            event.seq,
            event.at,
            event.kind,
            event.actor,
            event.subject,
            str(event.data.get("reason") or event.data.get("note") or ""),
        )
        self._entries.append(entry)
        self._subjects.setdefault(event.subject, []).append(entry)
        self._seq = event.seq


def chosen(
    entries: Sequence[Entry], *, kind: str = "", actor: str = "", text: str = ""
) -> list[Entry]:
    """Events of a kind (or its beginning), by an actor, that mention a text.

    Args:
        entries: to choose from.
        kind: such as `trial.approved`, or `trial` for all of trials.
        actor: in whose name; exact.
        text: in the subject or the reason, letter case aside.
    """
    wanted = text.casefold()
    return [
        e
        for e in entries
        if (not kind or e.kind == kind or e.kind.startswith(f"{kind}."))
        and (not actor or e.actor == actor)
        and (not wanted or wanted in f"{e.subject} {e.reason}".casefold())
    ]
