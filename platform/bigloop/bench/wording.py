"""Figures as people read them: three digits, and what was not reached said so."""

from __future__ import annotations

from bigloop.bench.figures import Coverage, Spread
from bigloop.contracts import significant


def spread_text(
    spread: Spread | None, scale: float = 1.0, beyond: str = "none", digits: int = 3
) -> str:
    """Median with quartiles; `beyond` stands for what was not reached.

    Examples:
        >>> spread_text(Spread(low=3, median=5, high=None), beyond=">60")
        '5 [3, >60]'
    """
    if spread is None:
        return ""
    low, middle, high = (
        beyond if value is None else significant(scale * value, digits)
        for value in (spread.low, spread.median, spread.high)
    )
    return f"{middle} [{low}, {high}]"


def coverage_text(c: Coverage | None) -> str:
    """Share inside with its interval and n; a dash where nothing was predicted."""
    if c is None:
        return "-"
    inside = f"{100 * c.share:.0f} % [{100 * c.low:.0f}, {100 * c.high:.0f}]"
    return f"{inside}, n {c.n:,}"


def ratio_text(value: float | None) -> str:
    """A ratio of two medians; `open` when one of them was not reached."""
    return "open" if value is None else significant(value)


def value_text(value: float | None) -> str:
    """A number, or that there is none."""
    return "not reached" if value is None else significant(value)
