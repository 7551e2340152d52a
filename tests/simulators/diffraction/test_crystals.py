"""Shapes, defects and strain against analytic results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction import (
    Crack,
    Dislocation,
    Facets,
    Grid,
    Growth,
    Reflection,
    grow,
    random_facets,
    strain_of,
    wulff,
)
from bigloop.simulators.diffraction.checks import Floats
from bigloop.simulators.diffraction.defects import across

GRID = Grid(shape=(32, 32, 32), voxel_nm=8.0)


def circle(radius: float, n: int = 400) -> Floats:
    """Points of a circle about z, begun and ended just beside the cut at -x."""
    angle = np.linspace(-np.pi + 1e-9, np.pi - 1e-9, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle])


@pytest.mark.parametrize("burgers", [(0, 0, 0.5), (0.3, 0, 0), (0.2, -0.1, 0.4)])
def test_burgers_circuit(burgers: tuple[float, float, float]) -> None:
    line = Dislocation(point_nm=(0, 0, 0), line=(0, 0, 1), burgers_nm=burgers)
    # The cut lies behind the edge part of the Burgers vector, where there is one.
    x = np.array([burgers[0], burgers[1], 0.0])
    x = x / np.linalg.norm(x) if x.any() else across(np.array([0.0, 0.0, 1.0]))
    turn = np.column_stack([x, np.cross([0, 0, 1], x), [0, 0, 1]])
    u = line.displacement_nm(turn @ circle(5.0))
    np.testing.assert_allclose(u[:, -1] - u[:, 0], burgers, atol=1e-6)


def navier(defect: Dislocation | Crack, at: Floats, h: float, nu: float) -> Floats:
    """(1 - 2 nu) laplace(u) + grad(div(u)) at a point; zero in equilibrium."""

    def u(*steps: Floats) -> Floats:
        return defect.displacement_nm((at + sum(steps))[:, None])[:, 0]

    e = h * np.eye(3)
    laplace = sum(u(s) + u(-s) - 2 * u(0 * s) for s in e) / h**2
    mixed = [
        [(u(a, b) - u(a, -b) - u(-a, b) + u(-a, -b)) / (4 * h**2) for b in e] for a in e
    ]
    return np.asarray((1 - 2 * nu) * laplace + np.einsum("abb->a", np.array(mixed)))


@pytest.mark.parametrize(
    "defect",
    [
        Dislocation(
            point_nm=(0, 0, 0), line=(0, 0, 1), burgers_nm=(0.4, 0, 0), core_nm=1e-3
        ),
        Dislocation(point_nm=(0, 0, 0), line=(0, 0, 1), burgers_nm=(0, 0, 0.4)),
        Crack(tip_nm=(0, 0, 0), growth=(1, 0, 0), normal=(0, 1, 0), opening_nm=1.0),
    ],
)
def test_fields_are_in_equilibrium(defect: Dislocation | Crack) -> None:
    """The elastic equations hold to the second order of the differences."""
    at = np.array([3.0, 2.0, 1.0])
    coarse, fine = (np.abs(navier(defect, at, h, 0.3)).max() for h in (0.2, 0.1))
    assert coarse < 1e-4
    assert fine == pytest.approx(coarse / 4, rel=0.1, abs=1e-9)


def test_crack_opens_by_the_square_root() -> None:
    crack = Crack(
        tip_nm=(0, 0, 0),
        growth=(1, 0, 0),
        normal=(0, 1, 0),
        opening_nm=0.3,
        length_nm=50,
    )
    behind = -np.array([50.0, 12.5])
    above, below = (
        crack.displacement_nm(np.stack([behind, [e, e], [0.0, 0.0]]))
        for e in (1e-9, -1e-9)
    )
    np.testing.assert_allclose((above - below)[1], [0.3, 0.15], rtol=1e-6)
    np.testing.assert_allclose((above - below)[0], 0, atol=1e-9)


def test_crack_gap_does_not_diffract() -> None:
    growth = Growth(size_nm=160, n_cracks=1, crack_gap_nm=16.0)
    whole = grow(Growth(size_nm=160), 2, GRID)
    cracked = grow(growth, 2, GRID)
    assert 0.02 < 1 - cracked.density.sum() / whole.density.sum() < 0.3


@pytest.mark.parametrize("hkl", [(1, 1, 1), (2, 0, 0), (3, 1, 1)])
def test_visible_burgers_vectors_close_the_phase(hkl: tuple[int, int, int]) -> None:
    reflection = Reflection(hkl=hkl, direction=(0.2, 1.0, -0.4))
    turns = reflection.burgers_nm(0.7) @ reflection.q / (2 * np.pi)
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-12)
    assert np.abs(turns).min() > 0.5


def test_a_cube_and_its_volume() -> None:
    cube = wulff({"100": 1.0})
    assert cube.volume_nm3() == pytest.approx(8.0)
    assert cube.sized(100.0).volume_nm3() == pytest.approx(np.pi / 6 * 100**3)
    octahedron = wulff({"111": 1.0})
    assert octahedron.volume_nm3() == pytest.approx(4 * np.sqrt(3))


@given(seed=st.integers(0, 10**6), n=st.integers(8, 30))
@settings(max_examples=20, deadline=None)
def test_random_facets_close(seed: int, n: int) -> None:
    facets = random_facets(np.random.default_rng(seed), n).sized(100)
    assert facets.volume_nm3() == pytest.approx(np.pi / 6 * 1e6)


@pytest.mark.parametrize("shape", ["random", "wulff"])
def test_size(shape: str) -> None:
    """Voxels at the rim are filled in part, so that the volume is that asked for."""
    for seed in range(5):
        crystal = grow(Growth(size_nm=150, shape=shape), seed, GRID)
        volume = crystal.density.sum() * GRID.voxel_nm**3
        assert volume == pytest.approx(np.pi / 6 * 150**3, rel=0.01)


def test_rounding_takes_edges_away() -> None:
    sharp = grow(Growth(size_nm=150, shape="wulff"), 1, GRID).density
    round_ = grow(Growth(size_nm=150, shape="wulff", rounding_nm=5), 1, GRID).density
    assert (round_ <= sharp + 1e-12).all()
    assert 0.7 < round_.sum() / sharp.sum() < 1


def test_strain_is_what_was_asked_for() -> None:
    growth = Growth(size_nm=170, strain_rms=1e-3, correlation_nm=40)
    crystal = grow(growth, 3, GRID)
    inside = crystal.density > 0.5
    slope = np.gradient(crystal.displacement_nm[0], GRID.voxel_nm)[0]
    assert np.sqrt(np.mean(slope[inside] ** 2)) == pytest.approx(1e-3)
    # The mean gradient would be a shift of the peak.
    fit = [np.polyfit(p[inside], crystal.phase[inside], 1)[0] for p in GRID.points_nm()]
    np.testing.assert_allclose(fit, 0, atol=2e-3)


@pytest.mark.parametrize("direction", [(1.0, 0.0, 0.0), (1.0, 2.0, -1.0)])
def test_strain_of_a_homogeneous_field(direction: tuple[float, float, float]) -> None:
    reflection = Reflection(direction=direction)
    tensor = 1e-4 * np.array([[5.0, 1, 0], [1, -3, 2], [0, 2, 4]])
    u = np.tensordot(tensor, GRID.points_nm(), 1)
    rho = np.exp(1j * np.tensordot(reflection.q, u, 1))
    found = strain_of(rho, reflection, GRID.voxel_nm)[2:-2, 2:-2, 2:-2]
    n = np.array(direction) / np.linalg.norm(direction)
    np.testing.assert_allclose(found, n @ tensor @ n, rtol=1e-9)


def test_the_seed_decides_and_parts_are_apart() -> None:
    growth = Growth(size_nm=150, strain_rms=1e-3, n_dislocations=2, n_cracks=1)
    one, two = grow(growth, 5, GRID), grow(growth, 5, GRID)
    assert np.array_equal(one.object, two.object)
    assert not np.array_equal(one.object, grow(growth, 6, GRID).object)
    relaxed = grow(Growth(size_nm=150), 5, GRID)
    np.testing.assert_array_equal(relaxed.density, one.density)
    assert not relaxed.phase.any()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Growth(size_nm=float("nan")), "size_nm"),
        (lambda: Growth(size_nm=-5), "size_nm"),
        (lambda: Growth(strain_rms=0.5), "strain_rms"),
        (lambda: Growth(shape="cube"), "random, wulff"),
        (lambda: Growth(n_dislocations=-1), "n_dislocations"),
        (lambda: grow(Growth(size_nm=260), 0, GRID), "does not fit"),
        (lambda: grow(Growth(size_nm=1), 0, GRID), "not one voxel"),
        (lambda: Grid(shape=(3, 32, 32)), "4 or more"),
        (lambda: Grid(voxel_nm=0), "voxel_nm"),
        (lambda: Reflection(hkl=(0, 0, 0)), "hkl"),
        (lambda: Reflection(hkl=(1, 0, 0)).burgers_nm(), "all odd"),
        (lambda: Reflection(lattice_nm=float("inf")), "lattice_nm"),
        (lambda: wulff({"112": 1.0}), "100, 110, 111"),
        (lambda: wulff({"100": -1.0}), "energies.100"),
        (lambda: random_facets(np.random.default_rng(), 5), "8 facets"),
        (lambda: Facets(np.eye(3), np.ones(3)), "open"),
        (lambda: Facets(np.eye(3), np.ones(2)), "n x 3"),
        (lambda: Facets(np.eye(3), -np.ones(3)), "above 0"),
        (
            lambda: Dislocation(
                point_nm=(0, 0, 0), line=(0, 0, 0), burgers_nm=(1, 0, 0)
            ),
            "line",
        ),
        (
            lambda: Crack(
                tip_nm=(0, 0, 0), growth=(1, 0, 0), normal=(1, 0, 0), opening_nm=0.1
            ),
            "normal",
        ),
    ],
)
def test_absurd(make: object, says: str) -> None:
    assert callable(make)
    with pytest.raises(SpecError, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)
