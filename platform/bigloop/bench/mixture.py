"""Mixtures as problems: functions on the simplex with a known minimum of 0."""

from __future__ import annotations

import re

import numpy as np

from bigloop.bench.spec import Benchmark
from bigloop.contracts import Composition, Parameter, Request, SpecError
from bigloop.simulators.synthetic import MixtureSimulator

_NAME = re.compile(r"Mixture(Inside|Corner)(\d+)")
_KINDS = {"true": "true", "low": "good", "reversed": "misleading"}
RIPPLE = 0.05
N_RANGE = 2**14
"""Even draws, beside the corners, of which the worst is the end of the range."""


class MixtureFunction:
    """What one source computes on mixtures of `x1` to `xd`."""

    def __init__(self, peak: list[float], kind: str) -> None:
        self.kind = kind
        self._names = [f"x{i}" for i in range(1, len(peak) + 1)]
        where = dict(zip(self._names, peak, strict=True))
        self._simulator = MixtureSimulator(where, RIPPLE, _KINDS.get(kind, "true"))

    def at(self, point: list[float]) -> float:
        """The value at a mixture."""
        design = dict(zip(self._names, point, strict=True))
        outcome = self._simulator.evaluate(Request(trial="bench", design=dict(design)))
        return outcome.measurements[0].value


def is_mixture(problem: str) -> bool:
    """Whether a problem is one of these."""
    return _NAME.fullmatch(problem) is not None


def peak_of(problem: str) -> list[float]:
    """Where the minimum is: at the first corner, or inside, in proportion 1, 2, 3 ...

    Raises:
        SpecError: the dimension is below 2.
    """
    match = _NAME.fullmatch(problem)
    where, d = (match[1], int(match[2])) if match else ("", 0)
    if d < 2:
        raise SpecError(
            f"problem: {problem!r}: a mixture has two components or more; write "
            "MixtureInside3 or MixtureCorner3"
        )
    if where == "Corner":
        return [1.0] + [0.0] * (d - 1)
    return [2 * i / (d * (d + 1)) for i in range(1, d + 1)]


def functions(spec: Benchmark) -> dict[str, MixtureFunction]:
    """By source, what it computes."""
    peak = peak_of(spec.problem or "")
    return {
        name: MixtureFunction(peak, source.function or "true")
        for name, source in spec.priced.items()
    }


def space(d: int) -> tuple[dict[str, Parameter], dict[str, Composition]]:
    """The whole simplex of `d` components."""
    names = tuple(f"x{i}" for i in range(1, d + 1))
    parameters = {name: Parameter(low=0.0, high=1.0) for name in names}
    return parameters, {"mixture": Composition(components=names)}


def worst(function: MixtureFunction, d: int) -> float:
    """The largest value of the corners and of even draws with seed 0."""
    draws = np.random.default_rng(0).dirichlet(np.ones(d), size=N_RANGE)
    return max(function.at(row) for row in [*np.eye(d).tolist(), *draws.tolist()])
