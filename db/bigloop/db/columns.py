"""Column types that hold the same value bit by bit on every engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class UtcTime(sa.TypeDecorator[datetime]):
    """A moment in UTC: SQLite keeps it as sortable text, PostgreSQL with its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a naive moment: it would be read as another one elsewhere."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; use datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the zone back that SQLite does not store."""
        if value is None:
            return None
        moment: datetime = value
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> _Convert:
        """What writes a moment."""
        return _each_once((dialect.name,), super().bind_processor(dialect))

    def result_processor(self, dialect: Dialect, coltype: object) -> _Convert:
        """What reads a moment."""
        read = super().result_processor(dialect, coltype)
        return _each_once((dialect.name, coltype), read)


_Convert = Callable[[Any], Any] | None
_converts: dict[tuple[object, ...], _Convert] = {}


def _each_once(key: tuple[object, ...], convert: _Convert) -> _Convert:
    """All that one transaction writes has one moment, in which it is read again."""
    if convert is None:
        return None
    return _converts.setdefault(key, lru_cache(1024)(convert))


class Amount(sa.TypeDecorator[Decimal]):
    """Money as decimal text: sums are exact, so that a ledger returns to zero."""

    impl = sa.Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> _Convert:
        """What writes plain text of a number."""
        return _text_of

    def result_processor(self, dialect: Dialect, coltype: object) -> _Convert:
        """What reads the number in a text."""
        return _number_in


def _text_of(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _number_in(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def exact(amount: float) -> Decimal:
    """The decimal that a float is written as: 0.1 is one tenth.

    Examples:
        >>> exact(0.1) + exact(0.2) == exact(0.3)
        True
    """
    return Decimal(repr(float(amount)))
