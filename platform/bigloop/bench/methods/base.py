"""What a method is: it is asked, told, and in the end says what it recommends."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bigloop.bench.space import decoded, encoded
from bigloop.contracts import Campaign, Design, Stock, canonical_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that a method is given: nothing of the truth.

    Attributes:
        campaign: space, goal, sources with their prices, budget, seed.
        stock: the designs that there are; none: every point of the box.
    """

    campaign: Campaign
    stock: tuple[Stock, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a method wants to know next.

    Attributes:
        source: which source to ask.
        design: about which design.
        interval: the result that it expects, as 90 % interval in the objective's
            unit; none when it predicts none.
        batch: that the result is of, where the table names one; filled in by the
            bench before the method is told.
    """

    source: str
    design: Design
    interval: tuple[float, float] | None = None
    batch: str | None = field(default=None, compare=False)


class Method(Protocol):
    """One run of one method; built with a `Brief`, then driven by the bench."""

    def ask(self, left: float) -> Asked | None:
        """What to measure next for at most `left`; none: the method stops.

        Called as often as a batch is large before the first result is told.
        """
        ...

    def tell(self, asked: Asked, value: Any) -> None:
        """The result of what was asked, in the objective's unit.

        A number; by observable where several decide.
        """
        ...

    def recommend(self) -> Design | Sequence[Design] | None:
        """The design that it holds for the best, or several; asked once, at the end."""
        ...


class Scale:
    """The objective as the peers see it: higher is better, logarithmic if declared."""

    def __init__(self, campaign: Campaign) -> None:
        self._sign = -1.0 if campaign.objective.goal == "minimize" else 1.0
        self._is_log = campaign.observables[campaign.objective.observable].log

    def score(self, value: float) -> float:
        """A result on the scale."""
        return self._sign * (math.log(value) if self._is_log else value)

    def natural(self, score: float) -> float:
        """The result that has a score."""
        value = self._sign * score
        return math.exp(min(value, 700.0)) if self._is_log else value

    def interval(self, mean: float, sd: float) -> tuple[float, float]:
        """The 90 % interval of a normal score, as results."""
        a, b = (self.natural(mean + k * 1.6449 * sd) for k in (-1.0, 1.0))
        return min(a, b), max(a, b)


class Shelf:
    """The designs as points, and what each source may still be asked about them.

    A design has as many results of the target as it has specimens, and one of every
    other source. Without a pool every point is free, always.
    """

    def __init__(self, brief: Brief) -> None:
        self.campaign, self.scale = brief.campaign, Scale(brief.campaign)
        self.target = brief.campaign.objective.source
        self.designs = [s.design for s in brief.stock or ()]
        self.points = [self.point(design) for design in self.designs]
        self.is_pool = brief.stock is not None
        self._specimens = [s.specimens for s in brief.stock or ()]
        self._places = {canonical_json(d): i for i, d in enumerate(self.designs)}
        self._taken: Counter[tuple[str, int]] = Counter()

    def point(self, design: Design) -> list[float]:
        """A design as a point `d` of the unit cube."""
        return encoded(self.campaign.parameters, design)

    def design(self, point: Sequence[float]) -> Design:
        """The design at a point."""
        return decoded(self.campaign.parameters, list(point))

    def free(self, source: str) -> list[int]:
        """Places of the designs that a source may still be asked about."""
        most = self._specimens if source == self.target else [1] * len(self.designs)
        return [i for i, n in enumerate(most) if self._taken[source, i] < n]

    def take(self, asked: Asked) -> Asked:
        """Note that one result is used up."""
        if self.is_pool:
            place = self._places[canonical_json(asked.design)]
            self._taken[asked.source, place] += 1
        return asked

    def nearest(self, source: str, point: Sequence[float]) -> Design | None:
        """The free design nearest in the unit cube; any point where there is no pool.

        None when the source has nothing left.
        """
        if not self.is_pool:
            return self.design(point)
        free = self.free(source)
        if not free:
            return None
        return self.designs[min(free, key=lambda i: math.dist(self.points[i], point))]

    def affordable(self, left: float) -> list[str]:
        """Sources that `left` pays for and that have something free, target first."""
        found = [
            name
            for name, source in self.campaign.sources.items()
            if sum(source.cost.values()) <= left + 1e-9
            and (not self.is_pool or self.free(name))
        ]
        return sorted(found, key=lambda name: name != self.target)


class Ledger:
    """Results of the target by design, for methods that recommend the best mean."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._scores: dict[str, list[float]] = {}
        self._designs: dict[str, Design] = {}

    def add(self, asked: Asked, value: float) -> None:
        """Keep a result, if it is one of the target."""
        if asked.source == self._shelf.target:
            key = canonical_json(asked.design)
            self._designs[key] = asked.design
            self._scores.setdefault(key, []).append(self._shelf.scale.score(value))

    def best(self) -> Design | None:
        """The design with the best mean of its results."""
        if not self._scores:
            return None
        scores = self._scores
        return self._designs[
            max(scores, key=lambda key: sum(scores[key]) / len(scores[key]))
        ]
