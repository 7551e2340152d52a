"""Logging in by name and password: counted before it is tried."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from starlette.requests import HTTPConnection

from bigloop.api import passwords
from bigloop.api.context import Context
from bigloop.api.security import TooManyError, UnauthenticatedError


def check(
    context: Context, connection: HTTPConnection, name: str, password: str
) -> str:
    """The name of who may come in.

    Raises:
        UnauthenticatedError: name or password is wrong; it does not say which.
        TooManyError: too many attempts of this name or from this address.
    """
    store, settings = context.store, context.settings
    address = connection.client.host if connection.client else "unknown"
    counted = {
        f"address:{address}": settings.login_tries_address,
        f"name:{name[:64]}": settings.login_tries,
    }
    for who, most in counted.items():
        until = store.note_try(who, most, settings.login_window_s)
        if until is not None:
            wait_s = max(1, math.ceil((until - datetime.now(UTC)).total_seconds()))
            minutes = math.ceil(wait_s / 60)
            raise TooManyError(
                f"too many attempts to log in; go on in {minutes} min, or ask an admin",
                wait_s,
            )
    if not passwords.fits(store, name, password, settings):
        raise UnauthenticatedError("name or password is wrong; try again")
    store.forgive(f"name:{name[:64]}")
    return name
