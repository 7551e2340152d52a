"""Test functions of BoTorch as problems, with cheap sources that help or mislead."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigloop.bench import mixture
from bigloop.bench.mixture import MixtureFunction
from bigloop.bench.problem import LEVELS
from bigloop.bench.spec import Benchmark
from bigloop.contracts import Composition, Design, Parameter, SpecError

N_RANGE = 2**14
"""Sobol points of which the worst is the end of a function's range."""
_LOW = {"Branin": "AugmentedBranin", "Hartmann": "AugmentedHartmann"}
"""Functions with a lower fidelity of their own in BoTorch."""
_NO_BOX = {"AckleyMixed", "KeaneBumpFunction", "Labs", "TrajectoryPlanning"}
"""Functions whose inputs are not all continuous, or whose minimum is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionProblem:
    """A function over a box, to be minimised; its minimum is known.

    Regret is the excess over the minimum as a share of the range, which goes from the
    minimum to the worst of `N_RANGE` scrambled Sobol points (seed 0).

    Attributes:
        spec: the document.
        content: hash of the document.
        parameters: `x1` to `xd` with the bounds of the function.
        thresholds: the levels themselves.
        notes: where minimum and range come from.
        functions: by source, what it computes at a point, noise apart.
        minimum: of the true function.
        span: the range of the true function.
        compositions: parameters that add up to a total.
    """

    spec: Benchmark
    content: str
    parameters: dict[str, Parameter]
    thresholds: tuple[float, ...]
    notes: tuple[str, ...]
    functions: Mapping[str, _Source | MixtureFunction]
    minimum: float
    span: float
    compositions: dict[str, Composition] = field(default_factory=dict)
    stock: None = None

    @classmethod
    def build(cls, spec: Benchmark, path: Path) -> FunctionProblem:
        """Look the function up and work out its range.

        Raises:
            SpecError: there is no such function, or it has no lower fidelity.
        """
        try:
            if mixture.is_mixture(spec.problem or ""):
                return cls._of_mixture(spec)
            function = _find(spec.problem or "")
            functions = {
                name: _Source(function, s.function or "true", s.fidelity, spec)
                for name, s in spec.priced.items()
            }
        except SpecError as error:
            raise SpecError(f"{path}: {error}") from None
        minimum, worst = float(function.optimal_value), _worst(function)
        return cls(
            spec=spec,
            content=spec.content,
            parameters={
                f"x{i}": Parameter(low=float(low), high=float(high))
                for i, (low, high) in enumerate(function.bounds.T.tolist(), start=1)
            },
            thresholds=LEVELS,
            notes=(f"minimum {minimum:.6g}, range to {worst:.6g}",),
            functions=functions,
            minimum=minimum,
            span=worst - minimum,
        )

    @classmethod
    def _of_mixture(cls, spec: Benchmark) -> FunctionProblem:
        functions = mixture.functions(spec)
        d = len(mixture.peak_of(spec.problem or ""))
        parameters, compositions = mixture.space(d)
        worst = mixture.worst(functions[spec.target], d)
        return cls(
            spec=spec,
            content=spec.content,
            parameters=parameters,
            compositions=compositions,
            thresholds=LEVELS,
            notes=(f"minimum 0, range to {worst:.6g}",),
            functions=functions,
            minimum=0.0,
            span=worst,
        )

    def regret(self, design: Design) -> float:
        """Excess of the noise-free function over its minimum, as a share of the range.

        0 where rounding of the tabulated minimum would make it negative.
        """
        value = self.functions[self.spec.target].at(_point(design))
        return max(0.0, (value - self.minimum) / self.span)

    def regret_of(self, designs: Sequence[Design]) -> float | None:
        """Regret of the best of some designs."""
        return min((self.regret(design) for design in designs), default=None)

    def sampler(self, seed: int) -> FunctionSampler:
        """Results with the noise of this seed."""
        return FunctionSampler(self, seed)


class FunctionSampler:
    """Values of the sources at points; noise follows from seed and order."""

    def __init__(self, problem: FunctionProblem, seed: int) -> None:
        self._problem, self._rng = problem, random.Random(seed)

    def measure(self, source: str, design: Design) -> float:
        """The value at a design; for a source of noise, a draw over the range."""
        problem, sd = self._problem, self._problem.spec.noise_sd
        if problem.functions[source].kind == "noise":
            return problem.minimum + self._rng.random() * problem.span
        value = problem.functions[source].at(_point(design))
        return value + (self._rng.gauss(0.0, sd) if sd else 0.0)

    def batch(self, source: str, design: Design) -> str | None:
        """None: a function has no specimens."""
        return None


class _Source:
    """What one source computes."""

    def __init__(
        self, function: Any, kind: str, fidelity: float, spec: Benchmark
    ) -> None:
        self.kind = kind
        self._function, self._fidelity = function, fidelity
        if kind == "low":
            self._function = _low_fidelity(function, spec)

    def at(self, point: list[float]) -> float:
        """The value at a point in the function's own units."""
        import torch

        x = torch.tensor([point], dtype=torch.float64)
        if self.kind == "reversed":
            low, high = self._function.bounds
            x = low + high - x
        if self.kind == "low":
            x = torch.cat([x, torch.tensor([[self._fidelity]], dtype=x.dtype)], dim=-1)
        return float(self._function(x))


def _point(design: Design) -> list[float]:
    return [float(design[f"x{i}"]) for i in range(1, len(design) + 1)]


def _find(name: str) -> Any:
    """The function of a name such as `Branin` or `Hartmann6`, in double precision."""
    import torch
    from botorch.test_functions import synthetic

    match = re.fullmatch(r"([A-Za-z]\w*?)(\d*)", name)
    stem, number = match.groups() if match else ("", "")
    known = _known(synthetic)
    kind = known.get(name) or known.get(stem)
    if kind is None:
        raise SpecError(
            f"problem: {name!r} is no function of BoTorch; there are "
            f"{', '.join(sorted(known))}, those of any dimension with it: Ackley5; of "
            "mixtures, MixtureInside3 and MixtureCorner3"
        )
    has_dim = name not in known and bool(number)
    try:
        function = kind(**({"dim": int(number)} if has_dim else {}))
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise SpecError(f"problem: {name!r}: {reason}; change the dimension") from None
    return function.to(dtype=torch.float64)


def _known(synthetic: Any) -> dict[str, Any]:
    base, constrained = (
        synthetic.SyntheticTestFunction,
        synthetic.ConstrainedSyntheticTestFunction,
    )
    return {
        name: kind
        for name, kind in vars(synthetic).items()
        if isinstance(kind, type)
        and issubclass(kind, base)
        and not issubclass(kind, constrained)
        and kind is not base
        and name not in _NO_BOX
    }


def _low_fidelity(function: Any, spec: Benchmark) -> Any:
    import torch
    from botorch.test_functions import multi_fidelity

    name = type(function).__name__
    if name not in _LOW or (name == "Hartmann" and function.dim != 6):
        raise SpecError(
            f"sources: {spec.problem!r} has no lower fidelity (Branin and Hartmann6 "
            "have); use the function reversed or noise"
        )
    return getattr(multi_fidelity, _LOW[name])().to(dtype=torch.float64)


def _worst(function: Any) -> float:
    import torch

    sobol = torch.quasirandom.SobolEngine(function.dim, scramble=True, seed=0)
    low, high = function.bounds
    x = low + sobol.draw(N_RANGE, dtype=torch.float64) * (high - low)
    return float(function(x).max())
