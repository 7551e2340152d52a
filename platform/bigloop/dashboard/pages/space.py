"""The space of designs: maps, parallel coordinates, trade-offs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bigloop.api.security import Viewer
from bigloop.dashboard.landscape import Map, pca, places, umap
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.rendering import campaign_page, page
from bigloop.dashboard.pareto import choices, pairs
from bigloop.dashboard.picture import Picture
from bigloop.dashboard.pictures import mapping as draw

router = APIRouter()


@router.get("/c/{campaign}/space", response_class=HTMLResponse)
def space(
    request: Request,
    desk: AtDesk,
    asking: Viewer,
    campaign: str,
    source: str = "",
    x: str = "",
    y: str = "",
    x_goal: str = "",
    y_goal: str = "",
) -> HTMLResponse:
    """Where was looked, and what no design beats."""
    moment = desk.store.moment(campaign)
    spec = moment.campaign
    found, early = places(spec, moment.observations)
    known = choices(spec, moment.observations)
    goal = spec.objective
    if source not in known:
        source = goal.source if goal.source in known else next(iter(known), "")
    names = known.get(source, [])
    x = x if x in names else (goal.observable if goal.observable in names else "")
    x = x or (names[0] if names else "")
    y = y if y in names and y != x else next((n for n in names if n != x), "")
    ups = tuple(
        (chosen or _wanted(name, goal.observable, goal.goal)) == "maximize"
        for name, chosen in ((x, x_goal), (y, y_goal))
    )
    pictures: list[Picture] = [
        draw.map_of(spec, found, pca(found, early)),
        draw.parallel(spec, found),
    ]
    trade = None
    if x and y:
        both = pairs(moment.observations, source, x, y)
        trade = draw.trade_off(spec, both, (x, y), (ups[0], ups[1]))
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "space",
        pictures=pictures,
        trade=trade,
        known=known,
        chosen={"source": source, "x": x, "y": y, "ups": ups},
        n_designs=len(found),
        version=f"{len(moment.observations)}",
    )


@router.get("/c/{campaign}/umap", response_class=HTMLResponse)
def umapped(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str
) -> HTMLResponse:
    """The UMAP map; computed once for what there is, in a thread of its own."""
    moment = desk.store.moment(campaign)
    spec = moment.campaign
    found, early = places(spec, moment.observations)
    key = ("umap", campaign, str(len(moment.observations)))
    made: Map | None = desk.kept(key, lambda: umap(found, early, spec.seed))
    return page(request, asking, "umap", picture=draw.map_of(spec, found, made))


def _wanted(name: str, objective: str, goal: str) -> str:
    """The objective's own direction; of anything else, small is wanted."""
    return goal if name == objective else "minimize"
