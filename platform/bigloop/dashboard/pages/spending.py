"""Cost and sources: what was paid, when it ends, what each source was worth."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bigloop.api.security import Viewer
from bigloop.dashboard.outlay import forecast, outlays
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.learning import foreseen
from bigloop.dashboard.pages.rendering import campaign_page
from bigloop.dashboard.pictures import spending as draw
from bigloop.dashboard.scoreboard import scoreboard
from bigloop.dashboard.trust import coverage

router = APIRouter()


@router.get("/c/{campaign}/cost", response_class=HTMLResponse)
def cost(request: Request, desk: AtDesk, asking: Viewer, campaign: str) -> HTMLResponse:
    """Spent, reserved, left and forecast, by currency and by source."""
    # Read first: what is kept for an event is never from before it.
    seq = str(desk.store.last_seq())
    moment = desk.store.moment(campaign)
    line = desk.chronicle(campaign).timeline()
    begun, now = desk.info(campaign).created_at, datetime.now(UTC)
    accounts = moment.accounts
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "cost",
        accounts=accounts,
        forecasts={
            name: forecast(moment.trials, account, begun, now)
            for name, account in accounts.items()
        },
        outlays=outlays(moment.campaign, moment.trials),
        figures=desk.drawn(
            ("burn", campaign, seq),
            lambda: [draw.burn(account, line) for account in accounts.values()],
        ),
        version=f"{len(moment.trials)}-{sum(a.spent for a in accounts.values())}",
    )


@router.get("/c/{campaign}/sources", response_class=HTMLResponse)
def sources(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str
) -> HTMLResponse:
    """What each source tells of the target, and at what price."""
    seq = str(desk.store.last_seq())
    moment, _ = desk.counted(campaign)
    spec, line = moment.campaign, desk.chronicle(campaign).timeline()
    seen = foreseen(desk, spec)
    early = coverage(seen, 0.9) if seen else None
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "sources",
        scores=desk.kept(
            ("scores", campaign, seq),
            lambda: scoreboard(spec, moment.trials, moment.observations, early),
        ),
        figures=desk.drawn(
            ("mix", campaign, seq),
            lambda: [draw.mix(spec, line, by_cost=by) for by in (False, True)],
        ),
        version=f"{len(moment.observations)}-{len(moment.trials)}",
    )
