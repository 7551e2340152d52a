"""What has been read of a campaign, kept and brought up to date by what changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from bigloop.contracts import Account, Observation, Trial
from bigloop.db import ledger
from bigloop.db.prepared import Prepared
from bigloop.db.records import Moment, grouped
from bigloop.db.rows import Row, observation_of, trial_of
from bigloop.db.tables import campaigns, chain, observations, trials

# Statements of the hot path are built once: building costs more than running.
_HEAD = Prepared(
    sa.select(chain.c.seq, campaigns).join_from(
        chain, campaigns, campaigns.c.name == sa.bindparam("whose"), isouter=True
    )
)
_CHANGED = Prepared(
    sa.select(trials)
    .where(
        trials.c.campaign == sa.bindparam("whose"),
        trials.c.last_seq > sa.bindparam("after"),
    )
    .order_by(trials.c.number)
)
_ADDED = Prepared(
    sa.select(observations)
    .where(
        observations.c.campaign == sa.bindparam("whose"),
        observations.c.id > sa.bindparam("after"),
    )
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
    head: int = -1
    """Number of the last event that was read."""
    observation: int = 0
    moment: Moment | None = None
    """What was made of all this since it last changed."""

    def refresh(self, conn: sa.Connection) -> bool:
        """Read what is new, and whether there was any.

        A transaction sees at least what it began with.
        """
        head = _HEAD.all(conn, {"whose": self.campaign})[0]
        if head.seq == self.head:
            return False
        before = self._standing()
        self.row = None if head.name is None else head
        changed = {"whose": self.campaign, "after": self.head}
        moved = _CHANGED.all(conn, changed)
        for row in moved:
            self.trials[row.number] = trial_of(row)
        added = {"whose": self.campaign, "after": self.observation}
        if new := [observation_of(row) for row in _ADDED.all(conn, added)]:
            self.observations += new
            self.by_trial = grouped(new, self.by_trial)
            self.observation = new[-1].id
        self.accounts = ledger.read(conn, self.campaign)
        self.head = head.seq
        return bool(moved) or before != self._standing()

    def _standing(self) -> tuple[object, ...]:
        """What tells whether anything but a trial has changed; not the head itself."""
        return (self.row and self.row[1:], self.accounts, self.observation)
