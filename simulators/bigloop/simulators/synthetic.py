"""Analytic test functions as sources: a true one, a good cheap one, a misleading one.

The fidelities are those of the benchmark that runs them: `true` is the function, `good`
a cheap variant with a small bias, `misleading` the function of the mirrored input,
`f(1 - u)` on the unit cube, which looks alike and leads astray.
"""

from __future__ import annotations

import math
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from bigloop.contracts import Capabilities, Measurement, Outcome, Request, SpecError
from bigloop.simulators.request import check

FIDELITIES = ("true", "good", "misleading")


class _Function(ABC):
    """One analytic function over a box; the observable is `y`."""

    bounds: Sequence[tuple[str, float, float]]
    optimum: float
    """Minimum of the true function."""
    citations: tuple[str, ...]

    def __init__(self, fidelity: str = "true", noise_sd: float = 0.0) -> None:
        if fidelity not in FIDELITIES:
            known = ", ".join(FIDELITIES)
            raise SpecError(f"fidelity: {fidelity!r}: there are {known}")
        if not (math.isfinite(noise_sd) and noise_sd >= 0):
            raise SpecError(f"noise_sd: {noise_sd!r}: give 0 or more")
        self._fidelity, self._noise_sd = fidelity, noise_sd

    def capabilities(self) -> Capabilities:
        """The coordinates and `y`, all pure numbers."""
        return Capabilities(
            parameters={name: "" for name, _, _ in self.bounds},
            observables={"y": ""},
            citations=self.citations,
        )

    def evaluate(self, request: Request) -> Outcome:
        """The value at a point, with noise that follows from `request.seed` alone.

        Raises:
            SpecError: a coordinate is unknown, missing or outside its bounds.
        """
        check(request, self.capabilities())
        began = time.thread_time()
        x = [self._coordinate(request, *bound) for bound in self.bounds]
        value = self._value(x)
        if self._noise_sd:
            value += random.Random(request.seed).gauss(0.0, self._noise_sd)
        spent = time.thread_time() - began
        return Outcome(
            status="success",
            measurements=(Measurement(observable="y", value=value, unit=""),),
            cost={"core_second": spent},
            executed=request.design,
            duration_s=spent,
            provenance={
                "fidelity": self._fidelity,
                "noise_sd": self._noise_sd,
                "seed": request.seed,
                "citations": list(self.citations),
            },
        )

    def _coordinate(
        self, request: Request, name: str, low: float, high: float
    ) -> float:
        value = request.design[name]
        if isinstance(value, str) or not low <= value <= high:
            raise SpecError(
                f"design.{name}: {value!r}: give a number from {low:g} to {high:g}"
            )
        return value

    def _value(self, x: list[float]) -> float:
        if self._fidelity == "good":
            return self._good(x)
        if self._fidelity == "misleading":
            x = [
                low + high - v for v, (_, low, high) in zip(x, self.bounds, strict=True)
            ]
        return self._true(x)

    @abstractmethod
    def _true(self, x: list[float]) -> float:
        """The function."""

    @abstractmethod
    def _good(self, x: list[float]) -> float:
        """The cheap variant with a small bias."""


class ForresterSimulator(_Function):
    """`f(x) = (6x - 2)^2 sin(12x - 4)` on [0, 1]; cheap: `f/2 + 10(x - 1/2) + 5`.

    Minimum -6.0207 at 0.7572 [Forrester2007]. Scaled by half, the cheap variant has its
    global minimum elsewhere, but is exact after a linear correction.
    """

    bounds = (("x", 0.0, 1.0),)
    optimum = -6.020740
    citations = ("Forrester, Sobester, Keane, Proc. R. Soc. A 463, 3251 (2007)",)

    def _true(self, x: list[float]) -> float:
        return (6 * x[0] - 2) ** 2 * math.sin(12 * x[0] - 4)

    def _good(self, x: list[float]) -> float:
        return 0.5 * self._true(x) + 10 * (x[0] - 0.5) + 5


class BraninSimulator(_Function):
    """Branin's function on [-5, 10] x [0, 15]; three minima of 0.397887 [Dixon1978].

    The cheap variant shifts the coefficient `b` of the quadratic by 0.01, as BoTorch's
    `AugmentedBranin` does at fidelity 0.9 (its `b - 0.1 (1 - s)`).
    """

    bounds = (("x1", -5.0, 10.0), ("x2", 0.0, 15.0))
    optimum = 0.397887
    citations = ("Dixon, Szego, Towards Global Optimisation 2, 1 (1978)",)

    def _branin(self, x: list[float], shift: float) -> float:
        b, c, t = 5.1 / (4 * math.pi**2) - shift, 5 / math.pi, 1 / (8 * math.pi)
        square = (x[1] - b * x[0] ** 2 + c * x[0] - 6) ** 2
        return square + 10 * (1 - t) * math.cos(x[0]) + 10

    def _true(self, x: list[float]) -> float:
        return self._branin(x, 0.0)

    def _good(self, x: list[float]) -> float:
        return self._branin(x, 0.01)


class HartmannSimulator(_Function):
    """Hartmann's function of six variables on [0, 1]^6; minimum -3.32237.

    The cheap variant lowers the first weight by 0.01, as BoTorch's `AugmentedHartmann`
    does at fidelity 0.9 (its `alpha_1 - 0.1 (1 - s)`).
    """

    bounds = tuple((f"x{i}", 0.0, 1.0) for i in range(1, 7))
    optimum = -3.32237
    citations = ("Dixon, Szego, Towards Global Optimisation 2, 1 (1978)",)

    _ALPHA = (1.0, 1.2, 3.0, 3.2)
    _A = (
        (10, 3, 17, 3.5, 1.7, 8),
        (0.05, 10, 17, 0.1, 8, 14),
        (3, 3.5, 1.7, 10, 17, 8),
        (17, 8, 0.05, 10, 0.1, 14),
    )
    _P = (
        (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
        (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
        (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
        (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
    )

    def _hartmann(self, x: list[float], shift: float) -> float:
        weights = (self._ALPHA[0] - shift, *self._ALPHA[1:])
        return -sum(
            weight
            * math.exp(
                -sum(a * (v - p) ** 2 for a, p, v in zip(row, centre, x, strict=True))
            )
            for weight, row, centre in zip(weights, self._A, self._P, strict=True)
        )

    def _true(self, x: list[float]) -> float:
        return self._hartmann(x, 0.0)

    def _good(self, x: list[float]) -> float:
        return self._hartmann(x, 0.01)


class MixtureSimulator(_Function):
    r"""A bowl with ripples on compositions that add up to 1; minimum 0 at its peak.

    $$ y = \sum_i w_i (x_i - p_i)^2 + a \sum_i \sin^2(3 \pi (x_i - p_i)) $$

    with weights from 1 to 4 over the components. Neither term is below 0 and both are
    0 at `p`, so the minimum is known whether `p` is inside the simplex or a corner of
    it. The cheap variant has one weight and no ripples.

    Args:
        peak: the best composition `p`, by component; between 0 and 1, 1 in all.
        ripple: height `a` of the ripples.
        fidelity: which variant.
        noise_sd: standard deviation of the noise.

    Raises:
        SpecError: the peak is no composition, or the ripple is below 0.
    """

    optimum = 0.0
    citations = ("Cornell, Experiments with Mixtures, 3rd ed., Wiley (2002)",)

    def __init__(
        self,
        peak: Mapping[str, float],
        ripple: float = 0.0,
        fidelity: str = "true",
        noise_sd: float = 0.0,
    ) -> None:
        super().__init__(fidelity, noise_sd)
        low, total = min(peak.values(), default=0.0), math.fsum(peak.values())
        if len(peak) < 2 or not (low >= 0 and abs(total - 1) <= 1e-6):
            raise SpecError(
                f"peak: {dict(peak)}: give two components or more, none below 0, that "
                "add up to 1"
            )
        if not (math.isfinite(ripple) and ripple >= 0):
            raise SpecError(f"ripple: {ripple!r}: give 0 or more")
        self.bounds = tuple((name, 0.0, 1.0) for name in peak)
        self._peak, self._ripple = list(peak.values()), ripple

    def _true(self, x: list[float]) -> float:
        n = len(x) - 1
        away = [v - p for v, p in zip(x, self._peak, strict=True)]
        bowl = sum((1 + 3 * i / n) * v**2 for i, v in enumerate(away))
        ripples = sum(math.sin(3 * math.pi * v) ** 2 for v in away)
        return bowl + self._ripple * ripples

    def _good(self, x: list[float]) -> float:
        return sum(2.5 * (v - p) ** 2 for v, p in zip(x, self._peak, strict=True))
