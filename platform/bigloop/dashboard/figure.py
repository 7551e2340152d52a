"""A picture with what it needs to be understood."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture, how to read it, and on how many results it rests.

    Attributes:
        svg: empty when there is nothing to show; `note` then says why.
        legend: class and label of each colour.
    """

    title: str
    reading: str
    note: str
    svg: str = ""
    legend: tuple[tuple[str, str], ...] = ()


def missing(title: str, reading: str, why: str) -> Figure:
    """A figure for which there are no data yet."""
    return Figure(title=title, reading=reading, note=why)
