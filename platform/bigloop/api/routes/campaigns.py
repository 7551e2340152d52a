"""Campaigns: what there is, their standing, and steering them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from bigloop.api.answering import CampaignName, Key, Seen
from bigloop.api.context import Used
from bigloop.api.security import Operator, Scientist, Viewer
from bigloop.contracts import (
    Account,
    Campaign,
    Document,
    NotFoundError,
    SpecError,
    TrialState,
)
from bigloop.db import CampaignInfo

router = APIRouter(tags=["campaigns"])


class Why(Document):
    """Why the campaign is steered so; the audit log keeps it."""

    reason: str = ""


class Standing(Document):
    """How a campaign stands."""

    info: CampaignInfo
    trials: dict[TrialState, int]
    """How many there are in each state that has any."""
    accounts: dict[str, Account]
    last_event: int
    """Number of the last event of the store."""


@router.get("/campaigns")
def campaigns(context: Used, _: Viewer) -> list[CampaignInfo]:
    """All campaigns in the order in which they were added."""
    return context.store.campaigns()


@router.get("/campaigns/{campaign}")
def campaign(
    context: Used, _: Viewer, campaign: CampaignName, response: Response
) -> Campaign:
    """The present specification of a campaign; its revision is the `ETag`."""
    info = _info(context, campaign)
    response.headers["ETag"] = f'"{info.revision}"'
    return context.store.campaign(campaign)


@router.put("/campaigns/{campaign}")
def revise(
    context: Used, asking: Scientist, campaign: CampaignName, spec: Campaign, seen: Seen
) -> Campaign:
    """Replace the specification from now on; what is recorded keeps its meaning."""
    if spec.name != campaign:
        raise SpecError(f"name: {spec.name!r} is not {campaign!r}; a name stays")
    return context.store.revise(spec, asking.name, revision=seen)


@router.post("/campaigns/{campaign}/limits/{limit}/revoke")
def revoke(
    context: Used,
    asking: Scientist,
    campaign: CampaignName,
    limit: str,
    said: Why,
    key: Key,
) -> Campaign:
    """End a limit that a rejection set; what it excluded may be proposed again."""
    return context.store.revoke(
        campaign, limit, asking.name, said.reason, idempotency_key=key
    )


@router.get("/campaigns/{campaign}/standing")
def standing(context: Used, _: Viewer, campaign: CampaignName) -> Standing:
    """Status, trials by state, money."""
    store = context.store
    return Standing(
        info=_info(context, campaign),
        trials=store.counts(campaign),
        accounts=store.ledger(campaign),
        last_event=store.last_seq(),
    )


@router.get("/campaigns/{campaign}/accounts")
def accounts(context: Used, _: Viewer, campaign: CampaignName) -> dict[str, Account]:
    """What is spent, reserved and left, by currency."""
    return context.store.ledger(campaign)


@router.post("/campaigns/{campaign}/pause")
def pause(
    context: Used, asking: Scientist, campaign: CampaignName, said: Why, key: Key
) -> CampaignInfo:
    """Let nothing new start; what runs goes on."""
    reason = said.reason or "paused by hand"
    store = context.store
    return store.set_status(
        campaign, "paused", reason, asking.name, idempotency_key=key
    )


@router.post("/campaigns/{campaign}/resume")
def resume(
    context: Used, asking: Scientist, campaign: CampaignName, said: Why, key: Key
) -> CampaignInfo:
    """Let a paused or stopped campaign go on."""
    store = context.store
    return store.set_status(
        campaign, "running", said.reason, asking.name, idempotency_key=key
    )


@router.post("/campaigns/{campaign}/stop")
def stop(
    context: Used, asking: Scientist, campaign: CampaignName, said: Why, key: Key
) -> CampaignInfo:
    """End a campaign; its results stay."""
    reason = said.reason or "stopped by hand"
    store = context.store
    return store.set_status(
        campaign, "stopped", reason, asking.name, idempotency_key=key
    )


@router.post("/campaigns/{campaign}/abort")
def abort(
    context: Used, asking: Operator, campaign: CampaignName, said: Why
) -> CampaignInfo:
    """Stop at once, and withdraw all that has not been started; never gated."""
    reason = said.reason or "aborted by hand"
    return context.store.abort(campaign, asking.name, reason)


def _info(context: Used, campaign: str) -> CampaignInfo:
    found = {info.name: info for info in context.store.campaigns()}
    if campaign not in found:
        raise NotFoundError(
            f"campaign {campaign!r} does not exist; there are "
            f"{', '.join(found) or 'none: add one first'}"
        )
    return found[campaign]
