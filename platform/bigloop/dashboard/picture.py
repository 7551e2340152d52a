"""A chart as data, with what it needs to be understood; the page draws it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from bigloop.dashboard.thinning import spread

MANY = 1000
"""Dots beyond which those that would lie on top of each other are not drawn."""
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
        images: address of a picture of each point, below the path of the server;
            empty: there is none.
    """

    kind: str
    name: str
    colour: str
    points: Points
    titles: Sequence[str] = ()
    is_dashed: bool = False
    images: Sequence[str] = ()

    @property
    def drawn(self) -> Sequence[int]:
        """Places of the points that are drawn: all, but of very many dots."""
        if self.kind == "dots" and len(self.points) > MANY:
            seen = [place for place, image in enumerate(self.images) if image]
            return sorted({*spread(self.points, MANY), *seen})
        return range(len(self.points))

    def data(self) -> dict[str, Any]:
        """As the page's script reads it."""
        drawn = self.drawn
        return {
            "kind": self.kind,
            "name": self.name,
            "colour": self.colour,
            "points": _plain([self.points[place] for place in drawn]),
            "titles": [self.titles[place] for place in drawn] if self.titles else [],
            "dashed": self.is_dashed,
            "images": [self.images[place] for place in drawn] if self.images else [],
        }


def _plain(points: Points) -> Points:
    """All digits of few points; of many, those that a screen can show."""
    if len(points) <= MANY:
        return points
    return [tuple([float(f"{value:.6g}") for value in point]) for point in points]


T = TypeVar("T")


class Titles(Sequence[str], Generic[T]):
    """A title for each point, written when it is asked for."""

    def __init__(self, items: Sequence[T], told: Callable[[T], str]) -> None:
        self._items, self._told = items, told

    def __len__(self) -> int:
        """As many as there are points."""
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        """The title of one point, or of some."""
        if isinstance(place, slice):
            return [self._told(item) for item in self._items[place]]
        return self._told(self._items[place])


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
        thinned = [s for s in self.series if len(s.drawn) < len(s.points)]
        if not thinned:
            return self.note
        n, of = sum(len(s.drawn) for s in thinned), sum(len(s.points) for s in thinned)
        return (
            f"{self.note} Drawn are {n:,} of {of:,} dots: one for each spot of a fine "
            "grid, and every extreme."
        )

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
