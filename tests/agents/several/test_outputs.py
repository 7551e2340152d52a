from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from bigloop.agents.several.outputs import outputs
from bigloop.agents.several.recommendation import compromise
from bigloop.agents.several.standing import Standing


def test_each_output_sees_itself_alone(both: Any) -> None:
    cheap = {"simulator": "t", "observes": ["y", "w"], "cost": {"EUR": 1}}
    dear = {"simulator": "s", "observes": ["y", "w"], "cost": {"EUR": 10}}
    first, second = outputs(both.front(sources={"dear": dear, "cheap": cheap}))
    assert first.view.is_plain
    assert first.view.sources["cheap"].observes == ("y",)
    assert second.view.objective.observable == "w"
    assert second.view.objective.goal == "minimize"
    assert second.view.sources["cheap"].observes == ("w",)


def test_windows_turn_with_the_goal(both: Any) -> None:
    campaign = both.campaign(
        objective={"observable": "w", "goal": "minimize", "source": "dear"},
        requirements={"w": {"at_least": 5.0}, "y": {"at_least": -0.5}},
    )
    own, other = outputs(campaign)
    assert own.window == (-math.inf, -5.0)
    assert other.window == (-0.5, math.inf)


def test_a_log_window_is_a_logarithm(both: Any) -> None:
    observables = {"y": {"unit": "volt"}, "w": {"low": 0, "log": True}}
    bound = {"w": {"at_least": 0.0, "at_most": 8.0}}
    campaign = both.campaign(
        objective={"observable": "y", "source": "dear"},
        observables=observables,
        requirements=bound,
    )
    low, high = outputs(campaign)[1].window
    assert low == -math.inf
    assert high == pytest.approx(math.log(8))


def test_the_compromise_does_not_change_with_units() -> None:
    means = torch.tensor([[9.0, 1.0], [5.0, 5.0], [1.0, 8.0]], dtype=torch.float64)
    for scale in (1.0, 1000.0):
        standing = Standing(
            designs=[{}, {}, {}],
            means=means * torch.tensor([1.0, scale]),
            p_holds=torch.ones(3, 2),
            is_feasible=torch.ones(3, dtype=torch.bool),
            reference=torch.zeros(2, dtype=torch.float64),
            front=[0, 1, 2],
        )
        assert compromise(standing) == 1
        assert standing.volume == pytest.approx(scale * (9 + 5 * 4 + 3))
