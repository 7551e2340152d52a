"""The feed: events in order, and how far each consumer has read."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from bigloop.contracts import ConflictError, Event
from bigloop.db.rows import event_of
from bigloop.db.session import Session
from bigloop.db.tables import chain, cursors, events

_PAGE = 1000


class Feed(Session):
    """The part of the store that is outbox, audit log and live feed in one."""

    def events(
        self, after: int = 0, campaign: str | None = None, limit: int = 1000
    ) -> list[Event]:
        """Events that follow number `after`, in order."""
        query = sa.select(events).where(events.c.seq > after)
        if campaign is not None:
            query = query.where(events.c.campaign == campaign)
        with self._read() as conn:
            rows = conn.execute(query.order_by(events.c.seq).limit(limit))
            return [event_of(row) for row in rows]

    def every_event(
        self, campaign: str | None = None, after: int = 0
    ) -> Iterator[Event]:
        """All events that follow number `after`, in order, page by page."""
        while page := self.events(after, campaign, _PAGE):
            yield from page
            after = page[-1].seq

    def last_seq(self) -> int:
        """Number of the last event; 0 in an empty store."""
        with self._read() as conn:
            return conn.scalar(sa.select(chain.c.seq)) or 0

    def cursor(self, consumer: str) -> int:
        """The last event that a consumer has dealt with; 0 at first."""
        with self._read() as conn:
            return conn.scalar(_cursor(consumer)) or 0

    def advance(self, consumer: str, seq: int) -> int:
        """Note that a consumer has dealt with the events up to `seq`; where it stands.

        A cursor never goes back. It is a bookmark, not an event.

        Raises:
            ConflictError: there is no such event yet.
        """
        with self._write(consumer) as tx:
            if seq > tx.seq:
                raise ConflictError(f"event {seq} does not exist; the last is {tx.seq}")
            there = tx.conn.scalar(_cursor(consumer))
            if there is None:
                row = {"consumer": consumer, "seq": seq}
                tx.conn.execute(sa.insert(cursors), [row])
            elif seq > there:
                mine = cursors.c.consumer == consumer
                tx.conn.execute(sa.update(cursors).where(mine).values(seq=seq))
            return max(seq, there or 0)


def _cursor(consumer: str) -> sa.Select[int]:
    return sa.select(cursors.c.seq).where(cursors.c.consumer == consumer)
