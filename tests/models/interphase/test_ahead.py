"""Draws towards readings against the normal law that they must follow."""

from __future__ import annotations

import torch

from bigloop.models.interphase.ahead import Told, towards
from bigloop.models.interphase.law import GrowthLaw
from bigloop.models.interphase.network import Rise

N = 4000
MIX = torch.tensor([[0.02, 0.0], [0.015, 0.01]])


def rise(mix: torch.Tensor = MIX) -> Rise:
    """Two levels that gain 1 and 2, give or take a few percent."""
    law = GrowthLaw(1, 2).requires_grad_(False)
    law.bend.fill_(30.0)  # a power of 1: levels are what gains
    return Rise(
        law=law,
        risen=torch.zeros(1, N, 2),
        step=torch.ones(1, N, 1),
        centre=torch.tensor([1.0, 2.0]).log().expand(1, N, 2),
        mix=mix.expand(1, N, 2, 2),
    )


def told(precision: float) -> Told:
    value = torch.tensor([1.02, 2.01]).expand(1, N, 2)
    return Told(value=value, precision=torch.full((1, N, 2), precision))


def unit() -> torch.Tensor:
    return torch.randn(1, N, 2, generator=torch.Generator().manual_seed(0))


NOTHING = torch.zeros(1, N, 2), torch.zeros(1, N, 2)


def test_without_readings_the_prior_draws() -> None:
    drawn, (mean, log_spread) = towards(rise(), told(0.0), unit(), NOTHING)
    torch.testing.assert_close(drawn, unit())
    assert float(mean.abs().max()) < 1e-6
    assert float(log_spread.abs().max()) < 1e-6


def test_they_follow_the_conjugate_normal() -> None:
    """Of a nearly linear step: its moments, within the draws' own spread."""
    precision = 2500.0
    drawn = towards(rise(), told(precision), unit(), NOTHING)[0][0]
    slope = torch.tensor([1.0, 2.0])[:, None] * MIX
    covariance = (torch.eye(2) + precision * slope.T @ slope).inverse()
    mean = covariance @ slope.T @ (precision * torch.tensor([0.02, 0.01]))
    spread = covariance.diagonal().sqrt()
    # The exponential bends by half its exponent's square, about 1e-4 of a gain.
    bend = precision * 2e-4 * 0.02
    assert float(((drawn.mean(0) - mean).abs() / spread).max()) < 4 / N**0.5 + bend
    found = torch.corrcoef(drawn.T)[0, 1]
    true = covariance[0, 1] / spread.prod()
    assert abs(float(found - true)) < 4 * (1 - float(true) ** 2) / N**0.5 + bend


def test_the_parts_multiply_to_the_density_of_the_draw() -> None:
    """Each given those after it: their product is the joint normal's density."""
    precision = 400.0
    wide = rise(10.0 * MIX)
    drawn, (mean, log_spread) = towards(wide, told(precision), unit(), NOTHING)
    z = (drawn - mean) / log_spread.exp()
    torch.testing.assert_close(z, unit(), rtol=0, atol=1e-4)
    parts = (-0.5 * unit().square() - log_spread).sum(-1)[0]
    sample = drawn[0].double()
    off = sample - sample.mean(0)
    joint = torch.distributions.MultivariateNormal(
        torch.zeros(2).double(), sample.T.cov()
    ).log_prob(off)
    # Equal up to a constant and to what 4,000 draws leave of the covariance.
    apart = (parts - parts.mean()) - (joint - joint.mean())
    assert float(apart.std()) < 4 * float(joint.std()) / N**0.5


def test_a_reading_far_off_stays_finite() -> None:
    far = Told(
        value=torch.full((1, N, 2), -100.0), precision=torch.full((1, N, 2), 1e6)
    )
    drawn, (mean, log_spread) = towards(rise(10 * MIX), far, unit(), NOTHING)
    for part in (drawn, mean, log_spread):
        assert bool(part.isfinite().all())
