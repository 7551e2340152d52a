"""What has been read of a campaign, kept and brought up to date by what changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from bigloop.contracts import Observation, Trial
from bigloop.db.rows import observation_of, trial_of
from bigloop.db.tables import observations, trials


@dataclass(slots=True)
class Memory:
    """Parsed trials and observations of one campaign.

    A loop reads its campaign at every step; of 10,000 trials, one or two have changed.
    Events commit in order of their number, so that what changed is what has a higher
    one than was seen; observations are only ever added.
    """

    campaign: str
    trials: dict[int, Trial] = field(default_factory=dict)
    """By number, in order."""
    observations: list[Observation] = field(default_factory=list)
    seq: int = 0
    observation: int = 0

    def refresh(self, conn: sa.Connection) -> None:
        """Read what is new; a transaction sees at least what it began with."""
        query = sa.select(trials).where(
            trials.c.campaign == self.campaign, trials.c.last_seq > self.seq
        )
        for row in conn.execute(query.order_by(trials.c.number)):
            self.trials[row.number] = trial_of(row)
            self.seq = max(self.seq, row.last_seq)
        added = sa.select(observations).where(
            observations.c.campaign == self.campaign,
            observations.c.id > self.observation,
        )
        for row in conn.execute(added.order_by(observations.c.id)):
            self.observations.append(observation_of(row))
            self.observation = row.id
