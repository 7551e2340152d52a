"""Trials: what is proposed, and what people decide of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from bigloop.api.answering import CampaignName, Key, Limit, Seen, TrialId, tagged
from bigloop.api.context import Used
from bigloop.api.security import Operator, Scientist, Viewer
from bigloop.contracts import Because, Decision, Document, Outcome, Trial, TrialState
from bigloop.db import Attempt
from bigloop.loop.editing import edit_trial

router = APIRouter(tags=["trials"])


class Reason(Document):
    """Why a person decided so; the audit log keeps it."""

    reason: str = ""


class Rejection(Reason):
    """Why a person refuses a proposal, and what the refusal is about."""

    because: Because | None = None
    """None: `limit` where there is one, else `once`."""
    limit: str = ""
    """A bound that the trial breaks, such as `C1 <= 6/hour`; it holds from now on."""


class Edit(Reason):
    """What a person changes of a proposal."""

    values: dict[str, float | str] = Field(default_factory=dict)
    """Parameters to change, in the campaign's units."""
    until_age: float | None = None
    """Age at which to stop; none: as it was."""


class Rank(Reason):
    """Where a trial stands in the queue."""

    priority: int
    """Higher runs first; all begin at 0."""


class Resolution(Reason):
    """What became of an `unknown` trial."""

    outcome: Outcome
    ticked: tuple[str, ...] = ()
    """Items of the source's checklist that the person confirms."""


class TrialPage(Document):
    """A page of trials."""

    trials: tuple[Trial, ...]
    next: int | None = None
    """`after` of the following page; none: this is the last."""


class Task(Document):
    """Something a person has to do before a trial can be resolved."""

    trial: str
    source: str
    reason: str
    """Why nobody can tell what became of it."""
    since: datetime
    checklist: tuple[str, ...]
    """Of the source: what to confirm, item by item."""


class DecisionOf(Document):
    """Why a trial was proposed."""

    trial: str
    number: int
    decision: Decision


class DecisionPage(Document):
    """A page of decisions."""

    decisions: tuple[DecisionOf, ...]
    next: int | None = None


@router.get("/campaigns/{campaign}/trials")
def trials(
    context: Used,
    _: Viewer,
    campaign: CampaignName,
    state: Annotated[list[TrialState] | None, Query()] = None,
    source: Annotated[list[str] | None, Query()] = None,
    after: Annotated[int, Query(ge=-1, le=2**31 - 1)] = -1,
    limit: Limit = 100,
) -> TrialPage:
    """The trials of a campaign in order of proposal, a page at a time."""
    found = context.store.trial_page(
        campaign, states=state, sources=source, after=after, limit=limit
    )
    return TrialPage(trials=tuple(found), next=_next(found, limit))


@router.get("/campaigns/{campaign}/decisions")
def decisions(
    context: Used,
    _: Viewer,
    campaign: CampaignName,
    after: Annotated[int, Query(ge=-1, le=2**31 - 1)] = -1,
    limit: Limit = 100,
) -> DecisionPage:
    """Why each trial was proposed, in order, a page at a time."""
    found = context.store.trial_page(campaign, after=after, limit=limit)
    said = tuple(
        DecisionOf(trial=t.id, number=t.proposal.number, decision=t.decision)
        for t in found
        if t.decision is not None
    )
    return DecisionPage(decisions=said, next=_next(found, limit))


@router.get("/campaigns/{campaign}/tasks")
def tasks(context: Used, _: Viewer, campaign: CampaignName) -> list[Task]:
    """What waits for a person at the bench: one for each `unknown` trial."""
    spec = context.store.campaign(campaign)
    return [
        Task(
            trial=trial.id,
            source=trial.proposal.source,
            reason=trial.reason,
            since=trial.updated_at,
            checklist=spec.sources[trial.proposal.source].checklist,
        )
        for trial in context.store.trials(campaign, [TrialState.UNKNOWN])
    ]


@router.get("/trials/{trial}")
def trial(context: Used, _: Viewer, trial: TrialId, response: Response) -> Trial:
    """One trial; its version is the `ETag`."""
    return tagged(response, context.store.trial(trial))


@router.get("/trials/{trial}/attempts")
def attempts(context: Used, _: Viewer, trial: TrialId) -> list[Attempt]:
    """Who claimed a trial, and how that ended."""
    return context.store.attempts(trial)


@router.post("/trials/{trial}/approve")
def approve(
    context: Used,
    asking: Scientist,
    trial: TrialId,
    said: Reason,
    response: Response,
    key: Key,
    seen: Seen,
) -> Trial:
    """Let a trial run that waits for a person, or stand behind it as one of two."""
    store, whole = context.store, context.store.trial(trial).id
    done = store.approve(
        whole, asking.name, said.reason, idempotency_key=key, version=seen
    )
    return tagged(response, done)


@router.post("/trials/{trial}/reject")
def reject(
    context: Used,
    asking: Scientist,
    trial: TrialId,
    said: Rejection,
    response: Response,
    key: Key,
    seen: Seen,
) -> Trial:
    """Refuse a trial that waits for a person, and say what that is about."""
    store, whole = context.store, context.store.trial(trial).id
    done = store.reject(
        whole,
        asking.name,
        said.reason,
        because=said.because or "",
        limit=said.limit,
        idempotency_key=key,
        version=seen,
    )
    return tagged(response, done)


@router.post("/trials/{trial}/cancel")
def cancel(
    context: Used,
    asking: Scientist,
    trial: TrialId,
    said: Reason,
    response: Response,
    key: Key,
    seen: Seen,
) -> Trial:
    """Withdraw a trial that has not been started."""
    store, whole = context.store, context.store.trial(trial).id
    done = store.cancel(
        whole, asking.name, said.reason, idempotency_key=key, version=seen
    )
    return tagged(response, done)


@router.post("/trials/{trial}/edit")
def edit(
    context: Used,
    asking: Scientist,
    trial: TrialId,
    said: Edit,
    response: Response,
    key: Key,
    seen: Seen,
) -> Trial:
    """Put a changed proposal in its place; the answer is the new trial."""
    new = edit_trial(
        context.store,
        trial,
        said.values,
        said.until_age,
        asking.name,
        said.reason,
        idempotency_key=key,
        version=seen,
    )
    return tagged(response, new)


@router.post("/trials/{trial}/hold")
def hold(
    context: Used,
    asking: Operator,
    trial: TrialId,
    said: Reason,
    response: Response,
    key: Key,
    seen: Seen,
) -> Trial:
    """Let nobody claim a trial for now."""
    store, whole = context.store, context.store.trial(trial).id
    done = store.hold(
        whole, asking.name, said.reason, idempotency_key=key, version=seen
    )
    return tagged(response, done)


@router.post("/trials/{trial}/unhold")
def unhold(
    context: Used,
    asking: Scientist,
    trial: TrialId,
    said: Reason,
    response: Response,
    key: Key,
    seen: Seen,
) -> Trial:
    """Let a trial be claimed again."""
    store, whole = context.store, context.store.trial(trial).id
    done = store.unhold(
        whole, asking.name, said.reason, idempotency_key=key, version=seen
    )
    return tagged(response, done)


@router.post("/trials/{trial}/rank")
def rank(
    context: Used,
    asking: Scientist,
    trial: TrialId,
    said: Rank,
    response: Response,
    key: Key,
    seen: Seen,
) -> Trial:
    """Put a trial before those of lower priority."""
    store, whole = context.store, context.store.trial(trial).id
    done = store.rank(
        whole,
        said.priority,
        asking.name,
        said.reason,
        idempotency_key=key,
        version=seen,
    )
    return tagged(response, done)


@router.post("/trials/{trial}/resolve")
def resolve(
    context: Used,
    asking: Operator,
    trial: TrialId,
    said: Resolution,
    response: Response,
    key: Key,
    seen: Seen,
) -> Trial:
    """Say what became of a trial that the platform lost sight of (`unknown`)."""
    store, whole = context.store, context.store.trial(trial).id
    done = store.resolve(
        whole,
        said.outcome,
        asking.name,
        said.reason,
        ticked=said.ticked,
        idempotency_key=key,
        version=seen,
    )
    return tagged(response, done)


def _next(found: list[Trial], limit: int) -> int | None:
    return found[-1].proposal.number if len(found) == limit else None
