"""Stochastic growth against its own moments and against Arrhenius."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bigloop.contracts import SpecError
from bigloop.simulators.sei.stochastic import GAS, StochasticGrowth

AGES, KELVIN = [10.0, 30.0, 100.0], [288.0, 318.0, 288.0]


def test_moments_are_those_of_drawn_lives() -> None:
    """Mean within 4 standard errors; variance within 4 of its own."""
    law, rng, n = StochasticGrowth(), np.random.default_rng(0), 4000
    squares = np.array([law.thickness(AGES, KELVIN, rng) for _ in range(n)]) ** 2
    mean, variance = law.moments(AGES, KELVIN)
    assert (abs(squares.mean(0) - mean) < 4 * np.sqrt(variance / n)).all()
    fourth = ((squares - mean) ** 4).mean(0)
    spread = np.sqrt((fourth - variance**2) / n)
    assert (abs(squares.var(0) - variance) < 4 * spread).all()


def test_rates_follow_arrhenius() -> None:
    law = StochasticGrowth(energy=50e3)
    ratio = float(law.speed(310.0) / law.speed(300.0))
    assert math.isclose(ratio, math.exp(50e3 / GAS * (1 / 300 - 1 / 310)))


def test_steps_of_no_length_add_nothing() -> None:
    found = StochasticGrowth().thickness(
        [0.0, 5.0, 5.0], [300.0] * 3, np.random.default_rng(1)
    )
    assert found[0] == pytest.approx(5.0)
    assert found[1] == found[2]


@pytest.mark.parametrize("bad", [{"rate": 0.0}, {"energy": math.nan}])
def test_what_cannot_be_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="give a number above 0"):
        StochasticGrowth(**bad)


def test_falling_ages_are_refused() -> None:
    with pytest.raises(SpecError, match="ages_d"):
        StochasticGrowth().thickness([2.0, 1.0], [300.0] * 2, np.random.default_rng(0))
