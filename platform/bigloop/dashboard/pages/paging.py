"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list.

    Attributes:
        number: from 1.
        first: place of its first row in the whole list, from 1; 0 when it is empty.
    """

    rows: Sequence[T]
    number: int
    n_pages: int
    n: int
    first: int

    @property
    def last(self) -> int:
        """Place of its last row."""
        return max(0, self.first + len(self.rows) - 1)


def cut(rows: Sequence[T], number: int, size: int) -> Page[T]:
    """One page of a list; a number behind the last page gives the last page.

    Examples:
        >>> page = cut(list("abcde"), 2, 2)
        >>> page.rows, page.first, page.n_pages
        (['c', 'd'], 3, 3)
        >>> cut([], 7, 2).rows
        []
    """
    n_pages = max(1, -(-len(rows) // size))
    number = min(max(1, number), n_pages)
    start = (number - 1) * size
    part = rows[start : start + size]
    first = start + 1 if part else 0
    return Page(rows=part, number=number, n_pages=n_pages, n=len(rows), first=first)
