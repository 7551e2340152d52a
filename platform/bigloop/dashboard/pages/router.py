"""All pages and what they load, as one router."""

from __future__ import annotations

from importlib.resources import files
from mimetypes import guess_type
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as InPath
from fastapi.responses import Response

from bigloop.api.security import PUBLIC
from bigloop.contracts import NotFoundError
from bigloop.dashboard.pages import (
    bench,
    deciding,
    events,
    learning,
    login,
    overview,
    pictured,
    queue,
    resolving,
    space,
    spending,
    steering,
    trial,
    trials,
)

router = APIRouter()
for part in (
    login,
    overview,
    queue,
    deciding,
    resolving,
    steering,
    bench,
    trials,
    trial,
    learning,
    spending,
    space,
    pictured,
    events,
):
    router.include_router(part.router)

_NAME = r"^(vendor/)?[a-z0-9-]+(\.[a-z0-9]+)+$"


@router.get("/static/{name:path}", dependencies=[Depends(PUBLIC)])
def static(name: Annotated[str, InPath(pattern=_NAME)]) -> Response:
    """A file that pages load; nothing else of the package is reached."""
    found = files("bigloop.dashboard").joinpath("static", *name.split("/"))
    if not found.is_file():
        raise NotFoundError(f"static file {name!r} does not exist; reload the page")
    kind = guess_type(name)[0] or "application/octet-stream"
    kept = {"Cache-Control": "public, max-age=3600"}
    return Response(found.read_bytes(), media_type=kind, headers=kept)
