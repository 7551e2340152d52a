"""Trials: what is proposed, and what people decide of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query

from bigloop.api.context import Used
from bigloop.api.security import Scientist, Viewer
from bigloop.contracts import Document, Trial, TrialState

router = APIRouter(tags=["trials"])
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]
"""The same key again gives the same answer, and changes nothing more."""


class Reason(Document):
    """Why a person decided so; the audit log keeps it."""

    reason: str = ""


@router.get("/campaigns/{campaign}/trials")
def trials(
    context: Used,
    _: Viewer,
    campaign: str,
    state: Annotated[list[TrialState] | None, Query()] = None,
) -> list[Trial]:
    """The trials of a campaign in order of proposal."""
    return context.store.trials(campaign, state)


@router.get("/trials/{trial}")
def trial(context: Used, _: Viewer, trial: str) -> Trial:
    """One trial."""
    return context.store.trial(trial)


@router.post("/trials/{trial}/approve")
def approve(
    context: Used, asking: Scientist, trial: str, said: Reason, key: Key = None
) -> Trial:
    """Let a trial run that waits for a person."""
    return context.store.approve(trial, asking.name, said.reason, idempotency_key=key)


@router.post("/trials/{trial}/reject")
def reject(
    context: Used, asking: Scientist, trial: str, said: Reason, key: Key = None
) -> Trial:
    """Refuse a trial that waits for a person."""
    return context.store.reject(trial, asking.name, said.reason, idempotency_key=key)
