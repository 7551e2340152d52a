"""The metrics of a server, for whoever reads everything, or from this machine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.requests import HTTPConnection

from bigloop.api.context import Used
from bigloop.api.guarding import LOOPBACK
from bigloop.api.security import Needs, Role, principal

router = APIRouter()
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


def _reader(connection: HTTPConnection, context: Used) -> None:
    """A viewer; or a program on this machine that no proxy speaks for."""
    host = connection.client.host if connection.client else ""
    is_spoken_for = any(name in connection.headers for name in _FORWARDED)
    if host not in LOOPBACK or is_spoken_for:
        Needs(Role.VIEWER)(principal(connection, context))


@router.get("/metrics", response_class=Response)
def metrics(request: Request, _: Annotated[None, Depends(_reader)]) -> Response:
    """Trials by state, budgets, age of the queue, durations of requests."""
    content: bytes = request.app.state.metrics.text()
    return Response(content, media_type="text/plain; version=0.0.4; charset=utf-8")
