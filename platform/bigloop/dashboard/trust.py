"""Whether a predictor deserves trust: errors, coverage, and a verdict in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, mean, stdev

from bigloop.contracts import significant
from bigloop.dashboard.association import Association, rank_correlation
from bigloop.dashboard.foresight import Foresight

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Nominal probabilities at which intervals are judged."""
ENOUGH = 20
"""Held-out specimens below which a coverage says next to nothing: the 95 % interval of
a share is then more than 0.3 wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often intervals of one level held what was measured.

    Attributes:
        low: of the 95 % Wilson interval of the share; `high` likewise.
    """

    level: float
    hits: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Observed share."""
        return self.hits / self.n

    @property
    def verdict(self) -> str:
        """Too narrow, too wide, or neither, as far as n allows."""
        if self.high < self.level:
            return "too narrow"
        if self.low > self.level:
            return "too wide"
        return "too few to judge" if self.n < ENOUGH else "not contradicted"

    @property
    def words(self) -> str:
        """The whole finding in one sentence."""
        return (
            f"Intervals of {100 * self.level:.0f} % held {100 * self.share:.0f} % of "
            f"{self.n} (95 % Wilson interval {100 * self.low:.0f} % to "
            f"{100 * self.high:.0f} %): {self.verdict}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Predictions beside what was measured later, on the natural scale.

    Attributes:
        error: mean of |predicted / measured - 1|.
        bias: mean of predicted - measured on the model's scale (the logarithm where
            the observable is `log`), with half of its 95 % interval (normal).
        rank: rank correlation of predicted and measured.
    """

    n: int
    error: float
    bias: float
    bias_reach: float | None
    rank: Association


def coverage(seen: Sequence[Foresight], level: float) -> Coverage:
    """The share of specimens inside their interval of one level."""
    from bigloop.models.scores import wilson

    z = NormalDist().inv_cdf((1 + level) / 2)
    hits = sum(abs(f.truth - f.mean) <= z * f.sd for f in seen)
    low, high = wilson(hits, len(seen))
    return Coverage(level=level, hits=hits, n=len(seen), low=low, high=high)


def coverages(seen: Sequence[Foresight]) -> list[Coverage]:
    """At every level; none without a specimen."""
    return [coverage(seen, level) for level in LEVELS] if seen else []


def parity(seen: Sequence[Foresight]) -> Parity | None:
    """Errors of the predictions; none without any."""
    if not seen:
        return None
    off = [f.mean - f.truth for f in seen]
    reach = (
        1.959963984540054 * stdev(off) / math.sqrt(len(off)) if len(off) > 1 else None
    )
    return Parity(
        n=len(seen),
        error=mean(abs(f.expected / f.measured - 1) for f in seen),
        bias=mean(off),
        bias_reach=reach,
        rank=rank_correlation([f.measured for f in seen], [f.expected for f in seen]),
    )


def parity_words(found: Parity, is_log: bool) -> str:
    """The errors in one sentence."""
    way = "too high" if found.bias > 0 else "too low"
    size = 100 * (math.exp(abs(found.bias)) - 1) if is_log else abs(found.bias)
    unit = " %" if is_log else ""
    sure = found.bias_reach is not None and abs(found.bias) > found.bias_reach
    lean = (
        f"on average {significant(size)}{unit} {way}"
        if sure
        else "no bias that could be told from chance"
    )
    return (
        f"Mean absolute error {significant(100 * found.error)} % of what was measured; "
        f"{lean}; {found.rank.words}."
    )
