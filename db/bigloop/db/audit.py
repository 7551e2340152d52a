"""Verifying a store: is the chain whole, and are the tables what it says?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from bigloop.contracts import BigloopError, Event
from bigloop.db.chain import event_hash
from bigloop.db.projection import apply
from bigloop.db.records import Problem, VerifyReport
from bigloop.db.rows import event_of
from bigloop.db.session import Session
from bigloop.db.tables import DERIVED, chain, events, metadata

_BATCH = 1000


class Audit(Session):
    """The part of the store that checks the store."""

    def verify(self, limit: int = 20) -> VerifyReport:
        """Check every hash and number, replay all events, and compare row by row.

        Reads one moment of the store and replays in memory; writers go on meanwhile.
        """
        replay = sa.create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(replay)
        with self._read() as live, replay.connect() as copy:
            problems = list(_replayed(live, copy))
            n_rows = 0
            for table in DERIVED:
                theirs, ours = _content(live, table), _content(copy, table)
                n_rows += len(theirs)
                problems += _differences(table, theirs, ours)
            n_events = live.scalar(sa.select(sa.func.count()).select_from(events)) or 0
        replay.dispose()
        return VerifyReport(
            events=n_events,
            rows=n_rows,
            problems=tuple(problems[:limit]),
            n_problems=len(problems),
        )


def _replayed(live: sa.Connection, copy: sa.Connection) -> Iterator[Problem]:
    seq, hash_, is_whole = 0, "", True
    for event in _all_events(live):
        for what in _chain_faults(event, seq, hash_):
            yield Problem(seq=event.seq, where="chain", what=what)
        seq, hash_ = event.seq, event.hash
        if not is_whole:
            continue
        try:
            apply(copy, event)
        except (BigloopError, sa.exc.SQLAlchemyError, LookupError, ValueError) as error:
            # What follows builds on it; the comparison shows how far it reaches.
            is_whole = False
            what = f"{event.kind} does not apply: {str(error).splitlines()[0]}"
            yield Problem(seq=event.seq, where="replay", what=what)
    head = live.execute(sa.select(chain.c.seq, chain.c.hash)).all()
    if [tuple(row) for row in head] != [(seq, hash_)]:
        what = f"the head is not event {seq}, the last one; events are missing"
        yield Problem(seq=seq, where="chain", what=what)


def _all_events(conn: sa.Connection) -> Iterator[Event]:
    after: int | None = None
    while True:
        query = sa.select(events).order_by(events.c.seq).limit(_BATCH)
        if after is not None:
            query = query.where(events.c.seq > after)
        rows = conn.execute(query).all()
        if not rows:
            return
        yield from (event_of(row) for row in rows)
        after = rows[-1].seq


def _chain_faults(event: Event, seq: int, hash_: str) -> Iterator[str]:
    if event.seq != seq + 1:
        yield f"follows event {seq}; those between are missing"
    if event.previous != hash_:
        yield "does not carry the hash of the event before it"
    if event_hash(event) != event.hash:
        yield "its content is not what its hash says: it was changed"


def _content(
    conn: sa.Connection, table: sa.Table
) -> dict[tuple[Any, ...], dict[str, Any]]:
    keys = [column.name for column in table.primary_key]
    rows = conn.execute(sa.select(table)).mappings()
    return {tuple(row[key] for key in keys): dict(row) for row in rows}


def _differences(
    table: sa.Table,
    theirs: dict[tuple[Any, ...], dict[str, Any]],
    ours: dict[tuple[Any, ...], dict[str, Any]],
) -> Iterator[Problem]:
    for key in sorted({*theirs, *ours}, key=str):
        is_row, should = theirs.get(key), ours.get(key)
        if is_row == should:
            continue
        seq = (is_row or should or {}).get("last_seq")
        where = f"{table.name} {'/'.join(str(part) for part in key)}"
        yield Problem(seq=seq, where=where, what=_difference(is_row, should))


def _difference(is_row: dict[str, Any] | None, should: dict[str, Any] | None) -> str:
    if is_row is None:
        return "the row is missing"
    if should is None:
        return "no event made this row"
    parts = [
        f"{name} is {_short(is_row[name])}, should be {_short(should[name])}"
        for name in is_row
        if is_row[name] != should[name]
    ]
    return "; ".join(parts)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
