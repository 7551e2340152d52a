"""Errors as answers: one line that says what was wrong and what to do next."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from bigloop.api.security import ForbiddenError, UnauthenticatedError
from bigloop.contracts import (
    BigloopError,
    BudgetError,
    ConflictError,
    NotFoundError,
    ResultError,
    SourceError,
    SpecError,
    StoreError,
)

_STATUS: dict[type[BigloopError], HTTPStatus] = {
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
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


async def _answer(_: Request, error: Exception) -> Response:
    assert isinstance(error, BigloopError)
    status = status_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"detail": str(error)}, status, headers)


def register(app: FastAPI) -> None:
    """Answer every error of the tree under `/api`; pages put their own in front."""
    app.add_exception_handler(BigloopError, _answer)
