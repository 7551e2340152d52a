"""What has been read of a campaign, kept and brought up to date by what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from bigloop.contracts import Account, Observation, Trial, TrialState
from bigloop.db import ledger
from bigloop.db.prepared import Prepared
from bigloop.db.records import Moment, grouped
from bigloop.db.rows import Row, observation_of, trial_of
from bigloop.db.tables import campaigns, chain, events, observations, trials

# Statements of the hot path are built once: building costs more than running.
_HEAD = Prepared(
    sa.select(
        chain.c.seq,
        sa.select(sa.func.coalesce(sa.func.max(observations.c.id), 0))
        .scalar_subquery()
        .label("observation"),
        campaigns,
    ).join_from(
        chain, campaigns, campaigns.c.name == sa.bindparam("whose"), isouter=True
    )
)


def _of(table: sa.Table) -> sa.ColumnElement[bool]:
    """Of the campaign, but not by its index: that leads to all there ever were."""
    return table.c.campaign + "" == sa.bindparam("whose")


_MOVED = sa.select(events.c.subject).where(events.c.seq > sa.bindparam("after"))
_CHANGED = Prepared(
    sa.select(trials)
    .where(trials.c.id.in_(_MOVED), _of(trials))
    .order_by(trials.c.number)
)
_ALL = Prepared(
    sa.select(trials)
    .where(trials.c.campaign == sa.bindparam("whose"))
    .order_by(trials.c.number)
)
_ADDED = Prepared(
    sa.select(observations)
    .where(observations.c.id > sa.bindparam("after"), _of(observations))
    .order_by(observations.c.id)
)


@dataclass(slots=True)
class Memory:
    """Parsed trials and observations of one campaign, its row and its accounts.

    A loop reads its campaign at every step; of 10,000 trials, one or two have changed.
    Events commit in order of their number, so that what changed is what has a higher
    one than was seen; observations are only ever added; while the head of the chain
    stands where it stood, nothing has changed at all.
    """

    campaign: str
    row: Row | None = None
    """Of `campaigns`; none when there is no such campaign."""
    trials: dict[int, Trial] = field(default_factory=dict)
    """By number, in order."""
    observations: list[Observation] = field(default_factory=list)
    by_trial: dict[str | None, tuple[Observation, ...]] = field(default_factory=dict)
    """Those that count; a new one whenever one came."""
    accounts: dict[str, Account] = field(default_factory=dict)
    states: Counter[TrialState] = field(default_factory=Counter)
    """How many trials are in each state."""
    head: int = -1
    """Number of the last event that was read."""
    observation: int = 0
    """That of the last observation, of whichever campaign."""
    moment: Moment | None = None
    """What was made of all this since it last changed."""

    def refresh(self, conn: sa.Connection) -> bool:
        """Read what is new, and whether there was any.

        A transaction sees at least what it began with.
        """
        whose = {"whose": self.campaign}
        head = _HEAD.all(conn, whose)[0]
        if head.seq == self.head:
            return False
        before = self._standing()
        self.row = None if head.name is None else head
        if self.head < 0:
            moved = _ALL.all(conn, whose)
        else:
            moved = _CHANGED.all(conn, {**whose, "after": self.head})
        for row in moved:
            self._move(trial_of(row))
        if head.observation > self.observation:
            self._add(_ADDED.all(conn, {**whose, "after": self.observation}))
        self.observation = head.observation
        self.accounts = ledger.read(conn, self.campaign)
        self.head = head.seq
        return bool(moved) or before != self._standing()

    def _move(self, trial: Trial) -> None:
        number = trial.proposal.number
        if number in self.trials:
            self.states[self.trials[number].state] -= 1
        self.states[trial.state] += 1
        self.trials[number] = trial

    def _add(self, rows: Sequence[Row]) -> None:
        new = [observation_of(row) for row in rows]
        self.observations += new
        self.by_trial = grouped(new, self.by_trial)

    def _standing(self) -> tuple[object, ...]:
        """What tells whether anything but a trial has changed; not the head itself."""
        return (self.row and self.row[2:], self.accounts, len(self.observations))
