"""The version of a database's schema: creating, upgrading, refusing a newer one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import StoreError
from bigloop.db.engine import Connections, reading, writing
from bigloop.db.tables import metadata

HEAD = "0004"
"""The schema that this version of bigloop reads and writes."""
VERSION_TABLE = "bigloop_schema"
"""Not Alembic's default name: MLflow may share the database."""
MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 0x6269676C  # any number, the same in every process


def prepare(connections: Connections) -> None:
    """Bring the database to `HEAD`; one that is there already is only read.

    Raises:
        StoreError: a newer schema, or another program's database; nothing touched.
    """
    with reading(connections) as conn:
        current = version(conn)
    if connections.engine.dialect.name == "sqlite":
        with connections.one() as conn:
            # Not inside a transaction, where SQLite ignores it.
            driver: Any = conn.connection.driver_connection
            driver.execute("PRAGMA journal_mode=WAL")
    if current == HEAD:
        return
    with writing(connections) as conn:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        # Another process may have been here in the meantime.
        if version(conn) != HEAD:
            _upgrade(conn)


def version(conn: sa.Connection) -> str | None:
    """The schema of the database; none when it is empty.

    Raises:
        StoreError: it is newer than this bigloop, or not bigloop's.
    """
    where = conn.engine.url.render_as_string(hide_password=True)
    names = sa.inspect(conn).get_table_names()
    if VERSION_TABLE not in names:
        # A SQLite file belongs to one program; a PostgreSQL schema may be shared.
        ours = names if conn.dialect.name == "sqlite" else set(names) & _names()
        if ours:
            raise StoreError(
                f"{where}: holds tables of another program ({', '.join(sorted(ours))})"
                "; choose a new file, database or schema"
            )
        return None
    table = sa.table(VERSION_TABLE, sa.column("version_num"))
    current = conn.scalar(sa.select(table.c.version_num))
    if current is not None and str(current) > HEAD:
        raise StoreError(
            f"{where}: its schema is {current}, newer than {HEAD}, which this bigloop "
            "knows; upgrade bigloop (nothing was touched)"
        )
    return None if current is None else str(current)


def _names() -> set[str]:
    return set(metadata.tables)


def _upgrade(conn: sa.Connection) -> None:
    # Alembic is imported only here: a store that is up to date opens without it.
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(MIGRATIONS))

    def steps(revision: Any, context: Any) -> Iterable[Any]:
        return script._upgrade_revs(HEAD, revision)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=conn, version_table=VERSION_TABLE)
        environment.run_migrations()
