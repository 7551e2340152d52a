"""What every part of the store stands on: reading a moment, writing in turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import Campaign, NotFoundError, Trial, TrialState
from bigloop.db.chain import lock_head
from bigloop.db.engine import Connections, reading, writing
from bigloop.db.faults import told
from bigloop.db.prepared import Prepared
from bigloop.db.rows import Row, trial_of
from bigloop.db.tables import campaigns, revisions, trials
from bigloop.db.transaction import Transaction, require

Clock = Callable[[], datetime]

_SHORTEST_PREFIX = 4
# A trial, and the revision of its campaign's specification.
_TRIALS = sa.select(trials, campaigns.c.revision).join(campaigns)
_TRIAL = Prepared(_TRIALS.where(trials.c.id == sa.bindparam("trial")))
_CAMPAIGN = Prepared(
    sa.select(
        campaigns,
        sa.select(sa.func.max(trials.c.number))
        .where(trials.c.campaign == campaigns.c.name)
        .scalar_subquery()
        .label("last"),
    ).where(campaigns.c.name == sa.bindparam("whose"))
)


class Session:
    """Connections, the clock, and the look-ups that several parts need.

    Safe for threads: every call has its own connection, and writers of one process
    queue at a lock, those of several at the head of the chain.
    """

    def __init__(self, connections: Connections, clock: Clock) -> None:
        self._connections = connections
        self._engine = connections.engine
        self._clock = clock
        # SQLite's own waiting is a poll that lets late-comers in first.
        self._turn = threading.Lock()
        self._specs: dict[tuple[str, int], Campaign] = {}

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        """A connection that sees one moment of the store throughout."""
        with told(self._engine.url), reading(self._connections) as conn:
            yield conn

    @contextmanager
    def _glance(self) -> Iterator[sa.Connection]:
        """A connection for one statement, which sees one moment by itself."""
        with told(self._engine.url), self._connections.one() as conn:
            yield conn

    @contextmanager
    def _write(self, actor: str, at: datetime | None = None) -> Iterator[Transaction]:
        """A transaction that holds the head of the chain."""
        require("actor", actor)
        with told(self._engine.url), self._turn, writing(self._connections) as conn:
            seq, hash_ = lock_head(conn)
            # After the lock: time does not run backwards along the chain.
            now = at or self._clock()
            tx = Transaction(conn=conn, actor=actor, at=now, seq=seq, hash=hash_)
            yield tx
            if tx.seq != seq:
                tx.finish()

    def _spec(self, conn: sa.Connection, name: str) -> Campaign:
        """The present revision of a campaign."""
        return self._spec_of(conn, self._campaign_row(conn, name))

    def _spec_of(self, conn: sa.Connection, row: Row) -> Campaign:
        """The revision that a row of `campaigns` names."""
        return self._revision(conn, row.name, row.revision)

    def _revision(self, conn: sa.Connection, name: str, number: int) -> Campaign:
        """A revision of a campaign; parsed once: none changes."""
        key = (name, number)
        if key not in self._specs:
            text = conn.scalar(
                sa.select(revisions.c.spec).where(
                    revisions.c.campaign == name,
                    revisions.c.revision == number,
                )
            )
            self._specs[key] = Campaign.model_validate_json(text or "")
        return self._specs[key]

    def _campaign_row(self, conn: sa.Connection, name: str) -> Row:
        """Its row, and the `last` number of its trials: none before the first."""
        row = _CAMPAIGN.first(conn, {"whose": name})
        if row is None:
            names = conn.scalars(sa.select(campaigns.c.name)).all()
            raise NotFoundError(
                f"campaign {name!r} does not exist; there are "
                f"{', '.join(sorted(names)) or 'none: add one first'}"
            )
        return row

    def _trial_row(self, conn: sa.Connection, trial: str) -> Row:
        """The row of a trial, by its id or a prefix of it; with its `revision`."""
        row = _TRIAL.first(conn, {"trial": trial})
        if row is not None:
            return row
        found: list[Row] = []
        if len(trial) >= _SHORTEST_PREFIX:
            # A range uses the index where LIKE would not; ids are hexadecimal.
            within = _TRIALS.where(trials.c.id.between(trial, trial + "g"))
            rows = conn.execute(within.order_by(trials.c.first_seq))
            found = [row for row in rows if row.id.startswith(trial)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(row.id for row in found[:10])
            raise NotFoundError(f"trial {trial!r} is ambiguous; write more of: {shown}")
        raise NotFoundError(
            f"trial {trial!r} does not exist; give an id, or at least "
            f"{_SHORTEST_PREFIX} of its first digits{self._some(conn)}"
        )

    @staticmethod
    def _some(conn: sa.Connection) -> str:
        latest = sa.select(trials.c.id).order_by(trials.c.first_seq.desc()).limit(3)
        ids = conn.scalars(latest).all()
        return f"; the latest are {', '.join(ids)}" if ids else ""

    def _trial(self, conn: sa.Connection, trial: str) -> Trial:
        return trial_of(self._trial_row(conn, trial))

    def _move(self, tx: Transaction, row: Row, to: TrialState, **data: Any) -> Row:
        """Move a trial from where its row stands; the row as it stands then."""
        once = data.pop("once", None)
        data = {"from": row.state, **data}
        return tx.move(f"trial.{to}", row.campaign, row.id, data, once)
