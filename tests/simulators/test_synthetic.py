"""Analytic functions: published minima, BoTorch's values, noise from the seed."""

from __future__ import annotations

import math
import random
from statistics import fmean, stdev

import pytest
import torch
from botorch.test_functions import Branin, Hartmann
from botorch.test_functions.multi_fidelity import (
    AugmentedBranin,
    AugmentedHartmann,
)

from bigloop.contracts import Request, SpecError
from bigloop.simulators.synthetic import (
    BraninSimulator,
    ForresterSimulator,
    HartmannSimulator,
    MixtureSimulator,
)

OPTIMA = [
    (ForresterSimulator, {"x": 0.7572490}),
    (BraninSimulator, {"x1": math.pi, "x2": 2.275}),
    (BraninSimulator, {"x1": -math.pi, "x2": 12.275}),
    (
        HartmannSimulator,
        {
            "x1": 0.20169,
            "x2": 0.150011,
            "x3": 0.476874,
            "x4": 0.275332,
            "x5": 0.311652,
            "x6": 0.6573,
        },
    ),
]
Kind = type[ForresterSimulator] | type[BraninSimulator] | type[HartmannSimulator]


def value(
    simulator: ForresterSimulator | BraninSimulator | HartmannSimulator,
    x: list[float],
    seed: int = 0,
) -> float:
    names = simulator.capabilities().parameters
    design = dict(zip(names, x, strict=True))
    request = Request.model_validate({"trial": "1", "design": design, "seed": seed})
    return simulator.evaluate(request).measurements[0].value


@pytest.mark.parametrize(("kind", "at"), OPTIMA)
def test_minima(kind: Kind, at: dict[str, float]) -> None:
    assert value(kind(), list(at.values())) == pytest.approx(kind.optimum, abs=1e-5)


def points(kind: Kind, n: int = 50) -> torch.Tensor:
    low = torch.tensor([b[1] for b in kind.bounds], dtype=torch.float64)
    high = torch.tensor([b[2] for b in kind.bounds], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    unit = torch.rand(n, len(low), generator=generator, dtype=torch.float64)
    return low + (high - low) * unit


@pytest.mark.parametrize(
    ("kind", "plain", "augmented"),
    [
        (BraninSimulator, Branin(), AugmentedBranin()),
        (HartmannSimulator, Hartmann(dim=6), AugmentedHartmann()),
    ],
)
def test_same_as_botorch(
    kind: type[BraninSimulator] | type[HartmannSimulator],
    plain: torch.nn.Module,
    augmented: torch.nn.Module,
) -> None:
    X = points(kind)
    fidelity = torch.full((len(X), 1), 0.9, dtype=torch.float64)
    for name, expected in {
        "true": plain(X),
        "good": augmented(torch.cat([X, fidelity], dim=1)),
    }.items():
        simulator = kind(name)
        got = [value(simulator, x) for x in X.tolist()]
        assert got == pytest.approx(expected.tolist(), rel=1e-6, abs=1e-6)


def test_forrester_cheap_variant_is_exact_after_a_linear_correction() -> None:
    for i in range(11):
        x = i / 10
        corrected = 2 * (value(ForresterSimulator("good"), [x]) - 10 * (x - 0.5) - 5)
        assert corrected == pytest.approx(value(ForresterSimulator(), [x]), abs=1e-12)


def test_misleading_is_the_mirror() -> None:
    mirrored = value(BraninSimulator("misleading"), [1.0, 2.0])
    assert mirrored == value(BraninSimulator(), [4.0, 13.0])


def test_noise_follows_the_seed() -> None:
    simulator, n = ForresterSimulator(noise_sd=2.0), 2000
    exact = value(ForresterSimulator(), [0.3])
    noise = [value(simulator, [0.3], seed) - exact for seed in range(n)]
    assert noise[7] == value(simulator, [0.3], 7) - exact
    # Standard errors of mean and standard deviation of n normal numbers; 4 of each.
    assert abs(fmean(noise)) < 4 * 2.0 / math.sqrt(n)
    assert abs(stdev(noise) - 2.0) < 4 * 2.0 / math.sqrt(2 * n)


def test_misuse() -> None:
    with pytest.raises(SpecError, match="from 0 to 1"):
        value(ForresterSimulator(), [1.5])
    with pytest.raises(SpecError, match="true, good, misleading"):
        ForresterSimulator("bad")
    with pytest.raises(SpecError, match="noise_sd"):
        ForresterSimulator(noise_sd=-1)


@pytest.mark.parametrize("peak", [{"a": 0.2, "b": 0.5, "c": 0.3}, {"a": 0, "b": 1}])
def test_no_mixture_is_better_than_the_peak(peak: dict[str, float]) -> None:
    simulator = MixtureSimulator(peak, ripple=0.3)
    rng = random.Random(0)

    def value(design: dict[str, float]) -> float:
        outcome = simulator.evaluate(Request(trial="1", design=dict(design)))
        return outcome.measurements[0].value

    assert value(peak) == 0.0
    for _ in range(200):
        parts = [rng.expovariate(1) for _ in peak]
        design = {k: v / sum(parts) for k, v in zip(peak, parts, strict=True)}
        assert value(design) > 0.0


@pytest.mark.parametrize(
    ("peak", "ripple"),
    [
        ({"a": 1.0}, 0),
        ({"a": 0.5, "b": 0.4}, 0),
        ({"a": 1.5, "b": -0.5}, 0),
        ({"a": 0.5, "b": 0.5}, -1.0),
        ({"a": math.nan, "b": 0.5}, 0),
    ],
)
def test_a_peak_that_is_no_mixture_is_refused(
    peak: dict[str, float], ripple: float
) -> None:
    with pytest.raises(SpecError, match="give"):
        MixtureSimulator(peak, ripple)
