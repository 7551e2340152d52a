"""Documents that only the store speaks: a campaign's standing, a report, a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bigloop.contracts import Account, Document, Trial

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

    status: Status
    trials: tuple[Trial, ...]
    """In order of proposal."""
    accounts: dict[str, Account]


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
