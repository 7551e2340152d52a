"""Scores, crossings and gains against what they are by hand."""

from __future__ import annotations

import math

import pytest
import torch

from bigloop.contracts import SpecError
from bigloop.models.interphase import Channel, Forecast, Layout, Records
from bigloop.models.interphase.objective import forecast_score

LAYOUT = Layout(
    observables={"y": "free"}, channels=(Channel(source="s", observable="y"),)
)


def forecast(levels: torch.Tensor, sigma: float = 0.5) -> Forecast:
    E, n, _, T, C = levels.shape
    return Forecast(
        layout=LAYOUT,
        ages=torch.arange(1.0, T + 1.0).expand(n, -1),
        levels=levels,
        sigma=torch.full((E, n, T, C), sigma),
    )


def test_the_score_is_that_of_a_normal_forecast() -> None:
    """Lives of spread 2 and noise 1.5 are a normal of 2.5: its closed form."""
    seeded = torch.Generator().manual_seed(0)
    lives = 2.0 * torch.randn(1, 1, 20_000, 1, 1, generator=seeded)
    records = Records.blank(
        torch.zeros(1, 0), torch.ones(1, 1), torch.zeros(1, 1, 0), 1
    )
    records.values[:], records.mask[:] = 1.0, 1.0
    found = float(forecast_score(records, lives, torch.full((1, 1, 1, 1), 1.5)))
    z = 1.0 / 2.5
    density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    exact = 2.5 * (
        z * math.erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi)
    )
    # Twice the score over the spread of 2.5; chance leaves about 1.2 % (one sigma).
    assert found == pytest.approx(2.0 * exact / 2.5, rel=0.05)


def test_the_split_is_that_of_its_parts() -> None:
    """Two members, 1 apart, each with lives 2 apart: 0.25, 1 and 1/2."""
    levels = torch.tensor([[-1.0, 1.0], [0.0, 2.0]]).reshape(2, 1, 2, 1, 1)
    found = forecast(levels)
    assert float(found.observation) == pytest.approx(0.25)
    assert float(found.process) == pytest.approx(1.0)
    assert float(found.epistemic) == pytest.approx(0.5)
    assert float(found.gain) == pytest.approx(0.5 * math.log(1 + 0.5 / 1.25))


def test_a_level_is_crossed_between_ages() -> None:
    levels = torch.tensor([[0.0, 1.0, 3.0], [0.0, 0.0, 0.5]]).reshape(1, 1, 2, 3, 1)
    assert forecast(levels).crossing(0, 2.0).tolist() == [[2.5, math.inf]]


def test_an_interval_of_normal_lives_covers_its_share() -> None:
    seeded = torch.Generator().manual_seed(1)
    levels = torch.randn(1, 1, 4000, 1, 1, generator=seeded)
    low, high = forecast(levels, sigma=1e-6).interval(0.8)
    assert float(high - low) == pytest.approx(2 * 1.2816, rel=0.05)


def test_a_share_out_of_range_is_refused() -> None:
    with pytest.raises(SpecError, match="share"):
        forecast(torch.zeros(1, 1, 2, 1, 1)).interval(1.0)
