"""One write: events and what they do to the tables, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import (
    ChangedError,
    ConflictError,
    SpecError,
    TrialState,
    canonical_json,
    content_hash,
)
from bigloop.db.chain import linked
from bigloop.db.prepared import Prepared
from bigloop.db.projection import apply
from bigloop.db.rows import Row
from bigloop.db.tables import chain, events, keys

# Statements of the hot path are built once: building costs more than running.
_APPEND = Prepared(sa.insert(events))
_ADVANCE = Prepared(sa.update(chain))


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """An operation under an idempotency key."""

    key: str
    content: str
    """Hash of operation and arguments: the same key must mean the same."""

    @classmethod
    def of(cls, key: str | None, operation: str, *content: Any) -> Once | None:
        """None when the caller gave no key."""
        if key is None:
            return None
        return cls(key=key, content=content_hash([operation, *content]))


@dataclass(slots=True, kw_only=True)
class Transaction:
    """Holds the head of the chain until it commits; its events share one moment."""

    conn: sa.Connection
    actor: str
    """In whose name the next events are."""
    at: datetime
    seq: int
    hash: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Events to be written."""

    def append(
        self,
        kind: str,
        campaign: str,
        subject: str,
        data: dict[str, Any],
        once: Once | None = None,
    ) -> Row | None:
        """Append an event and apply it; the row of the trial that it changes.

        Raises:
            ConflictError: the state does not allow it.
            SpecError: the data cannot be written down as JSON.
        """
        if once is not None:
            data = {**data, "once": {"key": once.key, "content": once.content}}
        text = _text(data)
        event = linked(
            seq=self.seq + 1,
            previous=self.hash,
            at=self.at,
            kind=kind,
            campaign=campaign,
            actor=self.actor,
            subject=subject,
            data=text,
        )
        self.rows.append({**vars(event), "data": text})
        self.seq, self.hash = event.seq, event.hash
        return apply(self.conn, event)

    def move(
        self,
        kind: str,
        campaign: str,
        trial: str,
        data: dict[str, Any],
        once: Once | None = None,
    ) -> Row:
        """Append an event that changes a trial; its row as it stands then.

        Raises:
            ConflictError: the state does not allow it.
            SpecError: the data cannot be written down as JSON.
        """
        row = self.append(kind, campaign, trial, data, once)
        assert row is not None, f"{kind} changes a trial"
        return row

    def finish(self) -> None:
        """Write the events and move the head to the last; ends every transaction."""
        _APPEND.run_each(self.conn, self.rows)
        _ADVANCE.run(self.conn, {"seq": self.seq, "hash": self.hash})

    def earlier(self, once: Once | None) -> str | None:
        """Subject of the event that was made under this key; none: it is new.

        Raises:
            ConflictError: the key was used for something else.
        """
        if once is None:
            return None
        row = self.conn.execute(sa.select(keys).where(keys.c.key == once.key)).first()
        if row is None:
            return None
        if row.content != once.content:
            raise ConflictError(
                f"idempotency key {once.key!r} was used for another content (event "
                f"{row.seq}); use a new key for a new request"
            )
        subject = sa.select(events.c.subject).where(events.c.seq == row.seq)
        return str(self.conn.scalar(subject))


def _text(data: dict[str, Any]) -> str:
    try:
        text = canonical_json(data)
        text.encode()
    except (ValueError, TypeError) as error:
        raise SpecError(
            f"this cannot be written down as JSON ({error}); remove NaN, infinity and "
            "values that are not numbers or text"
        ) from None
    return text


def require(what: str, text: str) -> str:
    """A text that must say something.

    Raises:
        SpecError: it is empty.
    """
    if not text.strip():
        raise SpecError(f"{what} is empty; write it, the audit log keeps it")
    return text


def allow(trial: str, state: TrialState, operation: str, *starts: TrialState) -> None:
    """Refuse an operation that does not begin in this state.

    Raises:
        ConflictError: naming the state and where the operation is possible.
    """
    if state not in starts:
        raise ConflictError(
            f"trial {trial} is {state}; {operation} is possible for a trial that is "
            f"{' or '.join(starts)}"
        )


def unchanged(row: Row, version: int | None) -> None:
    """Refuse to decide on a trial that is no longer what the person saw.

    Args:
        row: of the trial.
        version: number of the last event that the person knew of; none: any.

    Raises:
        ChangedError: it has changed since.
    """
    if version is not None and row.last_seq != version:
        raise ChangedError(
            f"trial {row.id} has changed (event {row.last_seq}, not {version}) and is "
            f"{row.state}; look at it again, then decide"
        )
