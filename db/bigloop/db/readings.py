"""What agents and models read: observations, the state, the training rows."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from bigloop.contracts import (
    Account,
    CampaignState,
    Observation,
    Snapshot,
    SpecError,
    Trial,
    TrialState,
)
from bigloop.db.engine import Connections
from bigloop.db.memory import Memory
from bigloop.db.records import Moment
from bigloop.db.session import Clock, Session
from bigloop.db.training import run_rows, training_rows


class Readings(Session):
    """The part of the store that agents and models read; nothing here writes."""

    def __init__(self, connections: Connections, clock: Clock) -> None:
        super().__init__(connections, clock)
        self._memories: dict[str, Memory] = {}
        self._remembering = threading.RLock()

    def moment(self, campaign: str) -> Moment:
        """A campaign as it stands; the same object while nothing has changed.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        with self._remembering, self._read() as conn:
            memory = self._memories.setdefault(campaign, Memory(campaign))
            if memory.refresh(conn) or memory.moment is None:
                # Raises, and lists those that there are.
                row = memory.row or self._campaign_row(conn, campaign)
                memory.moment = Moment(
                    campaign=self._spec_of(conn, row),
                    status=row.status,
                    trials=tuple(memory.trials.values()),
                    observations=tuple(memory.observations),
                    by_trial=memory.by_trial,
                    accounts=dict(memory.accounts),
                    states=+memory.states,
                )
            return memory.moment

    def ledger(self, campaign: str) -> dict[str, Account]:
        """The accounts of a campaign by currency.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        return dict(self.moment(campaign).accounts)

    def trials(
        self, campaign: str, states: Iterable[TrialState] | None = None
    ) -> list[Trial]:
        """The trials of a campaign in order of proposal.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        wanted = None if states is None else set(states)
        found = self.moment(campaign).trials
        return [t for t in found if wanted is None or t.state in wanted]

    def observations(
        self, campaign: str, trial: str | None = None
    ) -> list[Observation]:
        """Observations of a campaign, or of one trial, as they came; late ones too.

        Raises:
            NotFoundError: there is no such campaign or trial.
        """
        found = self.moment(campaign).observations
        if trial is None:
            return list(found)
        with self._read() as conn:
            whole = self._trial_row(conn, trial).id
        return [item for item in found if item.trial == whole]

    def state(self, campaign: str, seen: Sequence[str]) -> CampaignState:
        """What an agent may know at this moment: `Moment.state`.

        Raises:
            NotFoundError: there is no such campaign.
        """
        return self.moment(campaign).state(seen)

    def snapshot(
        self, campaign: str, seen: Sequence[str] | None = None, source: str = ""
    ) -> Snapshot:
        """The training rows of a model: by specimen for the predictor, else by run.

        Only of the trials in `seen` (and imported history, for the predictor); of all
        when it is none. Runs come in the order of `seen`.

        Args:
            campaign: its name.
            seen: trials whose results may be learned from.
            source: whose model; empty: the predictor.

        Raises:
            NotFoundError: there is no such campaign.
            SpecError: the campaign has no predictor, or the source learns nothing.
        """
        moment = self.moment(campaign)
        if source:
            learns = moment.campaign.sources[source].learns
            if learns is None:
                raise SpecError(f"sources.{source}: it has no model; add `learns`")
            return Snapshot(rows=run_rows(moment.trials, learns.sources, seen))
        predictor = moment.campaign.predictor
        if predictor is None:
            raise SpecError(
                f"campaign {campaign!r} has no predictor to train; add `predictor`"
            )
        names = {predictor.predicts, *predictor.early}
        found = [o for o in moment.solicited(seen) if o.observable in names]
        return Snapshot(rows=training_rows(predictor, found))
