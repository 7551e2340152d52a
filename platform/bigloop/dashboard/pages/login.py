"""Logging in and out, by password or through another provider."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from bigloop.api import login, sessions
from bigloop.api.context import Used
from bigloop.api.failures import status_of
from bigloop.api.security import (
    PUBLIC,
    Principal,
    Role,
    TooManyError,
    UnauthenticatedError,
)
from bigloop.contracts import BigloopError
from bigloop.dashboard.pages.rendering import page

router = APIRouter()
Back = Annotated[str, Query(alias="next", max_length=2000)]
_NOBODY = Principal(name="", role=Role.VIEWER)


@router.get("/login", dependencies=[Depends(PUBLIC)])
def form(request: Request, context: Used, back: Back = "/") -> Response:
    """The form; where there are no accounts, there is nothing to log in to."""
    if context.local and not context.store.has_people():
        return _redirect(request, back)
    return _form(request, context, back)


@router.post("/login", dependencies=[Depends(PUBLIC)])
def enter(
    request: Request,
    context: Used,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2000)] = "",
    back: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """Begin a session; the form again, with a reason, when that cannot be."""
    try:
        person = login.check(context, request, name, password)
    except (UnauthenticatedError, TooManyError) as error:
        return _form(request, context, back, error, name)
    response = _redirect(request, back)
    sessions.opened(context.store, request, response, person)
    return response


@router.post("/logout", dependencies=[Depends(PUBLIC)])
def leave(request: Request, context: Used) -> Response:
    """End the session of this browser."""
    response = _redirect(request, "/login")
    sessions.closed(context.store, request, response)
    return response


@router.get("/login/oidc", dependencies=[Depends(PUBLIC)])
def depart(request: Request, context: Used, back: Back = "/") -> Response:
    """Go to the provider that the settings name."""
    # Only where somebody comes that way: its client is a tenth of a server's start.
    from bigloop.api import oidc

    return oidc.depart(context, request, _inside(back))


@router.get("/login/oidc/back", dependencies=[Depends(PUBLIC)])
async def arrive(request: Request, context: Used) -> Response:
    """Come back from the provider, and begin a session."""
    from bigloop.api import oidc

    try:
        person, back = await run_in_threadpool(oidc.arrive, context, request)
    except BigloopError as error:
        return await run_in_threadpool(_form, request, context, "/", error)
    response = _redirect(request, back)
    await run_in_threadpool(sessions.opened, context.store, request, response, person)
    return response


def _form(
    request: Request,
    context: Used,
    back: str,
    error: BigloopError | None = None,
    name: str = "",
) -> Response:
    status = 200 if error is None else int(status_of(error))
    shown = page(
        request,
        _NOBODY,
        "login",
        status,
        back=_inside(back),
        error=str(error or ""),
        name=name,
        has_oidc=bool(context.settings.oidc_issuer),
    )
    shown.headers["Cache-Control"] = "no-store"
    if isinstance(error, TooManyError):
        shown.headers["Retry-After"] = str(error.wait_s)
    return shown


def _inside(path: str) -> str:
    """A path of ours; anything that could lead elsewhere is the first page."""
    is_ours = path.startswith("/") and not path.startswith("//")
    is_plain = path.isprintable() and "\\" not in path
    return path if is_ours and is_plain else "/"


def _redirect(request: Request, path: str) -> RedirectResponse:
    return RedirectResponse(f"{sessions.base_of(request)}{_inside(path)}", 303)
