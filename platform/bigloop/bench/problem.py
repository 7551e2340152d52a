"""What a method searches and what the bench knows of it: one Protocol, two kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from bigloop.bench.spec import Benchmark, read_benchmark
from bigloop.contracts import (
    Campaign,
    Composition,
    Design,
    Objective,
    Observable,
    Parameter,
    Source,
    Stock,
)

OBSERVABLE = "y"
"""Name of the objective's observable in the campaign of every benchmark."""
LEVELS = (0.01, 0.05)
"""The shares of a pool, or of the range of a function, that count as found."""


Value = float | Mapping[str, float]
"""A result: of the objective, or by observable where several decide."""


class Sampler(Protocol):
    """The results of one run, in an order that follows from its seed."""

    def measure(self, source: str, design: Design) -> Value:
        """The next result of a source on a design, in the unit of the objective."""
        ...

    def batch(self, source: str, design: Design) -> str | None:
        """The batch of the last result there; none: it has none, or nobody knows."""
        ...


class Problem(Protocol):
    """A search space whose truth is known."""

    @property
    def spec(self) -> Benchmark:
        """The document."""
        ...

    @property
    def content(self) -> str:
        """Hash of everything that decides about a run's results but the method."""
        ...

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The axes of the space."""
        ...

    @property
    def compositions(self) -> dict[str, Composition]:
        """Those of them that add up to a total."""
        ...

    @property
    def stock(self) -> tuple[Stock, ...] | None:
        """The designs that there are, with their specimens; none: the whole box."""
        ...

    @property
    def thresholds(self) -> Sequence[float]:
        """Regret at which each of `LEVELS` counts as found."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What a reader must know: rows left out, how the range is known."""
        ...

    def regret(self, design: Design) -> float:
        """Shortfall of a design's truth, as a share of the range; 0 for the best."""
        ...

    def sampler(self, seed: int) -> Sampler:
        """Fresh specimens for one run."""
        ...

    def regret_of(self, designs: Sequence[Design]) -> float | None:
        """Regret of the best of some designs; none where none of them counts.

        Of several objectives, the share of the true hypervolume that all of them
        together lack.
        """
        ...


def load(path: Path) -> Problem:
    """Read a benchmark document with its table, or its function.

    Raises:
        SpecError: in one line, with file, field, value and what to do.
    """
    spec = read_benchmark(path)
    if spec.is_several:
        from bigloop.bench.several import load as load_several

        return load_several(spec, path)
    if spec.data is not None:
        from bigloop.bench.pool import PoolProblem

        return PoolProblem.read(spec, path)
    from bigloop.bench.function import FunctionProblem

    return FunctionProblem.build(spec, path)


def campaign(problem: Problem, seed: int) -> Campaign:
    """The campaign that a method is given: space, sources, prices, budget and seed.

    A target of which specimens are used up, or which is noisy, is a laboratory; other
    sources give the same result again and are simulators.
    """
    spec = problem.spec
    if spec.is_several:
        from bigloop.bench.several import campaign as campaign_of_several

        return campaign_of_several(problem, seed)
    goal = spec.objective
    is_physical = bool(spec.noise_sd) or any(
        s.specimens > 1 for s in problem.stock or ()
    )
    sources = {
        name: Source.model_validate(
            {
                "lab" if is_physical and name == spec.target else "simulator": "bench",
                "observes": (OBSERVABLE,),
                "cost": {spec.currency: source.cost},
            }
        )
        for name, source in spec.priced.items()
    }
    is_log = goal is not None and goal.log
    return Campaign(
        name=spec.name,
        title=spec.title,
        seed=seed,
        parameters=problem.parameters,
        compositions=problem.compositions,
        constraints=spec.constraints,
        candidates=spec.target if problem.stock is not None else None,
        observables={
            OBSERVABLE: Observable(
                unit=goal.unit if goal else "", log=is_log, low=0.0 if is_log else None
            )
        },
        objective=Objective(
            observable=OBSERVABLE,
            goal=goal.goal if goal else "minimize",
            source=spec.target,
        ),
        sources=sources,
        budget={spec.currency: spec.limit},
    )
