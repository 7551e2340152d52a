"""What agents and models read: observations, the state, the training rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import (
    CampaignState,
    Observation,
    Snapshot,
    SpecError,
    Trial,
)
from bigloop.db import ledger
from bigloop.db.rows import Row, observation_of, trial_of
from bigloop.db.session import Clock, Session
from bigloop.db.tables import observations, trials
from bigloop.db.training import training_rows


class Readings(Session):
    """The part of the store that agents and models read; nothing here writes."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        super().__init__(engine, clock)
        self._trials: dict[str, tuple[int, Trial]] = {}
        self._observations: dict[int, Observation] = {}

    def observations(
        self, campaign: str, trial: str | None = None
    ) -> list[Observation]:
        """Observations of a campaign, or of one trial, as they came; late ones too.

        Raises:
            NotFoundError: there is no such campaign or trial.
        """
        query = sa.select(observations).where(observations.c.campaign == campaign)
        with self._read() as conn:
            self._campaign_row(conn, campaign)
            if trial is not None:
                whole = self._trial_row(conn, trial).id
                query = query.where(observations.c.trial == whole)
            rows = conn.execute(query.order_by(observations.c.id))
            return [self._observation(row) for row in rows]

    def state(self, campaign: str, seen: Sequence[str]) -> CampaignState:
        """All that an agent may know after it took in the trials in `seen`.

        Observations come in the order of `seen`, imported history first: not in the
        order in which workers happened to finish. Estimates, the champion and the stock
        are for the loop to fill in.

        Raises:
            NotFoundError: there is no such campaign.
        """
        with self._read() as conn:
            spec = self._spec(conn, campaign)
            query = sa.select(trials).where(trials.c.campaign == campaign)
            rows = conn.execute(query.order_by(trials.c.number))
            return CampaignState(
                campaign=spec,
                trials=tuple(self._known(row) for row in rows),
                seen=tuple(seen),
                observations=tuple(self._solicited(conn, campaign, seen)),
                accounts=ledger.read(conn, campaign),
            )

    def snapshot(self, campaign: str, seen: Sequence[str] | None = None) -> Snapshot:
        """The training rows of the campaign's predictor, by specimen.

        Only of imported history and the trials in `seen`; of all when it is none.

        Raises:
            NotFoundError: there is no such campaign.
            SpecError: the campaign has no predictor.
        """
        with self._read() as conn:
            predictor = self._spec(conn, campaign).predictor
            if predictor is None:
                raise SpecError(
                    f"campaign {campaign!r} has no predictor to train; add `predictor`"
                )
            names = {predictor.predicts, *predictor.early}
            found = self._solicited(conn, campaign, seen, names)
            return Snapshot(rows=training_rows(predictor, found))

    def _solicited(
        self,
        conn: sa.Connection,
        campaign: str,
        seen: Sequence[str] | None,
        names: Iterable[str] | None = None,
    ) -> list[Observation]:
        query = sa.select(observations).where(
            observations.c.campaign == campaign, observations.c.solicited
        )
        if names is not None:
            query = query.where(observations.c.observable.in_(sorted(names)))
        rows = conn.execute(query.order_by(observations.c.id)).all()
        found = [self._observation(row) for row in rows]
        if seen is None:
            return found
        place: Mapping[str | None, int] = {
            None: -1,
            **{trial: index for index, trial in enumerate(seen)},
        }
        kept = [item for item in found if item.trial in place]
        return sorted(kept, key=lambda item: place[item.trial])

    # Documents are kept once parsed: a campaign of 10,000 trials is read at every
    # decision. Only reads fill these, so that nothing rolled back is remembered.

    def _known(self, row: Row) -> Trial:
        held = self._trials.get(row.id)
        if held is None or held[0] != row.last_seq:
            held = self._trials[row.id] = (row.last_seq, trial_of(row))
        return held[1]

    def _observation(self, row: Any) -> Observation:
        held = self._observations.get(row.id)
        if held is None:
            held = self._observations[row.id] = observation_of(row)
        return held
