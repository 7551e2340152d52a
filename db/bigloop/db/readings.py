"""What agents and models read: observations, the state, the training rows."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from bigloop.contracts import (
    Account,
    CampaignState,
    Observation,
    Snapshot,
    SpecError,
    Trial,
    TrialState,
)
from bigloop.db.memory import Memory
from bigloop.db.records import Moment
from bigloop.db.rows import Row
from bigloop.db.session import Clock, Session
from bigloop.db.training import training_rows


class Readings(Session):
    """The part of the store that agents and models read; nothing here writes."""

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        super().__init__(engine, clock)
        self._memories: dict[str, Memory] = {}
        self._remembering = threading.RLock()

    @contextmanager
    def _remember(self, campaign: str) -> Iterator[tuple[sa.Connection, Memory]]:
        """A reading connection, and the campaign as of its moment."""
        with self._remembering, self._read() as conn:
            memory = self._memories.setdefault(campaign, Memory(campaign))
            memory.refresh(conn)
            if memory.row is None:
                self._campaign_row(conn, campaign)  # raises, and lists those there are
            yield conn, memory

    def moment(self, campaign: str) -> Moment:
        """Status, trials and accounts of a campaign, of one moment.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        with self._remember(campaign) as (_, memory):
            return Moment(
                status=_row(memory).status,
                trials=tuple(memory.trials.values()),
                accounts=dict(memory.accounts),
            )

    def ledger(self, campaign: str) -> dict[str, Account]:
        """The accounts of a campaign by currency.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        with self._remember(campaign) as (_, memory):
            return dict(memory.accounts)

    def trials(
        self, campaign: str, states: Iterable[TrialState] | None = None
    ) -> list[Trial]:
        """The trials of a campaign in order of proposal.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        wanted = None if states is None else set(states)
        with self._remember(campaign) as (_, memory):
            found = list(memory.trials.values())
        return [t for t in found if wanted is None or t.state in wanted]

    def observations(
        self, campaign: str, trial: str | None = None
    ) -> list[Observation]:
        """Observations of a campaign, or of one trial, as they came; late ones too.

        Raises:
            NotFoundError: there is no such campaign or trial.
        """
        with self._remember(campaign) as (conn, memory):
            if trial is None:
                return list(memory.observations)
            whole = self._trial_row(conn, trial).id
            return [item for item in memory.observations if item.trial == whole]

    def state(self, campaign: str, seen: Sequence[str]) -> CampaignState:
        """All that an agent may know after it took in the trials in `seen`.

        Observations come in the order of `seen`, imported history first: not in the
        order in which workers happened to finish. Estimates, the champion and the stock
        are for the loop to fill in.

        Raises:
            NotFoundError: there is no such campaign.
        """
        with self._remember(campaign) as (conn, memory):
            return CampaignState(
                campaign=self._spec_of(conn, _row(memory)),
                trials=tuple(memory.trials.values()),
                seen=tuple(seen),
                observations=tuple(_solicited(memory, seen)),
                accounts=dict(memory.accounts),
            )

    def snapshot(self, campaign: str, seen: Sequence[str] | None = None) -> Snapshot:
        """The training rows of the campaign's predictor, by specimen.

        Only of imported history and the trials in `seen`; of all when it is none.

        Raises:
            NotFoundError: there is no such campaign.
            SpecError: the campaign has no predictor.
        """
        with self._remember(campaign) as (conn, memory):
            predictor = self._spec_of(conn, _row(memory)).predictor
            if predictor is None:
                raise SpecError(
                    f"campaign {campaign!r} has no predictor to train; add `predictor`"
                )
            names = {predictor.predicts, *predictor.early}
            found = [o for o in _solicited(memory, seen) if o.observable in names]
            return Snapshot(rows=training_rows(predictor, found))


def _row(memory: Memory) -> Row:
    assert memory.row is not None, "checked by `_remember`"
    return memory.row


def _solicited(memory: Memory, seen: Sequence[str] | None) -> list[Observation]:
    """Observations that count: imported history, then those of `seen` in its order."""
    found = [item for item in memory.observations if item.solicited]
    if seen is None:
        return found
    place: Mapping[str | None, int] = {
        None: -1,
        **{trial: index for index, trial in enumerate(seen)},
    }
    kept = [item for item in found if item.trial in place]
    return sorted(kept, key=lambda item: place[item.trial])
