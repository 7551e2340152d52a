"""How the events about people and their tokens become rows; no secret is in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from bigloop.contracts import Event
from bigloop.db.tables import people, tokens


def _added(conn: sa.Connection, event: Event) -> None:
    row = {
        "name": event.subject,
        "role": event.data["role"],
        "origin": event.data["origin"],
        "created_at": event.at,
        "first_seq": event.seq,
    }
    conn.execute(sa.insert(people), [row])


def _role(conn: sa.Connection, event: Event) -> None:
    mine = sa.update(people).where(people.c.name == event.subject)
    conn.execute(mine.values(role=event.data["role"]))


def _removed(conn: sa.Connection, event: Event) -> None:
    conn.execute(sa.delete(people).where(people.c.name == event.subject))
    theirs = sa.update(tokens).where(
        tokens.c.person == event.subject, tokens.c.revoked_at.is_(None)
    )
    conn.execute(theirs.values(revoked_at=event.at))


def _password(conn: sa.Connection, event: Event) -> None:
    """Says that it was changed; the hash is not derived from events."""


def _token_made(conn: sa.Connection, event: Event) -> None:
    data = event.data
    until = data["expires_at"]
    row = {
        "id": event.subject,
        "person": data["person"],
        "role": data["role"],
        "label": data["label"],
        "created_at": event.at,
        "expires_at": None if until is None else datetime.fromisoformat(until),
        "revoked_at": None,
        "first_seq": event.seq,
    }
    conn.execute(sa.insert(tokens), [row])


def _token_revoked(conn: sa.Connection, event: Event) -> None:
    mine = sa.update(tokens).where(tokens.c.id == event.subject)
    conn.execute(mine.values(revoked_at=event.at))


HANDLERS: dict[str, Callable[[sa.Connection, Event], None]] = {
    "person.added": _added,
    "person.role": _role,
    "person.removed": _removed,
    "person.password": _password,
    "token.made": _token_made,
    "token.revoked": _token_revoked,
}
