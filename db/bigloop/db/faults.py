"""What a database engine reports, told as one line with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import exc

from bigloop.contracts import ConflictError, StoreError

_REMEDIES = {
    "locked": "another process holds the write lock for long; end it, then retry",
    "lock timeout": "another session holds the write lock for long; end it, then retry",
    "is full": "free disk space, then retry; nothing of this change was kept",
    "no space left": "free disk space, then retry; nothing of this change was kept",
    "not a database": "point the URL at a bigloop database or at a new file",
    "malformed": "the file is damaged; restore it from a backup",
    "unable to open": "check that the folder exists and may be written to",
    "readonly": "give this user the right to write the file and its folder",
    "read-only": "connect to a server that accepts writes",
    "refused": "start the server, or correct host and port in the URL",
    "resolve": "correct the host in the URL",
    "password": "correct user and password in the URL",
    "does not exist": "create the database, or correct its name in the URL",
    "append-only": "events are never changed; correct by a new event",
}


@contextmanager
def told(url: sa.URL) -> Iterator[None]:
    """Turn errors of the engine into ours.

    Raises:
        ConflictError: a constraint refused the write.
        StoreError: everything else; the change was rolled back.
    """
    try:
        yield
    except exc.IntegrityError as error:
        raise ConflictError(
            f"the database refused the write ({_first_line(error)}); another writer "
            "was first: read again, then retry"
        ) from error
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise StoreError(_line(url, error)) from error


def _line(url: sa.URL, error: Exception) -> str:
    problem = _first_line(error)
    where = url.render_as_string(hide_password=True)
    for sign, remedy in _REMEDIES.items():
        if sign in problem.lower():
            return f"{where}: {problem}; {remedy}"
    return f"{where}: {problem}; check that the database is up and may be written to"


def _first_line(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    return lines[0] if lines else type(original).__name__
