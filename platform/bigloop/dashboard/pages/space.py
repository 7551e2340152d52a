"""The space of designs: maps, parallel coordinates, trade-offs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from bigloop.api.security import Viewer
from bigloop.contracts import Campaign, Document, SourceError, key_of
from bigloop.dashboard.fronts import decisive, is_large_wanted, keeps, together
from bigloop.dashboard.images import address, by_trial, pictures
from bigloop.dashboard.landscape import Map, pca, places, umap
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.figures import figure
from bigloop.dashboard.pages.rendering import campaign_page, page
from bigloop.dashboard.pareto import choices, pairs
from bigloop.dashboard.picture import Picture
from bigloop.dashboard.pictures import mapping as draw
from bigloop.dashboard.pictures.parallel import parallel
from bigloop.db import Artifact, Moment

router = APIRouter()
MOST_SHOTS = 48
"""Pictures below the map, the latest first; over the map all are shown."""


class Wanted(Document):
    """What is looked at: two observables of a source, and what colours the designs."""

    source: str = ""
    x: str = ""
    y: str = ""
    x_goal: str = ""
    y_goal: str = ""
    colour: str = ""
    """Observable that colours the designs."""


@router.get("/c/{campaign}/space", response_class=HTMLResponse)
def space(
    request: Request,
    desk: AtDesk,
    asking: Viewer,
    campaign: str,
    wanted: Annotated[Wanted, Depends()],
) -> HTMLResponse:
    """Where was looked, and what no design beats."""
    revision = desk.info(campaign).revision
    moment, now = desk.counted(campaign)
    spec, observations = moment.campaign, moment.observations
    shots = pictures(desk.store.artifacts(campaign))
    # Observations are only ever added: the last one identifies all of them.
    seen = f"{revision}.{observations[-1].id if observations else 0}{now}"
    known = desk.kept(("choices", campaign, seen), lambda: choices(spec, observations))
    chosen, ups = settled(spec, known, wanted)
    colours = decisive(spec)
    colour = wanted.colour if wanted.colour in colours else colours[0]
    trade: Sequence[Markup] = ()
    if chosen.x and chosen.y:
        trade = desk.drawn(
            ("trade", campaign, seen, chosen.source, chosen.x, chosen.y, str(ups)),
            lambda: [_trade(moment, chosen, ups)],
        )
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "space",
        figures=desk.drawn(
            ("maps", campaign, seen, str(len(shots)), colour),
            lambda: _maps(moment, shots, colour),
        ),
        shots=[(a, address(a)) for a in shots[: -MOST_SHOTS - 1 : -1]],
        n_shots=len(shots),
        trade=trade,
        known=known,
        chosen={"source": chosen.source, "x": chosen.x, "y": chosen.y, "ups": ups},
        colours=colours,
        colour=colour,
        is_empty=not any(o.solicited for o in observations),
        version=f"{len(observations)}",
    )


def _maps(moment: Moment, shots: Sequence[Artifact], colour: str) -> list[Picture]:
    spec = moment.campaign
    found, early = places(spec, moment.observations)
    images = by_trial(shots, moment.trials)
    return [
        draw.map_of(spec, found, pca(found, early), images, colour),
        parallel(spec, found, colour),
    ]


def _trade(moment: Moment, chosen: Wanted, ups: tuple[bool, bool]) -> Picture:
    both = pairs(moment.observations, chosen.source, chosen.x, chosen.y)
    spec = moment.campaign
    kept = None
    if spec.requirements and chosen.source == spec.objective.source:
        measured = together(spec, moment.observations)
        kept = {key_of(m.design) for m in measured if keeps(spec, m.means)}
    return draw.trade_off(spec, both, (chosen.x, chosen.y), ups, kept)


def settled(
    spec: Campaign, known: dict[str, list[str]], wanted: Wanted
) -> tuple[Wanted, tuple[bool, bool]]:
    """What is shown: what was asked for where it exists, else the objective first.

    Also whether large values of x and of y are wanted.
    """
    goal = spec.objective
    first = goal.source if goal.source in known else next(iter(known), "")
    source = wanted.source if wanted.source in known else first
    order = [g.observable for g in spec.goals]
    names = sorted(
        known.get(source, []),
        key=lambda name: order.index(name) if name in order else len(order),
    )
    x = wanted.x if wanted.x in names else next(iter(names), "")
    others = [name for name in names if name != x]
    y = wanted.y if wanted.y in others else next(iter(others), "")
    x_up, y_up = (
        said == "maximize" if said else is_large_wanted(spec, name)
        for name, said in ((x, wanted.x_goal), (y, wanted.y_goal))
    )
    chosen = wanted.model_copy(update={"source": source, "x": x, "y": y})
    return chosen, (x_up, y_up)


@router.get("/c/{campaign}/umap", response_class=HTMLResponse)
def umapped(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str, colour: str = ""
) -> HTMLResponse:
    """The UMAP map; computed once for what there is, in a thread of its own."""
    moment, now = desk.counted(campaign)
    spec = moment.campaign
    found, early = places(spec, moment.observations)
    key = ("umap", campaign, f"{len(moment.observations)}{now}")
    try:
        made: Map | None = desk.kept(
            key, lambda: umap(found, early, spec.seed, desk.embed)
        )
    except SourceError as error:
        # As a page, for the one that waits shows pages and no errors.
        return page(request, asking, "umap", error=str(error))
    images = by_trial(pictures(desk.store.artifacts(campaign)), moment.trials)
    known = colour if colour in decisive(spec) else ""
    drawn = figure(draw.map_of(spec, found, made, images, known))
    return page(request, asking, "umap", figure=drawn, error="")
