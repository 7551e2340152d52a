"""The first page: every campaign, and what needs a person in it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bigloop.api.context import Used
from bigloop.api.security import Viewer
from bigloop.contracts import TrialState
from bigloop.dashboard.pages.rendering import page

router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def overview(request: Request, context: Used, asking: Viewer) -> HTMLResponse:
    """Campaigns with how many trials wait."""
    found = [
        (info, len(context.store.trials(info.name, [TrialState.AWAITING_APPROVAL])))
        for info in context.store.campaigns()
    ]
    return page(request, asking, "overview", campaigns=found)
