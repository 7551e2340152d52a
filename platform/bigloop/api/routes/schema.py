"""The OpenAPI document of the API itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from bigloop.api.security import Viewer

router = APIRouter(tags=["schema"])


@router.get("/openapi.json")
def openapi(request: Request, _: Viewer) -> dict[str, Any]:
    """What every route takes and gives, as an OpenAPI document."""
    found: dict[str, Any] = request.app.openapi()
    return found
