"""Rank correlation with its interval: whether one ordering tells of another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bigloop.contracts import significant

LEAST = 4
"""Pairs below which no interval can be given: its width goes with 1 / (n - 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Spearman's rank correlation of n pairs; none where it is not defined.

    Attributes:
        low: of the 95 % interval; `high` likewise; none for fewer than four pairs.
    """

    n: int
    rho: float | None
    low: float | None = None
    high: float | None = None

    @property
    def words(self) -> str:
        """The correlation, its interval and n."""
        if self.rho is None:
            return f"no rank correlation (n = {self.n})"
        if self.low is None or self.high is None:
            return f"rank correlation {significant(self.rho)} (n = {self.n}, too few)"
        return (
            f"rank correlation {significant(self.rho)} (95 % interval "
            f"{significant(self.low)} to {significant(self.high)}, n = {self.n})"
        )


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> Association:
    r"""Spearman's correlation, with its interval by Fisher's z.

    The variance $(1 + \rho^2 / 2) / (n - 3)$ of z is that of [Bonett2000]_.

    .. [Bonett2000] D. G. Bonett, T. A. Wright, Psychometrika 65, 23 (2000).

    Examples:
        >>> rank_correlation([1, 2, 3, 4, 5], [2, 4, 6, 8, 9]).rho
        1.0
    """
    n = len(a)
    x, y = ranks(a), ranks(b)
    rho = _pearson(x, y)
    if rho is None or n < LEAST or abs(rho) == 1.0:
        return Association(n=n, rho=rho)
    reach = 1.959963984540054 * math.sqrt((1 + rho**2 / 2) / (n - 3))
    z = math.atanh(rho)
    return Association(
        n=n, rho=rho, low=math.tanh(z - reach), high=math.tanh(z + reach)
    )


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs.

    Examples:
        >>> ranks([10, 30, 10])
        [1.5, 3.0, 1.5]
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in range(start, end):
            found[order[place]] = (start + end + 1) / 2
        start = end
    return found


def _pearson(x: Sequence[float], y: Sequence[float]) -> float | None:
    if len(x) < 2:
        return None
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    u, v = [a - mean_x for a in x], [b - mean_y for b in y]
    size = math.sqrt(sum(a * a for a in u) * sum(b * b for b in v))
    if size == 0:
        return None
    return max(-1.0, min(1.0, sum(a * b for a, b in zip(u, v, strict=True)) / size))
