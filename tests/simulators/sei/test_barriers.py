from __future__ import annotations

import math

import numpy as np
import pytest

from bigloop.contracts import SpecError
from bigloop.simulators.sei.barriers import NAMES, Barriers, box


def test_rates_are_those_of_arrhenius_and_eyring() -> None:
    rates = Barriers().rates()
    assert len(rates) == 19
    # kB T / h at 300 K is 6.25e12 1/s.
    assert rates[15] == pytest.approx(6.2510e12 * math.exp(-0.01 / 0.0258520), rel=1e-4)
    ratio = rates[0] / rates[12]
    assert ratio == pytest.approx(math.exp(-(0.50 - 0.36) / 0.025851999786), rel=1e-6)


def test_the_box_is_28_percent_around_the_middle() -> None:
    bounds = box()
    assert bounds.shape == (15, 2)
    np.testing.assert_allclose(bounds[:, 1] / bounds[:, 0], 1.28 / 0.72)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, 3.1, "0.5", True])
def test_an_absurd_barrier_is_refused(value: float) -> None:
    with pytest.raises(SpecError, match=r"^e7: .*give a barrier from 0 to 3 eV$"):
        Barriers(e7=value)


def test_barriers_by_name_and_in_order() -> None:
    assert Barriers.of({"e1": 0.4}).e1 == 0.4
    values = [0.1 * (i + 1) for i in range(15)]
    assert Barriers.of(values).array().tolist() == values
    assert tuple(f"e{i}" for i in range(1, 16)) == NAMES
    with pytest.raises(SpecError, match="e16"):
        Barriers.of({"e16": 0.4})
    with pytest.raises(SpecError, match="give 15"):
        Barriers.of([0.4])


def test_an_absurd_temperature_is_refused() -> None:
    with pytest.raises(SpecError, match="temperature_K"):
        Barriers().rates(math.nan)
