"""Test functions of BoTorch with several outputs, as problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigloop.bench.problem import LEVELS
from bigloop.bench.several.problem import Decisive, Truth, is_feasible, point
from bigloop.bench.spec import Benchmark
from bigloop.contracts import Composition, Design, Parameter, Requirement, SpecError

N_RANGE = 2**14
"""Sobol points of which the worst is the end of the range of one objective."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontFunction:
    """A function over a box whose outputs are minimised, under constraints or not.

    Of several objectives, the reference and the largest hypervolume are BoTorch's; of
    one, regret is the excess over its minimum as a share of the range, as in
    `FunctionProblem`.

    Attributes:
        spec: the document.
        content: hash of the document.
        parameters: `x1` to `xd` with the bounds of the function.
        outputs: objectives `y1`, ... and slacks `c1`, ..., which are to be 0 or more.
        thresholds: the levels themselves.
        notes: where reference and volume come from.
        function: of BoTorch.
        truth: the hypervolume.
        compositions: none.
    """

    spec: Benchmark
    content: str
    parameters: dict[str, Parameter]
    outputs: tuple[Decisive, ...]
    thresholds: tuple[float, ...]
    notes: tuple[str, ...]
    function: Any
    truth: Truth
    stock: None = None
    compositions: dict[str, Composition] = field(default_factory=dict)

    @classmethod
    def build(cls, spec: Benchmark, path: Path) -> FrontFunction:
        """Look the function up.

        Raises:
            SpecError: its best is not known.
        """
        function = _find(spec.problem or "")
        try:
            truth = _truth(function)
        except NotImplementedError:
            raise SpecError(
                f"{path}: problem: the best of {spec.problem!r} is not known; take "
                "another"
            ) from None
        n = len(truth.reference)
        outputs = [
            Decisive(
                observable=f"y{i}",
                goal="minimize",
                reference=-at if n > 1 else None,
            )
            for i, at in enumerate(truth.reference, start=1)
        ]
        outputs += [
            Decisive(observable=f"c{i}", requirement=Requirement(at_least=0.0))
            for i in range(1, getattr(function, "num_constraints", 0) + 1)
        ]
        return cls(
            spec=spec,
            content=spec.content,
            parameters={
                f"x{i}": Parameter(low=float(low), high=float(high))
                for i, (low, high) in enumerate(function.bounds.T.tolist(), start=1)
            },
            outputs=tuple(outputs),
            thresholds=LEVELS,
            notes=(f"{n} objectives, volume {truth.volume:.6g} by BoTorch",)
            if n > 1
            else (f"range of {truth.volume:.6g} above the minimum by BoTorch",),
            function=function,
            truth=truth,
        )

    def at(self, design: Design) -> dict[str, float]:
        """All outputs at a design, in the function's own units."""
        import torch

        x = torch.tensor([[float(v) for v in design.values()]], dtype=torch.float64)
        values = self.function.evaluate_true(x).reshape(-1).tolist()
        if any(o.requirement for o in self.outputs):
            values += self.function.evaluate_slack_true(x).reshape(-1).tolist()
        return {o.observable: v for o, v in zip(self.outputs, values, strict=True)}

    def regret(self, design: Design) -> float:
        """Of one design alone; 1 where it breaks a constraint."""
        found = self.regret_of([design])
        return 1.0 if found is None else found

    def regret_of(self, designs: Sequence[Design]) -> float | None:
        """What designs together lack of the best; none while none of them counts."""
        values = [self.at(design) for design in designs]
        found = [point(self.outputs, v) for v in values if is_feasible(self.outputs, v)]
        return self.truth.lacking(found) if found else None

    def sampler(self, seed: int) -> FrontFunctionSampler:
        """Results without noise: the seed changes nothing."""
        del seed
        return FrontFunctionSampler(self)


class FrontFunctionSampler:
    """Values of the function."""

    def __init__(self, problem: FrontFunction) -> None:
        self._problem = problem

    def measure(self, source: str, design: Design) -> dict[str, float]:
        """All outputs at a design."""
        del source
        return self._problem.at(design)

    def batch(self, source: str, design: Design) -> str | None:
        """None: a function has no specimens."""
        return None


def _find(name: str) -> Any:
    """The function in double precision."""
    import torch
    from botorch.test_functions import multi_objective, synthetic

    place = multi_objective if hasattr(multi_objective, name) else synthetic
    kind = getattr(place, name)
    sizes = {"DTLZ2": {"dim": 6}, "C2DTLZ2": {"dim": 4}, "ZDT1": {"dim": 6}}
    return kind(**sizes.get(name, sizes["ZDT1"] if name == "ZDT2" else {})).to(
        dtype=torch.float64
    )


def _truth(function: Any) -> Truth:
    """Raises NotImplementedError where it is not known."""
    import torch

    if getattr(function, "num_objectives", 1) > 1:
        reference = tuple(-float(v) for v in function.ref_point.tolist())
        return Truth(reference=reference, volume=float(function.max_hv))
    sobol = torch.quasirandom.SobolEngine(len(function.bounds.T), scramble=True, seed=0)
    low, high = function.bounds
    x = low + sobol.draw(N_RANGE, dtype=torch.float64) * (high - low)
    worst, best = float(function.evaluate_true(x).max()), float(function.optimal_value)
    return Truth(reference=(-worst,), volume=worst - best)
