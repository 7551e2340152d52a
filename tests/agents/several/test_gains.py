"""The closed forms against draws, and against BoTorch."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from botorch.acquisition.multi_objective.analytic import (
    ExpectedHypervolumeImprovement,
)
from botorch.utils.testing import MockModel, MockPosterior

from bigloop.agents.several.gains import boxes, gains, overlap
from bigloop.agents.several.learned import Moments
from bigloop.contracts import Objective, Requirement

INF = math.inf
CASES = [
    (0.3, 0.8, 0.0, 1.0, (-INF, INF)),
    (0.3, 0.8, 0.0, INF, (-INF, INF)),
    (0.3, 0.8, 0.0, INF, (0.5, INF)),
    (-1.0, 0.5, 0.0, 2.0, (-INF, 0.7)),
    (0.9, 0.4, 0.0, 0.6, (0.8, 1.1)),
    (0.9, 0.4, 0.2, 1.6, (0.3, 1.1)),
    (0.9, 0.4, 1.2, 1.6, (0.3, 1.1)),
    (0.2, 0.3, -1.0, -0.5, (0.1, INF)),
]


def t(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


@pytest.mark.parametrize("case", CASES)
def test_an_overlap_is_the_mean_of_draws(case: Any) -> None:
    mean, sd, low, high, window = case
    g = torch.Generator().manual_seed(0)
    y = mean + sd * torch.randn(400_000, generator=g, dtype=torch.float64)
    drawn = (y.clamp(low, high) - low) * ((y > window[0]) & (y < window[1]))
    ends = (t(window[0]), t(window[1]))
    exact = float(overlap(t(mean), t(sd), t(low), t(high), ends))
    error = float(drawn.std()) / len(y) ** 0.5
    assert abs(exact - float(drawn.mean())) <= 5 * error + 1e-12


class One:
    """An output of which only goal and window are asked."""

    def __init__(self, window: tuple[float, float] | None, is_goal: bool = True):
        self.window = window or (-INF, INF)
        self.output = self
        self.goal = Objective(observable="y", source="s") if is_goal else None
        self.requirement = Requirement(at_least=0.0) if window else None


def moments(mean: list[float], sd: list[float]) -> Moments:
    rows = [torch.tensor([v], dtype=torch.float64) for v in (mean, sd)]
    return Moments(
        mean=rows[0],
        sd=rows[1],
        change=rows[1],
        weight=torch.ones(1, dtype=torch.float64),
    )


@pytest.mark.parametrize("m", [2, 3])
def test_the_gain_of_a_front_is_that_of_botorch(m: int) -> None:
    g = torch.Generator().manual_seed(m)
    front = torch.rand(6, m, generator=g, dtype=torch.float64)
    reference = torch.zeros(m, dtype=torch.float64)
    mean = torch.rand(5, m, generator=g, dtype=torch.float64)
    sd = 0.1 + torch.rand(5, m, generator=g, dtype=torch.float64)
    from botorch.utils.multi_objective.box_decompositions import (
        FastNondominatedPartitioning,
    )

    posterior = MockPosterior(mean=mean.unsqueeze(1), variance=sd.square().unsqueeze(1))
    theirs = ExpectedHypervolumeImprovement(
        model=MockModel(posterior),
        ref_point=reference.tolist(),
        partitioning=FastNondominatedPartitioning(ref_point=reference, Y=front),
    )(torch.zeros(5, 1, 1, dtype=torch.float64))
    found = gains(
        [One(None)] * m,  # type: ignore[list-item]
        [moments(mean[:, k].tolist(), sd[:, k].tolist()) for k in range(m)],
        boxes(front, reference),
    )
    assert torch.allclose(found, theirs, rtol=1e-9)


def test_with_one_objective_it_is_the_constrained_expected_improvement() -> None:
    mean, sd, best = 0.2, 0.7, 0.5
    u = (mean - best) / sd
    normal = torch.distributions.Normal(0.0, 1.0)
    density = math.exp(-0.5 * u * u) / math.tau**0.5
    improvement = sd * (density + u * float(normal.cdf(torch.tensor(u).double())))
    chance = 1 - float(normal.cdf(torch.tensor((1.0 - 0.4) / 0.3).double()))
    cells = boxes(t(best)[None], t(-9.0))
    found = gains(
        [One(None), One((1.0, INF), is_goal=False)],  # type: ignore[list-item]
        [moments([mean], [sd]), moments([0.4], [0.3])],
        cells,
    )
    assert float(found) == pytest.approx(improvement * chance, rel=1e-6)


def test_without_anything_feasible_it_is_the_chance_of_feasibility() -> None:
    found = gains(
        [One((0.0, INF)), One((1.0, INF), is_goal=False)],  # type: ignore[list-item]
        [moments([0.0], [0.7]), moments([1.0], [0.3])],
        None,
    )
    assert float(found) == pytest.approx(0.25)


def test_boxes_of_nothing_are_the_quadrant() -> None:
    empty = torch.zeros(0, 2, dtype=torch.float64)
    cells = boxes(empty, torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert cells.tolist() == [[[1.0, 2.0]], [[INF, INF]]]
