"""Errors as answers: one line that says what was wrong and what to do next."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel

from bigloop.api.security import ForbiddenError, TooManyError, UnauthenticatedError
from bigloop.api.sessions import base_of, path_of
from bigloop.contracts import (
    BigloopError,
    BudgetError,
    ChangedError,
    ConflictError,
    Document,
    Event,
    NotFoundError,
    ResultError,
    SourceError,
    SpecError,
    StoreError,
    Trial,
)

_STATUS: dict[type[BigloopError], HTTPStatus] = {
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    ChangedError: HTTPStatus.PRECONDITION_FAILED,
    BudgetError: HTTPStatus.CONFLICT,
    SpecError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ResultError: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    SourceError: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Changed(Document):
    """The last change of a trial, and who made it."""

    seq: int
    kind: str
    actor: str
    at: datetime


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str | list[dict[str, Any]]
    """In one line, what was wrong and what to do; or a list, by field of the body."""
    error: str | None = None
    """Name of the error."""
    trial: Trial | None = None
    """Of a conflict: the trial as it stands."""
    changed: Changed | None = None
    """Of a conflict: who made it so."""


ANSWERS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "It is refused, and why."},
    503: {"model": Problem, "description": "Store or source does not answer."},
}
"""How every operation may be refused, for the OpenAPI document."""


_PROGRAMS = ("/api/", "/metrics", "/healthz", "/static/")


def status_of(error: BigloopError) -> HTTPStatus:
    """The status that an error is answered with."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, BigloopError)
    status = status_of(error)
    if isinstance(error, UnauthenticatedError) and _is_page(request):
        return _to_login(request)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if isinstance(error, TooManyError):
        headers = {"Retry-After": str(error.wait_s)}
    said = {"detail": str(error), "error": type(error).__name__}
    trial = request.path_params.get("trial")
    if isinstance(error, ConflictError) and trial is not None:
        said |= _as_it_stands(request, trial)
    return JSONResponse(said, status, headers)


def _is_page(request: Request) -> bool:
    """Whether a person asks for a page; programs are told, and not led about."""
    if "authorization" in request.headers:
        return False
    is_shown = "text/html" in request.headers.get("accept", "")
    is_part = "hx-request" in request.headers
    path = request.scope["path"].removeprefix(base_of(request))
    return (is_shown or is_part) and not path.startswith(_PROGRAMS)


def _to_login(request: Request) -> Response:
    """A page is asked for again after the login; a part of one leads there."""
    is_part = "hx-request" in request.headers
    back = path_of(request) if request.method == "GET" else "/"
    if is_part:
        back = _whole_page(request)
    there = f"{base_of(request)}/login?next={quote(back, safe='/')}"
    if is_part:
        return Response(status_code=401, headers={"HX-Redirect": there})
    return RedirectResponse(there, HTTPStatus.SEE_OTHER)


def _whole_page(request: Request) -> str:
    """The page that asks for a part of itself, where it is one of ours."""
    page = urlsplit(request.headers.get("hx-current-url", ""))
    base = base_of(request)
    if page.netloc != request.headers.get("host") or not page.path.startswith(base):
        return "/"
    path = page.path.removeprefix(base) or "/"
    return f"{path}?{page.query}" if page.query else path


def _as_it_stands(request: Request, trial: str) -> dict[str, Any]:
    """The trial that somebody else changed, and who did."""
    store = request.app.state.context.store
    with suppress(BigloopError):
        now: Trial = store.trial(trial)
        last: Event | None = store.event(now.version)
        return {
            "trial": now.model_dump(mode="json"),
            "changed": None
            if last is None
            else last.model_dump(mode="json", include={"seq", "kind", "actor", "at"}),
        }
    return {}


def register(app: FastAPI) -> None:
    """Answer every error of the tree under `/api`; pages put their own in front."""
    app.add_exception_handler(BigloopError, _answer)
