"""A chart as data, with what it needs to be understood; the page draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

MANY = 2000
"""Points beyond which a series is drawn as one path, without a title for each."""
Points = Sequence[tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A title with its unit, and bounds where they are not the data's.

    Attributes:
        from_zero: whether 0 is shown.
    """

    title: str
    low: float | None = None
    high: float | None = None
    from_zero: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points of one kind.

    Attributes:
        kind: `line`, `steps`, `dots`, `bars` (x, low, high) or `area` (stacked).
        colour: `c1` to `c6`, `soft` or `ink`: the page knows them, light and dark.
        titles: of each point, where it is one by itself.
    """

    kind: str
    name: str
    colour: str
    points: Points
    titles: Sequence[str] = ()
    is_dashed: bool = False

    def data(self) -> dict[str, Any]:
        """As the page's script reads it."""
        titles = self.titles if len(self.points) <= MANY else ()
        return {
            "kind": self.kind,
            "name": self.name,
            "colour": self.colour,
            "points": _plain(self.points),
            "titles": list(titles),
            "dashed": self.is_dashed,
        }


def _plain(points: Points) -> Points:
    """All digits of few points; of many, those that a screen can show."""
    if len(points) <= MANY:
        return points
    return [tuple([float(f"{value:.6g}") for value in point]) for point in points]


T = TypeVar("T")


def titles(items: Sequence[T], told: Callable[[T], str]) -> list[str]:
    """A title for each point; none where there are so many that none would be shown."""
    return [told(item) for item in items] if len(items) <= MANY else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A vertical line: something happened there."""

    x: float
    name: str
    is_dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart.

    Attributes:
        key: unique on its page.
        reading: how to read it.
        note: on how many results it rests; or why there is nothing to show.
        numbers: the same as a table, for those who do not see it: head and rows.
    """

    key: str
    title: str
    reading: str
    note: str
    x: Axis | None = None
    y: Axis | None = None
    series: Sequence[Series] = ()
    marks: Sequence[Mark] = ()
    is_diagonal: bool = False
    is_wide: bool = False
    numbers: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_drawn(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.series or self.extra)

    @property
    def says(self) -> str:
        """The note, with what was done to draw very many points."""
        if any(s.kind == "dots" and len(s.points) > MANY for s in self.series):
            return (
                f"{self.note} More than {MANY:,} points: drawn without single titles."
            )
        return self.note

    def data(self) -> dict[str, Any]:
        """As the page's script reads it."""
        return {
            "title": self.title,
            "x": _axis(self.x),
            "y": _axis(self.y),
            "series": [s.data() for s in self.series],
            "marks": [
                {"x": m.x, "name": m.name, "dashed": m.is_dashed} for m in self.marks
            ],
            "diagonal": self.is_diagonal,
            **self.extra,
        }


def _axis(axis: Axis | None) -> dict[str, Any] | None:
    if axis is None:
        return None
    return {
        "title": axis.title,
        "low": axis.low,
        "high": axis.high,
        "zero": axis.from_zero,
    }
