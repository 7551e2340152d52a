"""Pictures of trials, as a browser may show them."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from bigloop.api.routes.artifacts import Sha256
from bigloop.api.security import Viewer
from bigloop.contracts import NotFoundError
from bigloop.dashboard.images import media_type
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.loop.filing import place_of

router = APIRouter()
# The content of an address never changes; what is in it may do nothing at all.
_SHOWN = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
}


@router.get("/c/{campaign}/pictures/{sha256}")
def picture(desk: AtDesk, _: Viewer, campaign: str, sha256: Sha256) -> FileResponse:
    """A PNG or JPEG of a campaign; its type is what its first bytes say.

    Raises:
        NotFoundError: the campaign has no such file, or it is no picture.
    """
    known = {a.sha256 for a in desk.store.artifacts(desk.info(campaign).name)}
    place = place_of(desk.context.folder, sha256)
    if sha256 not in known or not place.is_file():
        raise NotFoundError(f"{campaign} has no picture {sha256}; see its trials")
    kind = media_type(place)
    if kind is None:
        raise NotFoundError(f"file {sha256} is no PNG and no JPEG; download it")
    return FileResponse(place, media_type=kind, headers=_SHOWN)
