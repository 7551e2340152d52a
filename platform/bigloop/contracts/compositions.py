r"""Compositions: parameters whose values add up to a total, such as a solvent mixture.

Drawn uniformly by a Gibbs sampler: two components exchange a part, uniformly among the
exchanges that keep their bounds. On the simplex of `d` components it forgets its start
after a number of exchanges of the order of $d \log d$ [Smith2014]_.

.. [Smith2014] Smith: A Gibbs sampler on the n-simplex. Ann. Appl. Probab. 24
   (2014) 114.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from pydantic import PositiveFloat, model_validator

from bigloop.contracts.base import Design, Document, Name, significant
from bigloop.contracts.units import parse_unit

ROUNDING = 1e-5
"""Share of the total by which a sum may miss it where a composition says nothing."""
SWEEPS = 6.0
"""Exchanges for every component, times the logarithm of their number."""

Range = tuple[float, float]
"""Lowest and highest value of a component."""


class Composition(Document):
    """Components whose values add up to a total: a mixture, a stoichiometry, a recipe.

    Each component is a parameter with bounds of its own [Cornell2002]_.

    .. [Cornell2002] Cornell: Experiments with Mixtures, 3rd ed. Wiley (2002), ch. 1, 4.
    """

    components: tuple[Name, ...]
    total: PositiveFloat = 1.0
    unit: str = ""
    """Of the total and of every component, such as `percent`."""
    tolerance: PositiveFloat | None = None
    """How far the sum of a design that a person enters may miss the total, because its
    numbers are rounded [unit]; none: 1e-5 of the total."""
    description: str = ""

    @model_validator(mode="after")
    def _check(self) -> Composition:
        parse_unit(self.unit)
        if len(self.components) < 2:
            raise ValueError(
                f"components: {len(self.components)} named; a composition has two or "
                "more"
            )
        twice = [n for n in self.components if self.components.count(n) > 1]
        if twice:
            raise ValueError(f"components: {twice[0]!r} stands twice; name it once")
        return self

    @property
    def slack(self) -> float:
        """How far a sum may miss the total [unit]."""
        return ROUNDING * self.total if self.tolerance is None else self.tolerance

    @property
    def text(self) -> str:
        """The sum as it is written: `EC + DMC = 1`."""
        return f"{' + '.join(self.components)} = {self.total:g} {self.unit}".rstrip()

    def missing(self, design: Mapping[str, float | str]) -> float:
        """What a design lacks of the total [unit]; below 0 where it has too much."""
        return self.total - math.fsum(float(design[name]) for name in self.components)

    def problem(self, design: Design) -> str | None:
        """Why a design is no such composition, in words."""
        lacks = self.missing(design)
        if abs(lacks) <= self.slack:
            return None
        sum_of, unit = " + ".join(self.components), f" {self.unit}".rstrip()
        what = "is missing" if lacks > 0 else "is too much"
        return (
            f"{sum_of} is {self.total - lacks:.7g}{unit}, not {self.total:g}{unit}: "
            f"{significant(abs(lacks))}{unit} {what}"
        )

    def rounded(
        self, design: Mapping[str, float | str], decimals: int
    ) -> dict[str, float]:
        """Components rounded to decimals so that they still add up to the total.

        Those with the largest remainders are rounded up; the total is rounded too.
        """
        step = 10**decimals
        shares = {name: float(design[name]) * step for name in self.components}
        whole = {name: math.floor(share) for name, share in shares.items()}
        lacking = round(self.total * step) - sum(whole.values())
        for name in sorted(shares, key=lambda name: whole[name] - shares[name]):
            whole[name] += lacking > 0
            lacking -= lacking > 0
        return {name: count / step for name, count in whole.items()}

    def draw(self, ranges: Sequence[Range], rng: random.Random) -> list[float]:
        """Values of the components, drawn uniformly from all within the ranges.

        Args:
            ranges: of every component; the total lies between the sums of their ends.
            rng: the random sequence.
        """
        n = len(ranges)
        x = _filled(self.total, ranges, rng)
        for _ in range(math.ceil(SWEEPS * n * math.log(n)) if n > 2 else 0):
            i, j = int(n * rng.random()), int((n - 1) * rng.random())
            j += j >= i
            both = x[i] + x[j]
            least = max(ranges[i][0], both - ranges[j][1])
            most = min(ranges[i][1], both - ranges[j][0])
            x[i] = rng.uniform(least, most)
            x[j] = both - x[i]
        pairs = zip(x, ranges, strict=True)
        return [min(max(value, low), high) for value, (low, high) in pairs]


def _filled(total: float, ranges: Sequence[Range], rng: random.Random) -> list[float]:
    """A random composition: the narrowest range is filled first, the widest last."""
    x = [0.0] * len(ranges)
    left = total
    low, high = (math.fsum(pair[k] for pair in ranges) for k in (0, 1))
    for i in sorted(range(len(ranges)), key=lambda i: ranges[i][1] - ranges[i][0]):
        low, high = low - ranges[i][0], high - ranges[i][1]
        least, most = max(ranges[i][0], left - high), min(ranges[i][1], left - low)
        x[i] = rng.uniform(least, max(least, most))
        left -= x[i]
    return x
