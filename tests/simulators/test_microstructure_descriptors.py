"""Descriptors against balls, planes and overlapping spheres."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.microstructure import (
    chords,
    connectivity,
    describe,
    fractions,
    interface,
    surface,
    two_point,
)

Mask = NDArray[np.bool_]


def ball(radius: float, dim: int) -> Mask:
    n = int(2 * radius + 10)
    x = np.indices((n,) * dim) - n / 2 + 0.37
    found: Mask = (x**2).sum(axis=0) < radius**2
    return found


def voids(radius: float, density: float, n: int, seed: int) -> Mask:
    """What spheres with Poisson centres leave free, in a periodic box."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, n, (rng.poisson(density * n**3), 3))
    free = np.ones((n,) * 3, dtype=np.bool_)
    reach = math.ceil(radius)
    for centre in centres:
        near = [np.arange(int(c) - reach, int(c) + reach + 1) for c in centre]
        x, y, z = (a + 0.5 - c for a, c in zip(near, centre, strict=True))
        inside = x[:, None, None] ** 2 + y[:, None] ** 2 + z**2 < radius**2
        free[np.ix_(*(a % n for a in near))] &= ~inside
    return free


@pytest.mark.parametrize("radius", [5.0, 10.0, 20.3])
def test_surface_of_balls(radius: float) -> None:
    solid, disc = ball(radius, 3), ball(radius, 2)
    # Pairs of cells in an image are fewer than cells, by what lies at its sides.
    n = len(solid)
    area = surface(solid, 1) * n * (n - 1) ** 2
    assert area == pytest.approx(4 * math.pi * radius**2, rel=0.015)
    length = surface(disc, 1) * n**0.5 * (n - 1) ** 1.5
    assert length == pytest.approx(2 * math.pi * radius, rel=0.015)


def test_lengths_follow_the_voxel() -> None:
    disc = ball(10, 2)
    assert surface(disc, 1, voxel=0.1) == pytest.approx(10 * surface(disc, 1))
    assert chords(disc, 1, voxel=0.1).max() == pytest.approx(2.0, abs=0.11)


def test_interface_of_three_phases() -> None:
    """A ball in two halves: the disc between them, and each half with the outside."""
    solid = ball(20, 3)
    image = solid.astype(int)
    image[: len(image) // 2] *= 2
    disc, half = math.pi * 20**2, 2 * math.pi * 20**2
    n = len(image)
    volume = n * (n - 1) ** 2
    # A plane along the grid counts for about a tenth too little.
    assert interface(image, 1, 2) * volume == pytest.approx(0.89 * disc, rel=0.05)
    assert interface(image, 1, 0) * volume == pytest.approx(half, rel=0.06)
    stripes = np.repeat([[1, 2]], 20, axis=0).repeat(10, axis=1)
    assert interface(stripes, 1, 2) == interface(stripes, 2, 1) > 0


def test_overlapping_spheres() -> None:
    """Void fraction, surface, chords and S2 have closed forms [Torquato2002].

    [Torquato2002] Torquato, Random Heterogeneous Materials, Springer (2002), ch. 5.
    """
    radius, n = 6.0, 72
    density = math.log(2) / (4 / 3 * math.pi * radius**3)
    found: dict[str, list[float]] = {"surface": [], "chord": []}
    part, correlation = [], []
    for seed in range(8):
        free = voids(radius, density, n, seed)
        part.append(float(free.mean()))
        found["surface"].append(surface(free, 1))
        lengths = np.concatenate([chords(free, 1, axis) for axis in range(3)])
        found["chord"].append(float(lengths.mean()))
        distance, s2 = two_point(free, 1)
        correlation.append(s2)
    mean, error = _mean(found["surface"])
    area = 0.5 * density * 4 * math.pi * radius**2
    # Two points a step h apart differ with probability 2 (S2(0) - S2(h)).
    seen = 0.0
    for k, lines, weight in (
        (1, 3, 0.0457778912),
        (2, 6, 0.03698063),
        (3, 4, 0.03519564),
    ):
        h = math.sqrt(k)
        seen += 8 * weight * lines * (0.5 - _void_s2(h, radius, density)) / h
    assert mean == pytest.approx(seen, abs=4 * error)
    assert seen == pytest.approx(area, rel=0.08)
    assert np.mean(part) == pytest.approx(0.5, abs=4 * _mean(part)[1] + 0.005)
    # Long chords leave the box more often, which makes the mean too small.
    length = 1 / (density * math.pi * radius**2)
    assert 0.85 * length < _mean(found["chord"])[0] < 1.02 * length
    theory = np.array([_void_s2(r, radius, density) for r in distance])
    spread = np.std(correlation, axis=0, ddof=1) / math.sqrt(len(correlation))
    assert np.all(np.abs(np.mean(correlation, axis=0) - theory) < 4 * spread + 0.006)


def _void_s2(r: float, radius: float, density: float) -> float:
    x = min(r / (2 * radius), 1.0)
    union = 4 / 3 * math.pi * radius**3 * (1 + 1.5 * x - 0.5 * x**3)
    return math.exp(-density * union)


def _mean(values: list[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(
        np.std(values, ddof=1) / math.sqrt(len(values))
    )


def test_chords_are_counted_by_hand() -> None:
    row = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1])
    image = np.stack([row, 1 - row])
    assert sorted(chords(image, 1, axis=1)) == [1, 1, 1, 2, 3]
    assert chords(image, 1, axis=0).size == 0


def test_connectivity_of_a_ring_and_a_bar() -> None:
    image = np.zeros((20, 20), dtype=int)
    image[3:8, 3:8], image[5, 5] = 1, 0
    image[12] = 1
    found = connectivity(image, 1)
    assert found.clusters == 2
    assert found.largest == pytest.approx(24 / 44)
    assert found.percolating[0] == 0
    assert found.percolating[1] == pytest.approx(20 / 44)
    assert found.euler * image.size == pytest.approx(1)


def test_two_point_of_white_noise() -> None:
    image = np.random.default_rng(0).random((256, 256)) < 0.4
    distance, s2 = two_point(image, 1)
    part = image.mean()
    assert s2[0] == pytest.approx(part)
    assert s2[1:] == pytest.approx(part**2, abs=0.005)
    assert distance[0] == 0


def test_fractions_and_descriptors() -> None:
    image = np.kron(np.arange(9).reshape(3, 3) % 3, np.ones((10, 10), dtype=int))
    assert fractions(image) == {0: 1 / 3, 1: 1 / 3, 2: 1 / 3}
    found = describe(image, {"void": 0, "silicon": 1, "gold": 7})
    assert found["gold.fraction"] == 0 == found["gold.surface"]
    assert math.isnan(found["gold.chord"])
    assert found["silicon.percolating"] == 1.0
    alone = describe(np.ones((9, 9)), {"all": 1})
    assert (alone["all.surface"], alone["all.largest"]) == (0.0, 1.0)


@pytest.mark.parametrize("call", [surface, chords, connectivity, two_point])
def test_an_empty_phase_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(SpecError, match="no cell of it"):
        call(np.ones((9, 9)), 2)
    with pytest.raises(SpecError, match="2 cells or more"):
        call(np.ones((1, 9)), 1)


def test_bad_lengths() -> None:
    with pytest.raises(SpecError, match="voxel"):
        surface(np.eye(4), 1, voxel=0.0)
    with pytest.raises(SpecError, match="reach: 9"):
        two_point(np.eye(4), 1, reach=9)
