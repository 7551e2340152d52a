from __future__ import annotations

import torch

from bigloop.agents.ahead import improvement, information


def test_improvement_is_the_mean_of_the_positive_part() -> None:
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(200_000, generator=generator, dtype=torch.float64)
    for mean, sd in ((-1.0, 0.7), (0.0, 1.0), (0.4, 0.2)):
        drawn = (mean + sd * z).clamp_min(0.0)
        error = float(drawn.std() / len(z) ** 0.5)
        found = float(improvement(torch.tensor(mean), torch.tensor(sd)))
        assert abs(found - float(drawn.mean())) < 4 * error


def test_improvement_of_what_is_known_is_what_is_above() -> None:
    above = torch.tensor([-0.5, 0.0, 0.3], dtype=torch.float64)
    found = improvement(above, torch.zeros(3, dtype=torch.float64))
    assert torch.allclose(found, above.clamp_min(0.0), atol=1e-8)


def test_information_against_draws() -> None:
    """Two designs, one result that tells of the first: by 200,000 draws of it."""
    above = torch.tensor([[-0.3, -0.4]], dtype=torch.float64)
    variance = torch.tensor([[1.0, 0.5]], dtype=torch.float64)
    noise = torch.tensor([0.1], dtype=torch.float64)
    change = torch.tensor([[[0.9], [0.0]]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(200_000, generator=generator, dtype=torch.float64)

    def gain(mean: torch.Tensor, v: float) -> torch.Tensor:
        return improvement(mean, torch.tensor(v / (v + 0.1) ** 0.5))

    second = gain(torch.tensor(-0.4, dtype=torch.float64), 0.5)
    then = torch.maximum(gain(-0.3 + 0.9 * z, 1.0 - 0.81), second)
    now = torch.maximum(gain(torch.tensor(-0.3, dtype=torch.float64), 1.0), second)
    drawn = (then - now).clamp_min(0.0)
    error = float(drawn.std() / len(z) ** 0.5)
    found = float(information(above, variance, noise, change))
    assert abs(found - float(drawn.mean())) < 4 * error + 0.01 * found


def test_a_result_that_moves_nothing_tells_nothing() -> None:
    above = torch.tensor([[-0.3, -0.4]], dtype=torch.float64)
    nothing = torch.zeros(1, 2, 3, dtype=torch.float64)
    found = information(above, above.abs(), torch.tensor([0.1]).double(), nothing)
    assert found.shape == (1, 3)
    assert float(found.abs().max()) < 1e-12


def test_information_grows_with_what_a_result_tells() -> None:
    above = torch.tensor([[-0.5, -0.5]], dtype=torch.float64)
    variance = torch.ones(1, 2, dtype=torch.float64)
    change = torch.tensor([[[0.2, 0.5, 0.9], [0.0, 0.0, 0.0]]], dtype=torch.float64)
    found = information(above, variance, torch.tensor([0.1]).double(), change)[0]
    assert found.tolist() == sorted(found.tolist())
    assert float(found[0]) >= 0.0
