"""Sessions of the pages: a cookie that scripts cannot read, new at every login."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from bigloop.api.guarding import LOOPBACK
from bigloop.api.tokens import digest
from bigloop.config import Settings
from bigloop.db import Store

COOKIE = "bigloop_session"


def opened(
    store: Store, connection: HTTPConnection, response: Response, person: str
) -> None:
    """Begin a session of a person; the one that this browser had ends."""
    closed(store, connection, response)
    secret = secrets.token_urlsafe(32)
    store.open_login(digest(secret), person)
    put(connection, response, COOKIE, secret)


def closed(store: Store, connection: HTTPConnection, response: Response) -> None:
    """End the session of this browser, if it has one."""
    if old := connection.cookies.get(COOKIE):
        store.close_login(digest(old))
    response.delete_cookie(COOKIE, path=base_of(connection) or "/")


def person_of(
    store: Store, connection: HTTPConnection, settings: Settings
) -> str | None:
    """Whose session this browser is in."""
    secret = connection.cookies.get(COOKIE)
    if not secret:
        return None
    idle, longest = settings.session_idle_s, settings.session_longest_s
    login = store.login(digest(secret), idle, longest)
    return login.person or None if login else None


def put(
    connection: HTTPConnection,
    response: Response,
    name: str,
    value: str,
    max_age: int | None = None,
) -> None:
    """Set a cookie that only we read; over plain HTTP on this machine alone."""
    host = connection.headers.get("host", "")
    is_local = (urlsplit(f"//{host}").hostname or "") in LOOPBACK
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=base_of(connection) or "/",
        secure=connection.url.scheme == "https" or not is_local,
        httponly=True,
        samesite="lax",
    )


def base_of(connection: HTTPConnection) -> str:
    """The path under which a proxy shows the server; empty at the root."""
    return str(connection.scope.get("root_path", "")).rstrip("/")


def path_of(connection: HTTPConnection) -> str:
    """Path and query below `base_of`, to come back to."""
    path, base = connection.scope["path"], base_of(connection)
    if base and path.startswith(f"{base}/"):
        path = path[len(base) :]
    query = connection.scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else str(path)
