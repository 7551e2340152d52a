"""Errors as people see them: a page, or a line where the page asked for a part."""

from __future__ import annotations

from http import HTTPStatus
from inspect import isawaitable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from bigloop.api.failures import status_of
from bigloop.api.security import Principal, Role, UnauthenticatedError
from bigloop.contracts import BigloopError
from bigloop.dashboard.pages.rendering import is_part, page

_API = "/api/"
_NOBODY = Principal(name="", role=Role.VIEWER)


def register(app: FastAPI) -> None:
    """Show errors of pages as pages; what stands under `/api` keeps its own answers."""
    before = app.exception_handlers.get(BigloopError)

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, BigloopError)
        # Who has to log in is led to the login, and a program is told.
        if not _is_page(request) or isinstance(error, UnauthenticatedError):
            if before is None:
                return JSONResponse({"detail": str(error)}, status_of(error))
            answer: Any = before(request, error)
            return (await answer) if isawaitable(answer) else answer  # type: ignore[no-any-return]
        return shown(request, status_of(error), str(error))

    async def missing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if not _is_page(request):
            return await http_exception_handler(request, error)
        what = f"{request.method} {request.url.path}: {error.detail}"
        return shown(request, HTTPStatus(error.status_code), what)

    async def unread(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if not _is_page(request):
            return await request_validation_exception_handler(request, error)
        said = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'][1:])}: {problem['msg']}"
            for problem in error.errors()
        )
        return shown(request, HTTPStatus.UNPROCESSABLE_ENTITY, said)

    app.add_exception_handler(BigloopError, ours)
    app.add_exception_handler(RequestValidationError, unread)
    app.add_exception_handler(HTTPException, missing)


def shown(request: Request, status: HTTPStatus, what: str) -> HTMLResponse:
    """An error as a page, or as a line beside what was pressed."""
    if is_part(request):
        answer = page(request, _NOBODY, "problem", status, what=what)
        answer.headers["HX-Retarget"] = "find .problem"
        answer.headers["HX-Reswap"] = "innerHTML"
        return answer
    return page(
        request,
        _NOBODY,
        "error",
        status,
        code=int(status),
        phrase=status.phrase,
        what=what,
    )


def _is_page(request: Request) -> bool:
    base = request.scope.get("root_path", "")
    path = request.url.path.removeprefix(base)
    return not path.startswith((_API, "/static/", "/healthz", "/metrics"))
