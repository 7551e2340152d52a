"""Attempts: how the workers of a laboratory take trials and hand results in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Path as InPath
from pydantic import Field

from bigloop.api.answering import Key, TrialId, tagged
from bigloop.api.context import Used
from bigloop.api.security import Operator, Principal
from bigloop.contracts import Claim, Document, Trial
from bigloop.db import Lapsed
from bigloop.loop.handing_in import Result, outcome_of

router = APIRouter(tags=["attempts"])

LABEL = r"^[A-Za-z0-9][A-Za-z0-9._@:-]{0,99}$"
Token = Annotated[
    int, InPath(ge=1, le=2**31 - 1, description="Fencing token of the claim.")
]
Lease = Annotated[float, Field(gt=0, le=86400)]


class Worker(Document):
    """Which of a person's workers asks."""

    worker: str = Field(default="", pattern=f"{LABEL}|^$")
    """Set apart workers that share a token; recorded as `person/worker`."""


class Wanted(Worker):
    """What a worker can run."""

    sources: tuple[str, ...] | None = None
    """None: any."""
    campaign: str | None = None
    """None: any."""
    lease_s: Lease = 60.0
    """How long it may be silent [s]."""


class Beat(Worker):
    """A sign of life."""

    lease_s: Lease = 60.0


class Lost(Worker):
    """Nobody can tell what became of the trial."""

    reason: str


class Handed(Worker):
    """A result, and whose it is."""

    result: Result


class Alive(Document):
    """A prolonged claim, and whether the work is still wanted."""

    claim: Claim
    status: str
    """Of the campaign: `stopped` asks the laboratory to stop what it can."""


@router.post("/claims", responses={204: {"description": "nothing to run now"}})
def claim(
    context: Used, asking: Operator, wanted: Wanted, response: Response, key: Key
) -> Claim | None:
    """Take the next trial to run, under a lease; 204 when there is none."""
    found = context.store.claim(
        worker_of(asking, wanted.worker),
        wanted.sources,
        wanted.lease_s,
        wanted.campaign,
        idempotency_key=key,
    )
    if found is None:
        response.status_code = 204
        return None
    tagged(response, found.trial)
    return found


@router.post("/claims/sweep")
def sweep(context: Used, asking: Operator) -> Lapsed:
    """Take back what silent workers hold, except what may not be run again."""
    return context.store.release_expired(actor=asking.name)


@router.post("/trials/{trial}/attempts")
def adopt(context: Used, asking: Operator, trial: TrialId, wanted: Beat) -> Claim:
    """Take over a running trial whose worker fell silent, to recover its result."""
    worker = worker_of(asking, wanted.worker)
    whole = context.store.trial(trial).id
    return context.store.adopt(whole, worker, wanted.lease_s)


@router.post("/trials/{trial}/attempts/{token}/start")
def start(
    context: Used,
    asking: Operator,
    trial: TrialId,
    token: Token,
    said: Worker,
    key: Key,
) -> Claim:
    """Mark a trial as running, before anything is dispatched to an instrument."""
    held = _claim(context, asking, trial, token, said)
    return context.store.start(held, idempotency_key=key)


@router.post("/trials/{trial}/attempts/{token}/heartbeat")
def heartbeat(
    context: Used, asking: Operator, trial: TrialId, token: Token, said: Beat
) -> Alive:
    """Prolong the lease from now; once in a third of it is often enough."""
    held = _claim(context, asking, trial, token, said)
    lives = context.store.heartbeat(held, said.lease_s)
    standing = {info.name: info.status for info in context.store.campaigns()}
    return Alive(claim=lives, status=standing[lives.trial.campaign])


@router.post("/trials/{trial}/attempts/{token}/release")
def release(
    context: Used, asking: Operator, trial: TrialId, token: Token, said: Worker
) -> Trial:
    """Hand back a trial that was not started."""
    return context.store.release(_claim(context, asking, trial, token, said))


@router.post("/trials/{trial}/attempts/{token}/complete")
def complete(
    context: Used, asking: Operator, trial: TrialId, token: Token, said: Handed
) -> Trial:
    """Hand in a result, a failure too; the same one again is no change."""
    held = _claim(context, asking, trial, token, said)
    spec = context.store.campaign(held.trial.campaign)
    return context.store.complete(held, outcome_of(spec, held.trial, said.result))


@router.post("/trials/{trial}/attempts/{token}/lose")
def lose(
    context: Used, asking: Operator, trial: TrialId, token: Token, said: Lost
) -> Trial:
    """Give up a running trial of which nobody can tell what became."""
    held = _claim(context, asking, trial, token, said)
    return context.store.mark_unknown(held, said.reason)


def worker_of(asking: Principal, label: str) -> str:
    """The name under which a person's worker holds its claims."""
    return f"{asking.name}/{label}" if label else asking.name


def _claim(
    context: Used, asking: Principal, trial: str, token: int, said: Worker
) -> Claim:
    found = context.store.trial(trial)
    return Claim(
        trial=found,
        worker=worker_of(asking, said.worker),
        token=token,
        lease_until=found.updated_at,
    )
