"""Statements of the hot path: compiled once, then run by the driver itself.

SQLAlchemy's own execution costs ten times what SQLite needs for a small statement, and
an evaluation runs forty of them. What a statement says, and how its values are written
and read, is still SQLAlchemy's: its compiler and its types. Both drivers are
synchronous: their connection is that of DBAPI.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from bigloop.db.rows import Row

Values = Mapping[str, Any]
NOTHING: Values = MappingProxyType({})
_Convert = Callable[[Any], Any] | None


class Prepared:
    """A Core statement; compiled for each engine and set of values when first run.

    Safe for threads: what is kept depends on the statement alone, never on a row.

    Args:
        statement: without lists (`in_`), whose text depends on their length.
    """

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update) -> None:
        self._statement = statement
        self._known: dict[tuple[str, ...], _Compiled] = {}

    def run(self, conn: sa.Connection, values: Values) -> None:
        """Execute a statement that gives nothing."""
        self._compiled(conn, values).execute(conn, values)

    def run_each(self, conn: sa.Connection, rows: Sequence[Values]) -> None:
        """Execute it once for every row of values, which all have the same names."""
        if rows:
            self._compiled(conn, rows[0]).execute_each(conn, rows)

    def first(self, conn: sa.Connection, values: Values = NOTHING) -> Row | None:
        """The first row that it gives; none when there is none."""
        found = self.all(conn, values)
        return found[0] if found else None

    def all(self, conn: sa.Connection, values: Values = NOTHING) -> list[Row]:
        """The rows that it gives."""
        compiled = self._compiled(conn, values)
        return compiled.read(compiled.execute(conn, values))

    def _compiled(self, conn: sa.Connection, values: Values) -> _Compiled:
        key = (conn.dialect.name, *values)
        found = self._known.get(key)
        if found is None:
            found = _Compiled(self._statement, conn.dialect, list(values))
            self._known[key] = found
        return found


class _Compiled:
    """A statement for one engine and the names of the values that it is given."""

    def __init__(self, statement: Any, dialect: Dialect, names: list[str]) -> None:
        self._dialect = dialect
        compiled: Any = statement.compile(dialect=dialect, column_keys=names)
        self._text = str(compiled)
        writers: dict[str, _Convert] = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in compiled.binds.items()
        }
        given = compiled.construct_params(dict.fromkeys(names))
        self._constants = {k: v for k, v in given.items() if k not in names}
        # By place for SQLite, by name for PostgreSQL.
        self._is_by_place = compiled.positiontup is not None
        order = compiled.positiontup if self._is_by_place else given
        self._order: list[str] = list(order)
        found = [(k, writers[name]) for k, name in enumerate(self._order)]
        self._writers = [(k, write) for k, write in found if write is not None]
        self._columns = list(statement.exported_columns) if _gives(statement) else []
        fields = [column.key for column in self._columns]
        self._make = _row_of(fields)
        self._readers: list[tuple[int, Callable[[Any], Any]]] | None = None

    def execute(self, conn: sa.Connection, values: Values) -> Any:
        """The driver's cursor.

        Raises:
            DBAPIError: what the driver reported, as SQLAlchemy would.
        """
        given = self._given(values)
        driver: Any = conn.connection.dbapi_connection
        try:
            return driver.execute(self._text, given)
        except conn.dialect.loaded_dbapi.Error as error:
            raise _as_told(conn, self._text, error) from error

    def execute_each(self, conn: sa.Connection, rows: Sequence[Values]) -> None:
        """Execute it for several rows at once.

        Raises:
            DBAPIError: as `execute`.
        """
        given = [self._given(row) for row in rows]
        driver: Any = conn.connection.dbapi_connection
        try:
            driver.cursor().executemany(self._text, given)
        except conn.dialect.loaded_dbapi.Error as error:
            raise _as_told(conn, self._text, error) from error

    def _given(self, values: Values) -> Any:
        """Values as the driver takes them."""
        if self._constants:
            values = {**self._constants, **values}
        # Without a frame of Python for each value, as a comprehension would have one.
        given = list(map(values.__getitem__, self._order))
        for k, write in self._writers:
            given[k] = write(given[k])
        if self._is_by_place:
            return given
        return dict(zip(self._order, given, strict=True))

    def read(self, cursor: Any) -> list[Row]:
        """Rows with the values as the column types say."""
        if self._readers is None:
            self._readers = self._readers_of(cursor)
        rows: list[Any] = cursor.fetchall()
        if self._readers:
            rows = list(map(list, rows))
            for row in rows:
                for index, read in self._readers:
                    row[index] = read(row[index])
        return list(map(self._make, rows))

    def _readers_of(self, cursor: Any) -> list[tuple[int, Callable[[Any], Any]]]:
        found = []
        for index, column in enumerate(self._columns):
            code = cursor.description[index][1]
            impl = column.type.dialect_impl(self._dialect)
            if (read := impl.result_processor(self._dialect, code)) is not None:
                found.append((index, read))
        return found


def _row_of(fields: list[str]) -> Callable[[Iterable[Any]], Row]:
    """What makes rows with these fields, known only when a statement is compiled."""
    named: Any = namedtuple  # the type checker wants to see the fields
    return partial(tuple.__new__, named("Row", fields))


def on_driver(conn: sa.Connection, text: str) -> None:
    """Have the driver execute a text.

    Raises:
        DBAPIError: what the driver reported, as SQLAlchemy would.
    """
    driver: Any = conn.connection.dbapi_connection
    try:
        driver.execute(text)
    except conn.dialect.loaded_dbapi.Error as error:
        raise _as_told(conn, text, error) from error


def _as_told(conn: sa.Connection, text: str, error: Exception) -> BaseException:
    """What the driver reported, as SQLAlchemy would raise it."""
    kind = conn.dialect.loaded_dbapi.Error
    return sa.exc.DBAPIError.instance(text, None, error, kind, dialect=conn.dialect)


def _gives(statement: Any) -> bool:
    return isinstance(statement, sa.Select) or bool(statement._returning)
