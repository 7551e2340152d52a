"""What decides in a benchmark of several outputs, and how much of it was found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from bigloop.bench.spec import Benchmark
from bigloop.contracts import (
    Campaign,
    Objective,
    Observable,
    Requirement,
    Source,
)
from bigloop.contracts.dominance import MARGIN, hypervolume, undominated

if TYPE_CHECKING:
    from bigloop.bench.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisive:
    """One output that decides.

    Attributes:
        observable: its name in the campaign.
        column: of the table; empty for a function.
        goal: of an objective; none where it only has to keep a bound.
        requirement: the bound; none for an objective.
        reference: where it begins to count, if the document says so.
    """

    observable: str
    column: str = ""
    unit: str = ""
    log: bool = False
    goal: Literal["maximize", "minimize"] | None = None
    requirement: Requirement | None = None
    reference: float | None = None

    def score(self, value: float) -> float:
        """An objective's value as a coordinate: larger is better."""
        value = math.log(value) if self.log else value
        return -value if self.goal == "minimize" else value


def of_table(spec: Benchmark) -> list[Decisive]:
    """The outputs of a table: objectives `y1`, ..., then requirements `c1`, ..."""
    goals = [
        Decisive(
            observable=f"y{i}",
            column=goal.column,
            unit=goal.unit,
            log=goal.log,
            goal=goal.goal,
            reference=goal.reference,
        )
        for i, goal in enumerate(spec.goals, start=1)
    ]
    return goals + [
        Decisive(
            observable=f"c{i}",
            column=required.column,
            unit=required.unit,
            log=required.log,
            requirement=required.requirement(),
        )
        for i, required in enumerate(spec.requirements, start=1)
    ]


class SeveralProblem(Protocol):
    """A problem of several outputs: what a campaign needs beside `Problem`."""

    @property
    def outputs(self) -> Sequence[Decisive]:
        """What decides."""
        ...


def load(spec: Benchmark, path: Path) -> Problem:
    """The problem of a document.

    Raises:
        SpecError: the table or the function cannot be used as it is said to be.
    """
    if spec.data is not None:
        from bigloop.bench.several.pool import FrontPool

        return FrontPool.read(spec, path)
    from bigloop.bench.several.function import FrontFunction

    return FrontFunction.build(spec, path)


def is_feasible(outputs: Sequence[Decisive], values: Mapping[str, float]) -> bool:
    """Whether true values keep all requirements."""
    return all(
        one.requirement.holds(values[one.observable], one.unit)
        for one in outputs
        if one.requirement is not None
    )


def point(
    outputs: Sequence[Decisive], values: Mapping[str, float]
) -> tuple[float, ...]:
    """True values as a point of the objectives, larger is better."""
    return tuple(
        one.score(values[one.observable]) for one in outputs if one.goal is not None
    )


def judging_reference(
    outputs: Sequence[Decisive], front: Sequence[tuple[float, ...]]
) -> tuple[float, ...]:
    """Where regret begins to count: as stated, else a tenth of the front below it."""
    found = []
    goals = [one for one in outputs if one.goal is not None]
    for k, one in enumerate(goals):
        values = [p[k] for p in front]
        low = min(values) - MARGIN * ((max(values) - min(values)) or 1.0)
        found.append(low if one.reference is None else one.score(one.reference))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The hypervolume that could be found.

    Attributes:
        reference: where it begins, as a point.
        volume: of the true front.
    """

    reference: tuple[float, ...]
    volume: float

    @classmethod
    def of(
        cls, outputs: Sequence[Decisive], points: Sequence[tuple[float, ...]]
    ) -> Truth:
        """The truth of a pool, of the points of its feasible designs."""
        front = [points[i] for i in undominated(points)]
        at = judging_reference(outputs, front)
        return cls(reference=at, volume=hypervolume(front, at))

    def lacking(self, points: Sequence[tuple[float, ...]]) -> float:
        """The share of the volume that points do not dominate, never below 0."""
        return max(0.0, 1.0 - hypervolume(points, self.reference) / self.volume)


def campaign(problem: Problem, seed: int) -> Campaign:
    """The campaign that a method is given; see `problem.campaign`."""
    spec = problem.spec
    outputs = cast(SeveralProblem, problem).outputs
    is_physical = any(s.specimens > 1 for s in problem.stock or ())
    sources: dict[str, Source] = {}
    for name, priced in spec.priced.items():
        kind = "lab" if is_physical and name == spec.target else "simulator"
        sources[name] = Source.model_validate(
            {
                kind: "bench",
                "observes": [o.observable for o in outputs if has(priced.columns, o)],
                "cost": {spec.currency: priced.cost},
            }
        )
    goals = [
        Objective(
            observable=one.observable,
            goal=one.goal,
            source=spec.target,
            reference=one.reference,
        )
        for one in outputs
        if one.goal is not None
    ]
    what: dict[str, Any] = (
        {"objective": goals[0]} if len(goals) == 1 else {"objectives": goals}
    )
    return Campaign(
        name=spec.name,
        title=spec.title,
        seed=seed,
        parameters=problem.parameters,
        constraints=spec.constraints,
        candidates=spec.target if problem.stock is not None else None,
        observables={
            o.observable: Observable(unit=o.unit, log=o.log, low=0.0 if o.log else None)
            for o in outputs
        },
        requirements={o.observable: o.requirement for o in outputs if o.requirement},
        sources=sources,
        budget={spec.currency: spec.limit},
        **what,
    )


def has(columns: Mapping[str, str] | None, one: Decisive) -> bool:
    """Whether a source with such columns observes an output."""
    return columns is None or one.column in columns
