"""A small chart as SVG: text stays text, colours are classes of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from bigloop.contracts import significant

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 460.0, 270.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 12.0, 12.0, 42.0
_TICKS = 5


@dataclass(slots=True, kw_only=True)
class Chart:
    """Axes and what is drawn in them, in the order in which it is added.

    Attributes:
        x: lowest and highest value of the horizontal axis; `y` likewise.
        label: what the picture shows, for those who do not see it.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_title: str
    y_title: str
    label: str
    _parts: list[str] = field(default_factory=list)

    def line(self, points: Points, kind: str) -> None:
        """A line through points."""
        if len(points) > 1:
            self._parts.append(f'<path class="line {kind}" d="{self._path(points)}"/>')

    def steps(self, points: Points, kind: str) -> None:
        """A line that keeps each value until the next point."""
        stairs: list[tuple[float, float]] = []
        for x, y in points:
            if stairs:
                stairs.append((x, stairs[-1][1]))
            stairs.append((x, y))
        self.line(stairs, kind)

    def band(self, lower: Points, upper: Points, kind: str) -> None:
        """The area between two lines."""
        outline = [*lower, *reversed(upper)]
        if len(outline) > 2:
            path = self._path(outline)
            self._parts.append(f'<path class="band {kind}" d="{path}Z"/>')

    def dots(self, points: Points, kind: str, titles: Sequence[str] = ()) -> None:
        """A dot a point; a title is shown when the pointer rests on it."""
        for index, (x, y) in enumerate(points):
            title = f"<title>{escape(titles[index])}</title>" if titles else ""
            self._parts.append(
                f'<circle class="dot {kind}" cx="{self._x(x):.1f}" '
                f'cy="{self._y(y):.1f}" r="3.2">{title}</circle>'
            )

    def bars(self, points: Points, ends: Points, kind: str) -> None:
        """A vertical error bar from `ends[i][0]` to `ends[i][1]` at each point."""
        for (x, _), (low, high) in zip(points, ends, strict=True):
            at, low_y, high_y = self._x(x), self._y(low), self._y(high)
            path = f"M{at:.1f} {low_y:.1f}V{high_y:.1f}"
            self._parts.append(f'<path class="line thin {kind}" d="{path}"/>')

    def mark(self, x: float, kind: str, title: str) -> None:
        """A vertical line."""
        path = f"M{self._x(x):.1f} {_TOP}V{_HEIGHT - _BOTTOM}"
        told = f"<title>{escape(title)}</title>"
        self._parts.append(f'<path class="mark {kind}" d="{path}">{told}</path>')

    def svg(self) -> str:
        """The whole picture."""
        return (
            f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" '
            f'aria-label="{escape(self.label)}">'
            f"{self._axes()}{''.join(self._parts)}</svg>"
        )

    def _path(self, points: Points) -> str:
        joined = "L".join(f"{self._x(x):.1f} {self._y(y):.1f}" for x, y in points)
        return f"M{joined}"

    def _x(self, value: float) -> float:
        return _LEFT + _share(value, self.x) * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        room = _HEIGHT - _TOP - _BOTTOM
        return _HEIGHT - _BOTTOM - _share(value, self.y) * room

    def _axes(self) -> str:
        parts = []
        for value in ticks(*self.y):
            y = self._y(value)
            parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
            parts.append(_text(_LEFT - 6, y + 4, significant(value), "end"))
        for value in ticks(*self.x):
            parts.append(
                _text(self._x(value), _HEIGHT - _BOTTOM + 16, significant(value))
            )
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        parts.append(_text(middle, _HEIGHT - 8, self.x_title))
        height = (_TOP + _HEIGHT - _BOTTOM) / 2
        turned = f'transform="rotate(-90 12 {height:g})"'
        parts.append(_text(12, height, self.y_title, "middle", turned))
        return "".join(parts)


def ticks(low: float, high: float) -> list[float]:
    """Round values between two bounds.

    Examples:
        >>> ticks(0, 100)
        [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    span = high - low
    if not span > 0:
        return [low]
    raw = span / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def span(values: Sequence[float], *, from_zero: bool = False) -> tuple[float, float]:
    """Bounds a little wider than the values; never empty."""
    low, high = min(values), max(values)
    if from_zero:
        low = min(0.0, low)
    room = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return (low if from_zero and low == 0.0 else low - room), high + room


def _share(value: float, bounds: tuple[float, float]) -> float:
    return (value - bounds[0]) / ((bounds[1] - bounds[0]) or 1.0)


def _text(
    x: float, y: float, text: str, anchor: str = "middle", extra: str = ""
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>'
        f"{escape(text)}</text>"
    )
