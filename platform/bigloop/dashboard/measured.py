"""Results at the target fidelity by design: measured ones only, nothing predicted."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from bigloop.contracts import (
    Campaign,
    Design,
    Document,
    Key,
    Observation,
    key_of,
)
from bigloop.dashboard.fronts import keeps, together


class Measured(Document):
    """What was measured of one design at the target fidelity."""

    design: Design
    unit: str
    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """Number of specimens."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Mean over the specimens."""
        return sum(self.values) / len(self.values)

    @property
    def sd(self) -> float | None:
        """Standard deviation of single specimens; none for one alone."""
        return statistics.stdev(self.values) if self.n > 1 else None


def at_target(spec: Campaign, found: Iterable[Observation]) -> list[Observation]:
    """Exact results of the objective by its source; late and censored ones are out."""
    goal = spec.objective
    return [
        o
        for o in found
        if o.observable == goal.observable
        and o.source == goal.source
        and o.solicited
        and not o.censored
    ]


def _keeping(spec: Campaign, found: Iterable[Observation]) -> set[Key] | None:
    """Designs whose measured means keep all requirements; none: there are none."""
    if not spec.requirements:
        return None
    measured = together(spec, found)
    return {key_of(one.design) for one in measured if keeps(spec, one.means)}


def best_measured(spec: Campaign, found: Iterable[Observation]) -> Measured | None:
    """The design with the best measured mean; none before the first result.

    A design that breaks a requirement is none, and of several objectives none is best.
    """
    if spec.objectives:
        return None
    found = list(found)
    allowed = _keeping(spec, found)
    designs: dict[Key, list[Observation]] = {}
    for item in at_target(spec, found):
        if allowed is None or key_of(item.design) in allowed:
            designs.setdefault(key_of(item.design), []).append(item)
    measured = [
        Measured(
            design=items[0].design,
            unit=items[0].unit,
            values=tuple(item.value for item in items),
        )
        for items in designs.values()
    ]
    sign = 1.0 if spec.objective.goal == "maximize" else -1.0
    return max(measured, key=lambda m: sign * m.mean, default=None)
