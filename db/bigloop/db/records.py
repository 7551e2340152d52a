"""Documents that only the store speaks: a campaign's standing, a report, a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, repeat
from typing import Literal

from bigloop.contracts import (
    Account,
    Campaign,
    CampaignState,
    Document,
    Observation,
    Trial,
    TrialState,
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


RoleName = Literal["viewer", "operator", "scientist", "admin"]


class Person(Document):
    """Somebody who may log in; passwords are kept elsewhere."""

    name: str
    role: RoleName
    origin: str = ""
    """Who vouches: empty for an account of this store, else issuer and subject."""
    created_at: datetime


class AccessToken(Document):
    """What is known of a token of the API; the token itself is shown once only."""

    id: str
    """Its public part."""
    person: str
    role: RoleName
    """The most that it may do; never more than its person."""
    label: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Login(Document):
    """A session of the pages."""

    person: str
    """Empty while somebody is on their way through another provider."""
    data: str = ""
    made_at: datetime
    seen_at: datetime


class Attempt(Document):
    """One claim of a trial, and how it ended."""

    trial: str
    token: int
    worker: str
    lease_until: datetime
    claimed_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: str = ""
    """Empty while it lasts; else `released`, `lapsed` or the state of the trial."""


class Artifact(Document):
    """A file that belongs to a campaign, known by the hash of its content."""

    campaign: str
    sha256: str
    name: str
    media_type: str
    size: int
    """Bytes."""
    trial: str | None = None
    actor: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A model version without its content: what is read again and again."""

    id: str
    source: str
    """Whose model it is; empty: the predictor."""
    status: str
    seen: int
    """Results that had been taken in when it was trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A campaign as it stands at one moment."""

    campaign: Campaign
    status: Status
    trials: tuple[Trial, ...]
    """In order of proposal."""
    observations: tuple[Observation, ...]
    """As they came, late ones too."""
    by_trial: Mapping[str | None, tuple[Observation, ...]]
    """Those that count, imported ones under none: `grouped` of `observations`."""
    accounts: dict[str, Account]
    states: Counter[TrialState]
    """How many trials are in each state."""

    def only(self, observations: Iterable[Observation]) -> Moment:
        """This moment with no other observations than these."""
        kept = tuple(observations)
        return replace(self, observations=kept, by_trial=grouped(kept))

    def state(self, seen: Sequence[str]) -> CampaignState:
        """All that an agent may know after it took in the trials in `seen`.

        Observations come in the order of `seen`, imported history first: not in the
        order in which workers happened to finish. Estimates, the champion and the stock
        are for the loop to fill in.
        """
        # Made of checked documents: to check all of them each time takes longer than
        # to read what is new. Named in full: defaults are looked up slowly.
        return CampaignState.model_construct(
            campaign=self.campaign,
            trials=self.trials,
            seen=tuple(seen),
            observations=tuple(self.solicited(seen)),
            estimates=(),
            model_version=None,
            accounts=dict(self.accounts),
            stock=None,
            versions={},
        )

    def solicited(self, seen: Sequence[str] | None) -> list[Observation]:
        """Observations that count: imported history, then those of `seen` in its order.

        Of all trials, as they came, when `seen` is none.
        """
        if seen is None:
            return [item for item in self.observations if item.solicited]
        found = self.by_trial
        return list(chain.from_iterable(map(found.get, (None, *seen), repeat(()))))


def grouped(
    observations: Iterable[Observation],
    known: Mapping[str | None, tuple[Observation, ...]] | None = None,
) -> dict[str | None, tuple[Observation, ...]]:
    """Solicited observations by trial, as they came, added to those known before."""
    new: dict[str | None, list[Observation]] = {}
    for item in observations:
        if item.solicited:
            new.setdefault(item.trial, []).append(item)
    found = dict(known or {})
    for trial, items in new.items():
        found[trial] = (*found.get(trial, ()), *items)
    return found


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
