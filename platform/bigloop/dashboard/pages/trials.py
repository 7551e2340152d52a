"""All trials of a campaign, newest first, by state and source."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from bigloop.api.security import Viewer
from bigloop.contracts import Trial, TrialState, is_superseded
from bigloop.dashboard.entries import outcome_text
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.paging import cut
from bigloop.dashboard.pages.rendering import campaign_page

router = APIRouter()
_ROWS = 50


@router.get("/c/{campaign}/trials", response_class=HTMLResponse)
def trials(
    request: Request,
    desk: AtDesk,
    asking: Viewer,
    campaign: str,
    state: str = "",
    source: str = "",
    at: Annotated[int, Query(ge=1)] = 1,
) -> HTMLResponse:
    """A page of the list; only what is shown is put into words."""
    moment = desk.store.moment(campaign)
    chosen: list[Trial] = [
        t
        for t in reversed(moment.trials)
        if (not state or t.state == state)
        and (not source or t.proposal.source == source)
    ]
    shown = cut(chosen, at, _ROWS)
    now = desk.versions(campaign)
    last = max((t.updated_at for t in shown.rows), default=None)
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "trials",
        shown=shown,
        outcomes=[outcome_text(t) for t in shown.rows],
        superseded={t.id for t in shown.rows if is_superseded(t.proposal, now)},
        state=state,
        source=source,
        states=list(TrialState),
        version=f"{len(chosen)}-{last}",
    )
