"""Documents that only the store speaks: a campaign's standing, a report, a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bigloop.contracts import (
    Account,
    Campaign,
    CampaignState,
    Document,
    Observation,
    Trial,
)

Status = Literal["running", "paused", "finished", "stopped"]


class CampaignInfo(Document):
    """A campaign as it stands."""

    name: str
    status: Status
    reason: str
    """Why it was paused, stopped or finished."""
    revision: int
    """0 for the first; the specification itself is `Store.campaign(name)`."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A campaign as it stands at one moment."""

    campaign: Campaign
    status: Status
    trials: tuple[Trial, ...]
    """In order of proposal."""
    observations: tuple[Observation, ...]
    """As they came, late ones too."""
    accounts: dict[str, Account]

    def state(self, seen: Sequence[str]) -> CampaignState:
        """All that an agent may know after it took in the trials in `seen`.

        Observations come in the order of `seen`, imported history first: not in the
        order in which workers happened to finish. Estimates, the champion and the stock
        are for the loop to fill in.
        """
        return CampaignState(
            campaign=self.campaign,
            trials=self.trials,
            seen=tuple(seen),
            observations=tuple(self.solicited(seen)),
            accounts=self.accounts,
        )

    def solicited(self, seen: Sequence[str] | None) -> list[Observation]:
        """Observations that count: imported history, then those of `seen` in its order.

        Of all trials, as they came, when `seen` is none.
        """
        found = [item for item in self.observations if item.solicited]
        if seen is None:
            return found
        place: Mapping[str | None, int] = {
            None: -1,
            **{trial: index for index, trial in enumerate(seen)},
        }
        kept = [item for item in found if item.trial in place]
        return sorted(kept, key=lambda item: place[item.trial])


class Lapsed(Document):
    """Claims whose lease has run out, by what became of their trials."""

    approved: tuple[Trial, ...] = ()
    """Back in the queue."""
    stuck: tuple[Trial, ...] = ()
    """Dispatched to a source whose re-run is not safe: `adopt`, then `recover`."""


class Problem(Document):
    """One thing that is wrong with a store."""

    seq: int | None
    """The event that it concerns, where there is one."""
    where: str
    """`chain`, `replay`, or the table and the key of its row."""
    what: str


class VerifyReport(Document):
    """Whether the chain is whole and the tables are what it says."""

    events: int
    rows: int
    """Rows compared with their replay."""
    problems: tuple[Problem, ...] = ()
    """The first ones found, at most `Store.verify`'s limit."""
    n_problems: int = 0

    @property
    def is_ok(self) -> bool:
        """No problem found."""
        return not self.n_problems
