from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bigloop.agents.knowledge_gradient import knowledge_gradient


def normal_loss(gap: float, spread: float) -> float:
    """E[(spread Z - gap)+] in closed form."""
    z = -gap / spread
    density = math.exp(-0.5 * z * z) / math.sqrt(math.tau)
    return spread * density + (-gap) * 0.5 * (1 + math.erf(z / math.sqrt(2)))


@pytest.mark.parametrize("gap", [0.0, 0.3, 1.0, 2.0])
def test_two_designs_have_the_closed_form(gap: float) -> None:
    mean = torch.tensor([[0.0, -gap]], dtype=torch.float64)
    change = torch.tensor([[[0.0], [0.7]]], dtype=torch.float64)
    found = float(knowledge_gradient(mean, change))
    # The grid of step h meets one kink of slope 0.7: h^2 / 8 * 0.7 * 0.4 at most.
    assert found == pytest.approx(normal_loss(gap, 0.7), abs=0.0016)


def test_many_designs_agree_with_sampling() -> None:
    torch.manual_seed(0)
    mean = torch.randn(1, 30, dtype=torch.float64)
    change = torch.randn(1, 30, 1, dtype=torch.float64)
    z = torch.randn(400_000, dtype=torch.float64)
    sampled = (mean[0][:, None] + change[0] * z).amax(0)
    error = 4 * float(sampled.std()) / 400_000**0.5
    expected = float(sampled.mean() - mean.max())
    assert float(knowledge_gradient(mean, change)) == pytest.approx(
        expected, abs=error + 0.005
    )


@given(shift=st.floats(-5, 5), size=st.floats(0, 3))
def test_a_result_that_moves_all_means_alike_is_worth_nothing(
    shift: float, size: float
) -> None:
    mean = torch.linspace(-1, 1, 5, dtype=torch.float64).unsqueeze(0) + shift
    change = torch.full((1, 5, 1), size, dtype=torch.float64)
    assert float(knowledge_gradient(mean, change)) == pytest.approx(0.0, abs=1e-9)
