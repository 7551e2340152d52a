"""The measured designs nearest to one: what the choice leans on."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from bigloop.contracts import Campaign, Design, Observation, Parameter, canonical_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A measured design, and what one source measured of it.

    Attributes:
        distance: in the unit cube of the search space: 0 is the same design, the
            longest edge is 1; two different choices are 1 apart.
    """

    design: Design
    distance: float
    source: str
    observable: str
    unit: str
    values: tuple[float, ...]
    is_target: bool

    @property
    def mean(self) -> float:
        """Over the specimens."""
        return statistics.fmean(self.values)

    @property
    def sd(self) -> float | None:
        """Of single specimens; none for one alone."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None


def nearest(
    spec: Campaign, found: Iterable[Observation], design: Design, n: int = 5
) -> list[Neighbour]:
    """The `n` nearest designs of each source and observable, fidelities apart.

    Exact, solicited observations alone; the target comes first.
    """
    groups: dict[tuple[str, str], dict[str, list[Observation]]] = {}
    for o in found:
        if o.solicited and not o.censored:
            group = groups.setdefault((o.source, o.observable), {})
            group.setdefault(canonical_json(o.design), []).append(o)
    goal = (spec.objective.source, spec.objective.observable)
    listed: list[Neighbour] = []
    for key in sorted(groups, key=lambda k: (k != goal, k)):
        near = [
            _neighbour(spec, key, items, design, key == goal)
            for items in groups[key].values()
        ]
        listed += sorted(near, key=lambda x: x.distance)[:n]
    return listed


def _neighbour(
    spec: Campaign,
    key: tuple[str, str],
    items: list[Observation],
    design: Design,
    is_target: bool,
) -> Neighbour:
    return Neighbour(
        design=items[0].design,
        distance=distance(spec, design, items[0].design),
        source=key[0],
        observable=key[1],
        unit=items[0].unit,
        values=tuple(item.value for item in items),
        is_target=is_target,
    )


def distance(spec: Campaign, a: Design, b: Design) -> float:
    """Euclidean distance in the unit cube, as the agent's model sees designs."""
    return math.sqrt(
        sum(_apart(p, a[name], b[name]) ** 2 for name, p in spec.parameters.items())
    )


def _apart(parameter: Parameter, a: float | str, b: float | str) -> float:
    if parameter.choices:
        return float(a != b)
    low, high = parameter.low or 0.0, parameter.high or 1.0
    if parameter.log:
        return math.log(float(a) / float(b)) / math.log(high / low)
    return (float(a) - float(b)) / (high - low)
