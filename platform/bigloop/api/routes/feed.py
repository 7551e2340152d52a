"""The live feed: it says that something changed, and never what it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from bigloop.api.context import Used
from bigloop.api.live import Watch
from bigloop.api.security import Viewer

router = APIRouter(tags=["events"])
_NO_BUFFER = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/feed", response_class=StreamingResponse)
async def feed(
    context: Used,
    _: Viewer,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> StreamingResponse:
    """Server-sent events: number, kind and campaign of every event, without a gap.

    A client that was cut off sends the last number it saw (`Last-Event-ID`, as a
    browser does by itself) and goes on from there; a new one begins with the next
    event, or after number `after`.
    """
    start = last_event_id if last_event_id is not None else after
    if start is None:
        start = context.store.last_seq()
    # FastAPI's own server-sent events log an error whenever a client goes away.
    return StreamingResponse(
        _told(context.watch, start),
        media_type="text/event-stream",
        headers=_NO_BUFFER,
    )


async def _told(watch: Watch, after: int) -> AsyncIterator[str]:
    yield "retry: 500\n\n"
    async for event in watch.follow(after):
        if event is None:
            yield ": still here\n\n"
        else:
            data = json.dumps({"kind": event.kind, "campaign": event.campaign})
            yield f"id: {event.seq}\nevent: changed\ndata: {data}\n\n"
