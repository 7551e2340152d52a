"""Artifacts: files of a campaign, known by the SHA-256 of their content."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool

from bigloop.api.answering import CampaignName
from bigloop.api.context import Used
from bigloop.api.files import BINARY, keep, saved_as
from bigloop.api.security import Operator, Viewer
from bigloop.contracts import NotFoundError
from bigloop.db import Artifact
from bigloop.loop.filing import place_of

router = APIRouter(tags=["artifacts"])
MOST_BYTES = 2**32
"""Beyond any setting."""
_BODY = {
    "requestBody": {
        "required": True,
        "content": {BINARY: {"schema": {"type": "string", "format": "binary"}}},
    }
}
Sha256 = Annotated[str, InPath(pattern=r"^[0-9a-f]{64}$")]


@router.post(
    "/campaigns/{campaign}/artifacts", openapi_extra=_BODY, max_body_size=MOST_BYTES
)
async def upload(
    context: Used,
    asking: Operator,
    campaign: CampaignName,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=200)],
    trial: Annotated[str | None, Query(max_length=64)] = None,
) -> Artifact:
    """Keep the file in the body; the same content again is the same artifact."""
    store = context.store
    await run_in_threadpool(store.campaign, campaign)
    most = context.settings.artifact_bytes
    sha256, size = await keep(context.folder, request.stream(), most)
    kind = request.headers.get("content-type", BINARY)[:200]

    def note() -> Artifact:
        return store.add_artifact(
            campaign, sha256, name, size, asking.name, media_type=kind, trial=trial
        )

    return await run_in_threadpool(note)


@router.get("/campaigns/{campaign}/artifacts")
def artifacts(
    context: Used,
    _: Viewer,
    campaign: CampaignName,
    trial: Annotated[str | None, Query(max_length=64)] = None,
) -> list[Artifact]:
    """Files of a campaign, or of one trial, in the order in which they came."""
    return context.store.artifacts(campaign, trial)


@router.get("/artifacts/{sha256}", response_class=Response)
def download(context: Used, _: Viewer, sha256: Sha256) -> Response:
    """A file, to be saved: whatever it is, no browser runs it."""
    found = context.store.artifact(sha256)
    place = place_of(context.folder, sha256)
    if not place.is_file():
        raise NotFoundError(f"artifact {sha256}: its file is gone; restore the folder")
    return FileResponse(place, media_type=BINARY, headers=saved_as(found.name))
