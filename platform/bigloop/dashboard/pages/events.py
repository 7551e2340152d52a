"""The audit log: who did what, filtered, exported, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from bigloop.api.security import Viewer
from bigloop.contracts import NotFoundError, canonical_json
from bigloop.dashboard.chronicle import chosen
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.paging import cut
from bigloop.dashboard.pages.rendering import campaign_page, page
from bigloop.db import Store

router = APIRouter()
_ROWS = 100


@router.get("/c/{campaign}/events", response_class=HTMLResponse)
def events(
    request: Request,
    desk: AtDesk,
    asking: Viewer,
    campaign: str,
    kind: str = "",
    actor: str = "",
    text: str = "",
    at: Annotated[int, Query(ge=1)] = 1,
) -> HTMLResponse:
    """A page of the log, newest first."""
    every = desk.chronicle(campaign).entries()
    found = chosen(every, kind=kind, actor=actor, text=text)
    shown = cut(found[::-1], at, _ROWS)
    return campaign_page(
        request,
        asking,
        desk,
        campaign,
        "events",
        shown=shown,
        kind=kind,
        actor=actor,
        text=text,
        kinds=sorted({e.kind for e in every}),
        actors=sorted({e.actor for e in every}),
        n=len(every),
        version=f"{len(every)}",
    )


@router.get("/c/{campaign}/events/{seq}", response_class=HTMLResponse)
def event(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str, seq: int
) -> HTMLResponse:
    """One event with its data and its hashes.

    Raises:
        NotFoundError: it is not of this campaign.
    """
    found = desk.store.events(seq - 1, desk.info(campaign).name, 1)
    if not found or found[0].seq != seq:
        raise NotFoundError(f"event {seq} is not of {campaign}; see the list of events")
    text = canonical_json(found[0].data)
    return page(request, asking, "event", event=found[0], text=text)


@router.get("/c/{campaign}/events.jsonl")
def exported(desk: AtDesk, asking: Viewer, campaign: str) -> StreamingResponse:
    """All events of a campaign, a JSON document a line."""
    name = desk.info(campaign).name
    return StreamingResponse(
        _lines(desk.store, name),
        media_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="{name}-events.jsonl"'},
    )


@router.get("/c/{campaign}/verified", response_class=HTMLResponse)
def verified(
    request: Request, desk: AtDesk, asking: Viewer, campaign: str
) -> HTMLResponse:
    """Replay the whole store and say whether the chain holds."""
    desk.info(campaign)
    key = ("verified", str(desk.store.last_seq()))
    return page(request, asking, "verified", found=desk.kept(key, desk.store.verify))


def _lines(store: Store, campaign: str) -> Iterator[str]:
    for found in store.every_event(campaign):
        yield found.model_dump_json() + "\n"
