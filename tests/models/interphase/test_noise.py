"""The noise over age that distances tell."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from bigloop.models.interphase import noise
from bigloop.models.interphase.network import Sizes, StateSpace
from bigloop.models.interphase.noise import likeliest

from .conftest import LAYOUT

STEEP = torch.tensor([-3.0, -2.0, -1.0])
"""Logarithm of a noise whose variance rises some fiftyfold."""
ANYHOW = [math.inf, 1.0]


@pytest.mark.parametrize("most", ANYHOW)
def test_a_steep_noise_is_found_at_its_ends(most: float) -> None:
    """A mean of squares around the first knot is 1.4 times too large there."""
    near, left = readings()
    found = likeliest(beginning(), near, left, most)
    # Some 1,000 of 6,000 readings at an end, each of which tells a logarithm to 1.1.
    torch.testing.assert_close(
        found, STEEP.expand_as(found), rtol=0, atol=4 * 1.1 / 1000**0.5
    )


@pytest.mark.parametrize("most", ANYHOW)
@pytest.mark.parametrize("began", [-6.0, 1.0])
def test_where_it_begins_makes_little_difference(most: float, began: float) -> None:
    """What it began with counts as two readings a knot, and less when done again."""
    near, left = readings()
    found = beginning(began)
    for _ in range(6):
        found = likeliest(found, near, left, most)
    usual = likeliest(likeliest(beginning(), near, left, most), near, left, most)
    torch.testing.assert_close(found, usual, rtol=0, atol=0.02)


def test_it_has_the_largest_likelihood_of_all() -> None:
    """No broken line near it has a larger one."""
    near, left = readings()
    found = beginning()
    for _ in range(6):
        found = likeliest(found, near, left)
    best = likelihood(found, near, left)
    for knot in range(3):
        for off in (-0.02, 0.02):
            other = found.clone()
            other[..., knot] += off
            assert bool((likelihood(other, near, left) < best).all())


def test_lives_that_burst_do_not_pass_for_noise() -> None:
    """A tenth of the lives far off: the noise of the others is nearly found."""
    near, left = readings()
    left[:, :100] += 20.0 * left.square().mean().sqrt()
    robust, plain = (likeliest(beginning(), near, left, most) for most in (1.0, 99.0))
    # A tenth of squares of 1 where 0.516 is usual: the others' squares take 0.462.
    assert float((robust - STEEP).max()) < 0.4
    assert float((plain - STEEP).min()) > 1.0


def test_few_readings_hardly_kink_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten lives, whose noise is a straight line."""
    near, left = readings()
    near, left = near[:, :10], left[:, :10]
    smooth = likeliest(beginning(), near, left).diff(n=2)
    monkeypatch.setattr(noise, "_KINK", 1e3)
    rough = likeliest(beginning(), near, left).diff(n=2)
    assert bool((smooth.abs() < 0.8 * rough.abs()).all())


def test_missing_readings_say_nothing() -> None:
    near, left = readings()
    told = likeliest(beginning(), near, left, 1.0)
    missing = (near.sum(-1) == 0).movedim(0, -1)[None, :, None].expand_as(left)
    assert bool(missing.any())
    left[missing] = 1e3
    torch.testing.assert_close(likeliest(beginning(), near, left, 1.0), told)


def test_without_readings_it_stays() -> None:
    near, left = readings()
    began = beginning(-1.5)
    found = likeliest(began, torch.zeros_like(near), left)
    torch.testing.assert_close(found, began)


def beginning(level: float = -2.0) -> Tensor:
    return torch.full((2, 4, 3), level)


def readings() -> tuple[Tensor, Tensor]:
    """How near 6,000 readings are to three knots, and their distances."""
    g = torch.Generator().manual_seed(0)
    space = StateSpace(LAYOUT, Sizes(latent=2, hidden=4, members=2, knots=3))
    hats = space.hats(torch.rand(1000, 8, generator=g))
    told = (torch.rand(1000, 8, 4, generator=g) > 0.25).float()
    near = torch.einsum("ntc,ntj->cntj", told, hats)
    sigma = (hats @ STEEP).exp()[None, :, None, :, None]
    left = sigma * torch.randn(2, 1000, 3, 8, 4, generator=g)
    return near, left.abs()


def likelihood(line: Tensor, near: Tensor, left: Tensor) -> Tensor:
    """Of all readings, `E x C`."""
    log_sigma = torch.einsum("cntj,ecj->entc", near, line)
    told = near.sum(-1).movedim(0, -1)
    squares = left.square().mean(2) * (-2.0 * log_sigma).exp()
    return -(told * (log_sigma + 0.5 * squares)).sum((1, 2))
