"""Campaigns: what there is, and their standing."""

from __future__ import annotations

from fastapi import APIRouter

from bigloop.api.context import Used
from bigloop.api.security import Viewer
from bigloop.contracts import Campaign
from bigloop.db import CampaignInfo

router = APIRouter(tags=["campaigns"])


@router.get("/campaigns")
def campaigns(context: Used, _: Viewer) -> list[CampaignInfo]:
    """All campaigns in the order in which they were added."""
    return context.store.campaigns()


@router.get("/campaigns/{campaign}")
def campaign(context: Used, _: Viewer, campaign: str) -> Campaign:
    """The present specification of a campaign."""
    return context.store.campaign(campaign)
