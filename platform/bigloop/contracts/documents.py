"""What passes between the parts: proposals, trials, outcomes, decisions, events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, PositiveFloat

from bigloop.contracts.attachments import Attached, KeptFile
from bigloop.contracts.base import Design, Document, content_hash
from bigloop.contracts.campaign import Campaign
from bigloop.contracts.learned import Estimate
from bigloop.contracts.sources import Cost


class TrialState(StrEnum):
    """Where a trial stands; see `TRANSITIONS`."""

    PROPOSED = "proposed"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    CLAIMED = "claimed"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    # That of an Enum is a call of Python, and states are counted again and again.
    __hash__ = str.__hash__


_S = TrialState
TRANSITIONS: dict[TrialState, frozenset[TrialState]] = {
    _S.PROPOSED: frozenset({_S.AWAITING_APPROVAL, _S.APPROVED, _S.REJECTED}),
    _S.AWAITING_APPROVAL: frozenset(
        {_S.APPROVED, _S.REJECTED, _S.CANCELLED, _S.EXPIRED}
    ),
    _S.APPROVED: frozenset({_S.CLAIMED, _S.CANCELLED, _S.EXPIRED}),
    _S.CLAIMED: frozenset({_S.RUNNING, _S.APPROVED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.COMPLETED, _S.FAILED, _S.UNKNOWN, _S.APPROVED}),
    # `unknown` ends the platform's own handling; a person alone may resolve it.
    _S.UNKNOWN: frozenset({_S.COMPLETED, _S.FAILED}),
}
"""Allowed moves; a state without an entry is terminal. `running -> approved` happens
only to a trial whose source may be run again."""

TERMINAL = frozenset(
    {_S.COMPLETED, _S.FAILED, _S.UNKNOWN, _S.REJECTED, _S.CANCELLED, _S.EXPIRED}
)
"""States in which the loop no longer waits for a trial."""


CALLED_OFF = frozenset({_S.REJECTED, _S.CANCELLED, _S.EXPIRED})
"""Terminal states of a trial that never ran."""
RAN = TERMINAL - CALLED_OFF
"""Terminal states of a trial that ran, or may have."""


class Because(StrEnum):
    """What a rejection is about: how much an agent may learn from it."""

    ONCE = "once"
    """This proposal: it is not made to its source again; nothing is said of others."""
    DESIGN = "design"
    """Such designs cannot be made or must not be run: the neighbourhood is avoided."""
    LIMIT = "limit"
    """A bound that it breaks, which holds from then on."""


class FailureClass(StrEnum):
    """Why a trial failed; failure is data."""

    EQUIPMENT = "equipment"
    CHEMISTRY = "chemistry"
    QUALITY = "quality"
    SOLVER = "solver"
    TIMEOUT = "timeout"
    INPUT = "input"


class Proposal(Document):
    """Design, source and horizon; immutable, identified by its content."""

    campaign: str
    number: int = Field(ge=0)
    """Ordinal in the campaign: makes repeated proposals of one design distinct."""
    source: str
    design: Design
    specimen: str | None = None
    """An existing specimen to go on with; none: a new one."""
    from_age: float = Field(default=0.0, ge=0)
    until_age: PositiveFloat | None = None
    """Age at which to stop [age unit of the source]; none: at the end of life."""
    seed: int = 0
    replaces: str | None = None
    """Id of the proposal of which this is an edit."""
    model: str | None = None
    """Version of the model that its source answers with; none: it has no such model.
    The same design may be asked of another version."""

    @property
    def id(self) -> str:
        """SHA-256 of the content, shortened to 16 hex digits.

        Without a model, that of a proposal from before there were any.
        """
        without = {"model"} if self.model is None else None
        return content_hash(self.model_dump(mode="json", exclude=without))[:16]


def is_superseded(proposal: Proposal, versions: Mapping[str, str]) -> bool:
    """Whether what its source's model says to a proposal counts for nothing.

    It does when another version than the one that is asked is in use, and when nobody
    knows which was asked: the source has got versions since.

    Args:
        proposal: as it was, or will be, answered.
        versions: in use, by source; sources without one are as good as any other.
    """
    now = versions.get(proposal.source)
    return now is not None and proposal.model != now


class Term(Document):
    """One number that took part in a decision, with its unit and how to read it."""

    value: float
    unit: str = ""
    note: str = ""


class Alternative(Document):
    """A candidate that was not chosen, and its score."""

    source: str
    design: Design
    specimen: str | None = None
    score: float
    cost: Cost


class Decision(Document):
    """Why a proposal was made."""

    agent: str
    model_version: str | None = None
    """Hash of the champion predictor that was used."""
    score: float
    """Value per cost that won."""
    terms: dict[str, Term]
    """The terms that decided: posterior mean, aleatoric and epistemic standard
    deviation, value of information, cost, guard."""
    runner_ups: tuple[Alternative, ...] = ()
    flips: str = ""
    """What would have changed the choice, in words."""
    seen: tuple[str, ...] = ()
    """Trials whose results were taken in since the decision before, in order."""
    at_s: float = 0.0
    """Logical time of the decision [s]."""
    is_asked: bool = False
    """Whether the policy asked a person: then its result comes in real time."""


class Measurement(Document):
    """One observable of one specimen at one age, as the source gave it."""

    observable: str
    value: float
    unit: str
    sd: float | None = Field(default=None, ge=0)
    age: float | None = Field(default=None, ge=0)
    censored: bool = False
    """The specimen had not ended at `age`: the true value is above `value`."""


class Outcome(Document):
    """What came of a trial; a failure carries its class and what it cost."""

    status: Literal["success", "failure"]
    failure: FailureClass | None = None
    message: str = ""
    measurements: tuple[Measurement, ...] = ()
    cost: Cost = Field(default_factory=dict)
    executed: Design = Field(default_factory=dict)
    """Parameter values as they were executed, where the source knows them."""
    specimen: str | None = None
    batch: str | None = None
    age: float | None = Field(default=None, ge=0)
    """Age of the specimen when it was handed back."""
    ended: bool = True
    """Whether the specimen is used up."""
    duration_s: float = Field(default=0.0, ge=0)
    provenance: dict[str, Any] = Field(default_factory=dict)
    """Versions, seeds, citations."""
    attached: Attached = Field(default=(), exclude=True, repr=False)
    """Files that the source hands in; in no JSON. The worker keeps them."""
    files: tuple[KeptFile, ...] = ()
    """Those that were kept; set by the worker."""


class Observation(Document):
    """A measurement in the store: whose, by what, when."""

    id: int
    campaign: str
    trial: str | None
    source: str
    design: Design
    specimen: str | None
    batch: str | None
    observable: str
    value: float
    unit: str
    """Unit of the campaign, into which the value was converted."""
    sd: float | None
    age: float | None
    censored: bool
    solicited: bool = True
    """False for a late result of an expired claim: kept, never counted."""
    recorded_at: datetime


class Trial(Document):
    """A proposal on its way."""

    id: str
    """The id of its proposal."""
    campaign: str
    proposal: Proposal
    state: TrialState
    decision: Decision | None = None
    reserved: Cost = Field(default_factory=dict)
    spent: Cost = Field(default_factory=dict)
    outcome: Outcome | None = None
    reason: str = ""
    """Why it waits, or was refused, rejected or cancelled."""
    because: Because | None = None
    """What a person's rejection of it is about; none: nobody rejected it."""
    worker: str | None = None
    attempts: int = 0
    persons: int = 1
    """How many different persons must stand behind it before it may run."""
    endorsed: tuple[str, ...] = ()
    """Who stands behind it: who edited it to what it is, and who approved."""
    priority: int = 0
    """Higher is handed out first; equal ones in order of proposal."""
    hold: str = ""
    """Why nobody may claim it for now; empty: it is not on hold."""
    version: int = 0
    """Number of the last event that changed it; heartbeats of its worker count."""
    created_at: datetime
    updated_at: datetime


class Claim(Document):
    """One attempt: the right of one worker to one trial, until the lease ends."""

    trial: Trial
    worker: str
    token: int
    """Fencing token: only the highest one given out for a trial may write."""
    lease_until: datetime


class Account(Document):
    """One currency of a campaign's ledger."""

    currency: str
    limit: float
    reserved: float
    spent: float

    @property
    def left(self) -> float:
        """What may still be reserved."""
        return self.limit - self.reserved - self.spent


class Stock(Document):
    """A design that a laboratory can run, and how many fresh specimens it has."""

    design: Design
    specimens: int
    batch: str | None = None
    """That all of them are of; none: it is not known, or they are of several."""


class HistoryRow(Document):
    """One measurement that people bring along: not made by a trial of this campaign."""

    source: str
    design: Design
    specimen: str | None = None
    batch: str | None = None
    measurement: Measurement


class Event(Document):
    """One change of the store, chained to the one before by its hash."""

    seq: int
    at: datetime
    kind: str
    campaign: str
    actor: str
    subject: str
    """Id of the trial, model or campaign that changed."""
    data: dict[str, Any]
    previous: str
    hash: str


class CampaignState(Document):
    """Everything that an agent may know: a pure snapshot of the store."""

    campaign: Campaign
    trials: tuple[Trial, ...]
    """All trials in order of proposal; those not `seen` are pending to the agent."""
    seen: tuple[str, ...]
    """Trials whose results have been taken in, in order."""
    observations: tuple[Observation, ...]
    """Solicited observations of the seen trials, and imported ones."""
    estimates: tuple[Estimate, ...] = ()
    model_version: str | None = None
    accounts: dict[str, Account]
    stock: tuple[Stock, ...] | None = None
    """What the laboratory can still run; none: any feasible design."""
    versions: dict[str, str] = Field(default_factory=dict)
    """The present model version of every source that answers with one. What older
    versions said is not among the observations."""

    def is_superseded(self, trial: Trial) -> bool:
        """Whether an older version of its source's model answered, or will."""
        return is_superseded(trial.proposal, self.versions)

    def asked(self, proposal: Proposal) -> Proposal:
        """A proposal to a source with a model names the version that will answer."""
        model = self.versions.get(proposal.source)
        if model is None:
            return proposal
        return proposal.model_copy(update={"model": model})

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Trials that are on their way, or ended but not yet taken in.

        Without those whose answer an older model gives: it will not count.
        """
        seen = set(self.seen)
        return tuple(
            t
            for t in self.trials
            if t.id not in seen
            and t.state not in CALLED_OFF
            and not self.is_superseded(t)
        )
