"""Lists that may be long, a page at a time: a page costs the same however long."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bigloop.contracts import Event, Observation, Trial, TrialState
from bigloop.db.records import Attempt
from bigloop.db.rows import attempt_of, event_of, observation_of, trial_of
from bigloop.db.session import Session
from bigloop.db.tables import attempts, events, observations, trials


class Pages(Session):
    """The part of the store that reads a page of what may be ten thousand long."""

    def trial_page(
        self,
        campaign: str,
        *,
        states: Sequence[TrialState] | None = None,
        sources: Sequence[str] | None = None,
        after: int = -1,
        limit: int = 100,
    ) -> list[Trial]:
        """Trials whose number is above `after`, in order of proposal.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        query = sa.select(trials).where(
            trials.c.campaign == campaign, trials.c.number > after
        )
        if states is not None:
            query = query.where(trials.c.state.in_(list(states)))
        if sources is not None:
            query = query.where(trials.c.source.in_(list(sources)))
        with self._read() as conn:
            self._campaign_row(conn, campaign)
            rows = conn.execute(query.order_by(trials.c.number).limit(limit))
            return [trial_of(row) for row in rows]

    def observation_page(
        self,
        campaign: str,
        *,
        trial: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[Observation]:
        """Observations whose id is above `after`, as they came.

        Raises:
            NotFoundError: there is no such campaign or trial.
        """
        query = sa.select(observations).where(
            observations.c.campaign == campaign, observations.c.id > after
        )
        with self._read() as conn:
            self._campaign_row(conn, campaign)
            if trial is not None:
                whole = self._trial_row(conn, trial).id
                query = query.where(observations.c.trial == whole)
            rows = conn.execute(query.order_by(observations.c.id).limit(limit))
            return [observation_of(row) for row in rows]

    def counts(self, campaign: str) -> dict[TrialState, int]:
        """How many trials of a campaign there are in each state that has any.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        query = (
            sa.select(trials.c.state, sa.func.count())
            .where(trials.c.campaign == campaign)
            .group_by(trials.c.state)
        )
        with self._read() as conn:
            self._campaign_row(conn, campaign)
            return {TrialState(state): n for state, n in conn.execute(query)}

    def attempts(self, trial: str) -> list[Attempt]:
        """The claims of a trial in the order in which they were given out.

        Raises:
            NotFoundError: there is no such trial.
        """
        with self._read() as conn:
            whole = self._trial_row(conn, trial).id
            mine = sa.select(attempts).where(attempts.c.trial == whole)
            rows = conn.execute(mine.order_by(attempts.c.token))
            return [attempt_of(row) for row in rows]

    def event(self, seq: int) -> Event | None:
        """One event by its number; none where there is none."""
        with self._read() as conn:
            row = conn.execute(sa.select(events).where(events.c.seq == seq)).first()
            return None if row is None else event_of(row)
