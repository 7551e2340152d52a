"""Errors as answers: one line that says what was wrong and what to do next."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from bigloop.api.security import ForbiddenError, UnauthenticatedError
from bigloop.contracts import (
    BigloopError,
    BudgetError,
    ChangedError,
    ConflictError,
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
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    ChangedError: HTTPStatus.PRECONDITION_FAILED,
    BudgetError: HTTPStatus.CONFLICT,
    SpecError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ResultError: HTTPStatus.UNPROCESSABLE_ENTITY,
    StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    SourceError: HTTPStatus.SERVICE_UNAVAILABLE,
}


def status_of(error: BigloopError) -> HTTPStatus:
    """The status that an error is answered with."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, BigloopError)
    status = status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    said = {"detail": str(error), "error": type(error).__name__}
    trial = request.path_params.get("trial")
    if isinstance(error, ConflictError) and trial is not None:
        said |= _as_it_stands(request, trial)
    return JSONResponse(said, status, headers)


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
