"""Against exact results for squares that meet at corners, none of them self-dual."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bigloop.contracts import SpecError
from bigloop.simulators.transport import conduct, conduct_continuum


def _quarters(m: int) -> np.ndarray:
    """One period of a checkerboard of four phases, cut at the middle of its squares."""
    i = (np.arange(4 * m) + m) // (2 * m) % 2
    return np.array([[0, 1], [3, 2]])[i[:, None], i[None, :]]


def _exact(sigma: tuple[float, ...], axis: int) -> float:
    """Four squares, Mortola and Steffe; proven by Craster and Obnosov (2001)."""
    a, b, c, d = sigma
    across, along = (a + d) * (b + c), (a + b) * (c + d)
    ratio = across / along if axis else along / across
    triples = a * b * c + a * b * d + a * c * d + b * c * d
    return math.sqrt(triples / sum(sigma) * ratio)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    "sigma",
    [
        (1.0, 1.0, 1.0, 0.01),
        (1.0, 1.0, 1.0, 100.0),
        (1.0, 0.01, 0.1, 1.0),
        (1.0, 0.01, 0.02, 5.0),
        (3.0, 1.0, 20.0, 0.5),
    ],
)
def test_four_squares_that_meet(sigma: tuple[float, ...], axis: int) -> None:
    phases = dict(enumerate(sigma))
    exact = _exact(sigma, axis)
    spreads = []
    for m in (1, 4):
        found = conduct_continuum(_quarters(m), phases, axis=axis, tolerance=1e-8)
        assert found.direct.conductivity <= exact * (1 + 1e-7)
        assert 1 / found.dual.conductivity >= exact * (1 - 1e-7)
        assert abs(found.conductivity / exact - 1) <= max(0.1 * found.spread, 1e-7)
        spreads.append(found.spread)
    assert spreads[1] <= spreads[0] + 1e-8


def test_random_squares_hardly_change_with_the_cells() -> None:
    tiles = np.random.default_rng(0).integers(0, 2, (24, 32))
    sigma = {0: 1.0, 1: 0.01}
    coarse = conduct_continuum(tiles, sigma)
    fine = conduct_continuum(np.kron(tiles, np.ones((8, 8), dtype=int)), sigma)
    change = abs(math.log(fine.conductivity / coarse.conductivity))
    plain = math.log(fine.direct.conductivity / coarse.direct.conductivity)
    assert change < 0.1 * plain
    assert coarse.direct.conductivity < fine.conductivity
    assert fine.conductivity < 1 / coarse.dual.conductivity


@pytest.mark.parametrize("axis", [0, 1])
def test_layers_are_exact_without_it(axis: int) -> None:
    layers = np.repeat(np.arange(3), [2, 3, 1])[:, None] * np.ones((1, 5), dtype=int)
    sigma = {0: 1.0, 1: 0.2, 2: 30.0}
    found = conduct_continuum(layers, sigma, axis=axis, tolerance=1e-10)
    plain = conduct(layers, sigma, axis=axis, tolerance=1e-10).conductivity
    assert abs(found.conductivity / plain - 1) < 1e-8
    assert abs(found.spread) < 1e-8


@pytest.mark.parametrize(
    ("shape", "sigma", "axis", "says"),
    [
        ((4, 4, 4), {0: 1.0}, 0, "2-D"),
        ((4, 4), {0: 1.0}, 2, "axis"),
        ((4, 4), {0: 0.0}, 0, r"conductivity\[0\]"),
        ((4, 4), {0: math.nan}, 0, r"conductivity\[0\]"),
    ],
)
def test_what_has_no_dual_is_refused(
    shape: tuple[int, ...], sigma: dict[int, float], axis: int, says: str
) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        conduct_continuum(np.zeros(shape, dtype=int), sigma, axis=axis)
    assert "\n" not in str(caught.value)
