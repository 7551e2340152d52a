"""The chain of events: one head, no gap, each event hashed with the one before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import Event, StoreError, content_hash
from bigloop.db.tables import chain


def event_hash(event: Event) -> str:
    """SHA-256 over everything that an event says, and the hash before it."""
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    return content_hash(
        {
            "seq": event.seq,
            "at": at,
            "kind": event.kind,
            "campaign": event.campaign,
            "actor": event.actor,
            "subject": event.subject,
            "data": event.data,
            "previous": event.previous,
        }
    )


def linked(
    *,
    seq: int,
    previous: str,
    at: datetime,
    kind: str,
    campaign: str,
    actor: str,
    subject: str,
    data: dict[str, Any],
) -> Event:
    """A new event that follows `previous`."""
    event = Event(
        seq=seq,
        at=at,
        kind=kind,
        campaign=campaign,
        actor=actor,
        subject=subject,
        data=data,
        previous=previous,
        hash="",
    )
    return event.model_copy(update={"hash": event_hash(event)})


_HEAD = sa.select(chain.c.seq, chain.c.hash).with_for_update()


def lock_head(conn: sa.Connection) -> tuple[int, str]:
    """Number and hash of the last event; other writers wait until we commit."""
    row = conn.execute(_HEAD).first()
    if row is None:
        raise StoreError("the chain has lost its head; restore the last backup")
    return row.seq, row.hash
