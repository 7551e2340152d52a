"""Pausing, resuming, stopping and aborting a campaign; revoking its limits."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from bigloop.api.security import Operator, Role, Scientist, needs
from bigloop.contracts import SpecError
from bigloop.dashboard.pages.deciding import Form
from bigloop.dashboard.pages.desk import AtDesk
from bigloop.dashboard.pages.rendering import is_part
from bigloop.db.records import Status

router = APIRouter()
_STATUS = ("paused", "running", "stopped")


@router.post("/c/{campaign}/steer")
def steer(
    request: Request, desk: AtDesk, asking: Operator, campaign: str, form: Form
) -> Response:
    """Set the standing of a campaign; an abort needs no more than an operator.

    Raises:
        SpecError: the standing is not one, or no reason is given.
        ForbiddenError: pausing, resuming and stopping need a scientist.
    """
    status, reason = form.get("status", ""), form.get("reason", "").strip()
    if status == "abort":
        # Nothing stands between a person and an abort, an unwritten reason neither.
        desk.store.abort(campaign, asking.name, reason or "no reason given")
    elif status in _STATUS:
        needs(asking, Role.SCIENTIST)
        if status == "running":
            reason = reason or "resumed by hand"
        elif not reason:
            raise SpecError("why: it is empty; write it, the audit log keeps it")
        desk.store.set_status(campaign, cast(Status, status), reason, asking.name)
    else:
        raise SpecError(f"status {status!r}: use abort or one of {_STATUS}")
    return _again(request, campaign)


@router.post("/c/{campaign}/revoke")
def revoke(
    request: Request, desk: AtDesk, asking: Scientist, campaign: str, form: Form
) -> Response:
    """End a limit that a rejection set."""
    limit, reason = form.get("limit", ""), form.get("reason", "")
    desk.store.revoke(campaign, limit, asking.name, reason)
    return _again(request, campaign)


def _again(request: Request, campaign: str) -> Response:
    if is_part(request):
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/c/{campaign}", 303)
