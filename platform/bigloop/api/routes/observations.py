"""Observations: what was measured, and measurements that people bring along."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query

from bigloop.api.answering import CampaignName, Limit
from bigloop.api.context import Used
from bigloop.api.security import Scientist, Viewer
from bigloop.contracts import Document, HistoryRow, Observation, SpecError
from bigloop.loop.history import read_history
from bigloop.loop.sheet import sheet_of

router = APIRouter(tags=["observations"])

Csv = Annotated[bytes, Body(media_type="text/csv")]


class ObservationPage(Document):
    """A page of observations."""

    observations: tuple[Observation, ...]
    next: int | None = None
    """`after` of the following page; none: this is the last."""


class Imported(Document):
    """What an import did, or would do."""

    rows: int
    """Measurements in what was sent."""
    new: int
    """Of them, taken in; 0 in a preview."""
    preview: tuple[str, ...] = ()
    """In words, by source and observable."""


class Past(Document):
    """Measurements that no trial of the campaign made."""

    rows: tuple[HistoryRow, ...]


@router.get("/campaigns/{campaign}/observations")
def observations(
    context: Used,
    _: Viewer,
    campaign: CampaignName,
    trial: Annotated[str | None, Query(max_length=64)] = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Limit = 100,
) -> ObservationPage:
    """What was measured, as it came, a page at a time; late results too."""
    found = context.store.observation_page(
        campaign, trial=trial, after=after, limit=limit
    )
    following = found[-1].id if len(found) == limit else None
    return ObservationPage(observations=tuple(found), next=following)


@router.post("/campaigns/{campaign}/observations")
def bring(
    context: Used, asking: Scientist, campaign: CampaignName, past: Past
) -> Imported:
    """Take past measurements in: all or none; a row that is there is skipped."""
    new = context.store.import_history(campaign, past.rows, asking.name)
    return Imported(rows=len(past.rows), new=new)


@router.post("/campaigns/{campaign}/observations/sheet")
def bring_sheet(
    context: Used,
    asking: Scientist,
    campaign: CampaignName,
    content: Csv,
    source: Annotated[str | None, Query(max_length=200)] = None,
    preview: bool = True,
) -> Imported:
    """Past measurements as CSV, long or wide; a preview unless it is said otherwise."""
    if not content:
        raise SpecError("the body is empty; send the CSV file in it")
    spec = context.store.campaign(campaign)
    history = read_history(spec, sheet_of("body.csv", content), source)
    n = len(history.rows)
    if preview:
        return Imported(rows=n, new=0, preview=tuple(history.lines()))
    new = context.store.import_history(campaign, history.rows, asking.name)
    return Imported(rows=n, new=new, preview=tuple(history.lines()))
