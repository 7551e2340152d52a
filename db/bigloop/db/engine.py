"""The engine behind a URL: how SQLite and PostgreSQL are made to behave alike."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from bigloop.contracts import StoreError
from bigloop.db.prepared import on_driver

_MOST_KEPT = 5
_ACCEPTED = "use sqlite:///path.db or postgresql+psycopg://user@host/name"


def connect(text: str, lock_timeout_s: float) -> Connections:
    """Connections by a URL; nothing is opened yet.

    Raises:
        StoreError: the URL is not one of the two kinds, or its folder cannot be made.
    """
    url = _parsed(text)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        return Connections(_postgresql(url, lock_timeout_s))
    _make_folder(url)
    return Connections(_sqlite(url, lock_timeout_s))


def _parsed(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ImportError):
        # The text may hold a password, so it is not repeated.
        raise StoreError(f"the store's URL is not one; {_ACCEPTED}") from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"{url.drivername} is not supported; {_ACCEPTED}")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError(f"a store in memory is lost with its process; {_ACCEPTED}")
    return url


def _make_folder(url: sa.URL) -> None:
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: the folder cannot be made ({error.strerror}); choose another"
        ) from None


def _sqlite(url: sa.URL, lock_timeout_s: float) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"timeout": lock_timeout_s},
        max_overflow=-1,
        # Every transaction is ended by who began it: nothing is left to roll back.
        pool_reset_on_return=None,
    )
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, record: object) -> None:
    # The driver's own transactions start late and commit early; ours do not.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    # FULL: a power cut must not forget that a sample was handed over. In WAL mode it
    # costs one fsync a commit (0.2 ms on an SSD).
    connection.execute("PRAGMA synchronous=FULL")


class Connections:
    """Connections of an engine; those of SQLite are kept between transactions.

    To check one out of SQLAlchemy's pool and in again costs more than a small
    transaction. The pool asks a server first whether it is still there; a file is.

    Safe for threads: a connection is in one hand at a time.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._keeps = engine.dialect.name == "sqlite"
        self._idle: deque[sa.Connection] = deque()

    @contextmanager
    def one(self) -> Iterator[sa.Connection]:
        """The one that was used last: others lost their pages when it wrote."""
        try:
            conn = self._idle.pop()
        except IndexError:
            conn = self.engine.connect()
        try:
            yield conn
        except BaseException:
            conn.close()
            raise
        if self._keeps and len(self._idle) < _MOST_KEPT:
            self._idle.append(conn)
        else:
            conn.close()

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            self._idle.pop().close()
        self.engine.dispose()


@contextmanager
def reading(connections: Connections) -> Iterator[sa.Connection]:
    """A transaction that sees one moment of the database throughout."""
    with connections.one() as conn:
        if conn.dialect.name == "postgresql":
            conn.execution_options(isolation_level="REPEATABLE READ")
        with conn.begin():
            if conn.dialect.name == "sqlite":
                on_driver(conn, "BEGIN")
            yield conn


@contextmanager
def writing(connections: Connections) -> Iterator[sa.Connection]:
    """A transaction that writes; SQLite takes its lock at once.

    A lock that is upgraded half-way fails at once instead of waiting. That is said here
    and not to a listener of the engine: listeners slow every statement down.
    """
    with connections.one() as conn, conn.begin():
        if conn.dialect.name == "sqlite":
            on_driver(conn, "BEGIN IMMEDIATE")
        yield conn


def _postgresql(url: sa.URL, lock_timeout_s: float) -> sa.Engine:
    engine = sa.create_engine(
        url, pool_pre_ping=True, max_overflow=-1, connect_args={"connect_timeout": 10}
    )

    def set_up(connection: Any, record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {round(lock_timeout_s * 1000)}")
        connection.commit()

    event.listen(engine, "connect", set_up)
    return engine
