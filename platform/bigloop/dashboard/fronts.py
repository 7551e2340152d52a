"""What was measured where several observables decide: nothing predicted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bigloop.contracts import Campaign, Design, Document, Key, Observation, key_of
from bigloop.contracts.dominance import hypervolume, inferred_reference, undominated


class Together(Document):
    """The measured means of a design in everything that decides."""

    design: Design
    means: dict[str, float]
    """By observable, in the units of the campaign."""
    n: int
    """Results in the mean that has fewest."""
    trial: str | None = None
    """The last that measured it."""


class MeasuredFront(Document):
    """What no measured design beats, of those that keep all requirements."""

    points: tuple[Together, ...]
    """From the best in the first objective to the worst."""
    n_designs: int
    """Measured in everything that decides."""
    n_feasible: int
    """Of these, whose means keep all requirements."""
    reference: dict[str, float] | None = None
    """Where the volume begins, stated or inferred; none while it cannot be told."""
    hypervolume: float | None = None
    """In the product of the units; objectives that are `log` count by their log."""


def decisive(spec: Campaign) -> list[str]:
    """Observables that decide: objectives first, then requirements."""
    names = [goal.observable for goal in spec.goals]
    return list(dict.fromkeys([*names, *spec.requirements]))


def is_large_wanted(spec: Campaign, name: str) -> bool:
    """An objective's own direction; of anything else, small, unless it is required."""
    goal = next((g.goal for g in spec.goals if g.observable == name), None)
    required = spec.requirements.get(name)
    is_floor = required is not None and required.at_most is None
    return goal == "maximize" or (goal is None and is_floor)


def together(spec: Campaign, found: Iterable[Observation]) -> list[Together]:
    """Designs of which the target has measured everything that decides."""
    wanted = decisive(spec)
    groups: dict[Key, dict[str, list[Observation]]] = {}
    for o in found:
        is_exact = o.solicited and not o.censored
        if is_exact and o.source == spec.objective.source and o.observable in wanted:
            group = groups.setdefault(key_of(o.design), {})
            group.setdefault(o.observable, []).append(o)
    return [
        Together(
            design=group[wanted[0]][0].design,
            means={
                name: sum(o.value for o in group[name]) / len(group[name])
                for name in wanted
            },
            n=min(len(group[name]) for name in wanted),
            trial=group[wanted[0]][-1].trial,
        )
        for group in groups.values()
        if len(group) == len(wanted)
    ]


def keeps(spec: Campaign, means: Mapping[str, float]) -> bool:
    """Whether measured means keep all requirements."""
    return all(
        requirement.holds(means[name], spec.observables[name].unit)
        for name, requirement in spec.requirements.items()
    )


def scores(spec: Campaign, means: Mapping[str, float]) -> tuple[float, ...]:
    """The objectives as points: larger is better, logarithmic where declared."""
    return tuple(
        _score(spec, g.observable, g.goal, means[g.observable]) for g in spec.goals
    )


def _score(spec: Campaign, name: str, goal: str, value: float) -> float:
    if spec.observables[name].log:
        value = math.log(value)
    return -value if goal == "minimize" else value


def _natural(spec: Campaign, name: str, goal: str, score: float) -> float:
    value = -score if goal == "minimize" else score
    return math.exp(value) if spec.observables[name].log else value


def reference(
    spec: Campaign, points: Sequence[tuple[float, ...]]
) -> tuple[float, ...] | None:
    """Where the volume of points begins, as a point; none while it cannot be told."""
    low = inferred_reference(points)
    found = []
    for k, goal in enumerate(spec.goals):
        at = low[k] if low else None
        if goal.reference is not None:
            at = _score(spec, goal.observable, goal.goal, goal.reference)
        if at is None:
            return None
        found.append(at)
    return tuple(found)


def measured_front(spec: Campaign, found: Iterable[Observation]) -> MeasuredFront:
    """The front of the measured means; empty before the first result that counts."""
    every = together(spec, found)
    kept = [one for one in every if keeps(spec, one.means)]
    points = [scores(spec, one.means) for one in kept]
    best = [kept[i] for i in undominated(points)]
    at = reference(spec, points)
    return MeasuredFront(
        points=tuple(
            sorted(best, key=lambda one: tuple(-v for v in scores(spec, one.means)))
        ),
        n_designs=len(every),
        n_feasible=len(kept),
        reference=None
        if at is None
        else {
            g.observable: _natural(spec, g.observable, g.goal, value)
            for g, value in zip(spec.goals, at, strict=True)
        },
        hypervolume=None if at is None else hypervolume(points, at),
    )
