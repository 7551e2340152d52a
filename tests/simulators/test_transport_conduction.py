"""Finite volumes against exact results, a direct solver, and bad input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

from bigloop.contracts import SpecError
from bigloop.simulators.transport import conduct, tortuosity

Image = NDArray[np.integer]
EXACT = 1e-12


def direct(image: Image, sigma: Mapping[int, float]) -> float:
    """Conductivity along axis 0 by a sparse direct solver, assembled link by link."""
    s = np.vectorize(sigma.get)(image).astype(float)
    number = np.arange(s.size).reshape(s.shape)
    rows, columns, links = [], [], []
    for axis in range(s.ndim):
        n = s.shape[axis]
        a, b = s.take(range(1, n), axis), s.take(range(n - 1), axis)
        with np.errstate(invalid="ignore", divide="ignore"):
            links.append(np.nan_to_num(2 / (1 / a + 1 / b)).ravel())
        rows.append(number.take(range(1, n), axis).ravel())
        columns.append(number.take(range(n - 1), axis).ravel())
    i, j, g = (np.concatenate(part) for part in (rows, columns, links))
    matrix = sparse.coo_matrix((-g, (i, j)), (s.size, s.size))
    matrix = matrix + matrix.T
    ends = np.zeros(s.shape)
    ends[0] += 2 * s[0]
    inlet = ends.copy().ravel()
    ends[-1] += 2 * s[-1]
    matrix = (
        sparse.diags(ends.ravel() - np.asarray(matrix.sum(axis=1)).ravel()) + matrix
    )
    live = np.flatnonzero(matrix.diagonal() > 0)
    x = spsolve(matrix.tocsc()[live][:, live], inlet[live])
    current = float(inlet[live] @ (1 - x))
    return current * float(s.shape[0] ** 2 / s.size)


def blobs(shape: tuple[int, ...], part: float, seed: int) -> Image:
    """Part 1 is that of the noise below a quantile; only what joins both ends stays."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    field = ndimage.gaussian_filter(noise, 2)
    found: Image = (field < np.quantile(field, part)).astype(np.uint8)
    return found


def through(image: Image) -> Image:
    clusters, _ = ndimage.label(image)
    both = np.setdiff1d(np.intersect1d(clusters[0], clusters[-1]), 0)
    found: Image = np.isin(clusters, both).astype(np.uint8)
    return found


@pytest.mark.parametrize("shape", [(7, 5), (20, 20, 20), (2, 9, 4)])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_uniform_block(shape: tuple[int, ...], axis: int) -> None:
    result = tortuosity(np.ones(shape, dtype=int), 1, axis=axis)
    assert result.tortuosity == pytest.approx(1, abs=1e-12)
    assert conduct(np.ones(shape), {1: 0.3}, axis=axis).conductivity == pytest.approx(
        0.3, rel=1e-12
    )


def test_laminate_in_series_and_parallel() -> None:
    layers = np.repeat(np.arange(4), [3, 5, 1, 6])
    image = layers[:, None, None] * np.ones((1, 4, 6), dtype=int)
    sigma = {0: 1.0, 1: 1e-3, 2: 10.0, 3: 0.2}
    values = np.array([sigma[phase] for phase in layers.tolist()])
    series = conduct(image, sigma, axis=0, tolerance=1e-11)
    assert series.conductivity == pytest.approx(1 / np.mean(1 / values), rel=1e-9)
    for axis in (1, 2):
        parallel = conduct(image, sigma, axis=axis, tolerance=1e-11)
        assert parallel.conductivity == pytest.approx(values.mean(), rel=1e-9)


def test_contact_resistance_is_in_series() -> None:
    image = np.repeat([1, 2, 1], 4)[:, None] * np.ones((1, 3), dtype=int)
    h, contact = 2e-5, 50.0
    result = conduct(
        image,
        {1: 1e-3, 2: 1e-5},
        contact={(2, 1): contact},
        voxel_cm=h,
        tolerance=1e-11,
    )
    resistance = 8 * h / 1e-3 + 4 * h / 1e-5 + 2 * contact
    assert result.conductivity == pytest.approx(12 * h / resistance, rel=1e-9)


def test_slanted_strip_of_the_verification_set_of_taufactor() -> None:
    image = np.zeros((20, 21, 21), dtype=int)
    for i in range(20):
        image[i, i : i + 2, i : i + 2] = 1
    # By hand: 19 faces and 18 squares from corner to corner with resistance 1, and two
    # ends of 7/24; times the volume fraction over length and area.
    assert tortuosity(image, 1).tortuosity == pytest.approx(0.2 * (37 + 7 / 12), 1e-4)
    assert round(0.2 * (37 + 7 / 12), 5) == 7.51667


def test_strip_beside_what_does_not_conduct() -> None:
    image = np.zeros((20, 20, 20), dtype=int)
    image[:, :10, :10] = 1
    result = tortuosity(image, 1)
    assert result.tortuosity == pytest.approx(1, abs=1e-9)
    assert result.conductivity == pytest.approx(0.25, rel=1e-9)


def test_dead_end_and_islands_carry_nothing() -> None:
    image = np.zeros((10, 50, 50), dtype=int)
    image[:8, 25, 25] = 1
    result = tortuosity(image, 1)
    assert (result.conductivity, result.tortuosity) == (0.0, math.inf)
    assert (result.percolates, result.converged) == (False, True)
    image[:, 5, 5] = 1
    image[4, 40:, 40:] = 1
    result = tortuosity(image, 1)
    assert result.conductivity == pytest.approx(1 / 2500, rel=1e-9)
    assert result.through_fraction == pytest.approx(10 / 118)


def test_touching_corners_do_not_conduct() -> None:
    checkerboard = np.indices((8, 8)).sum(axis=0) % 2
    assert not tortuosity(checkerboard, 1).percolates


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(61, 44), (16, 13, 19)])
def test_against_a_direct_solver(seed: int, shape: tuple[int, ...]) -> None:
    pores = through(blobs(shape, 0.75, seed))
    grains = np.random.default_rng(seed).integers(0, 4, shape)
    for image, sigma in (
        (pores, {0: 0.0, 1: 1.0}),
        (blobs(shape, 0.5, seed), {0: 1.0, 1: 1e-4}),
        (grains, {0: 1.0, 1: 1e-6, 2: 0.2, 3: 30.0}),
    ):
        exact = direct(image, sigma)
        for tolerance in (1e-2, 1e-4, 1e-8):
            result = conduct(image, sigma, tolerance=tolerance)
            assert result.converged
            error = result.conductivity / exact - 1
            assert -1e-9 <= error <= result.error_bound + 1e-9
            assert result.error_bound <= tolerance


def test_results_do_not_depend_on_the_orientation() -> None:
    image, sigma = blobs((40, 33, 21), 0.5, 0), {0: 1.0, 1: 0.01}
    first = conduct(image, sigma, tolerance=1e-10).conductivity
    turned = [
        conduct(image[::-1], sigma, tolerance=1e-10),
        conduct(image.transpose(1, 2, 0), sigma, axis=2, tolerance=1e-10),
        conduct(image[:, ::-1], sigma, tolerance=1e-10),
    ]
    assert [r.conductivity for r in turned] == pytest.approx([first] * 3, rel=1e-9)
    assert conduct(image, sigma) == conduct(image.astype(float), sigma)


def test_bounds_of_wiener() -> None:
    image, sigma = blobs((64, 64), 0.5, 3), {0: 1.0, 1: 1e-2}
    found = conduct(image, sigma).conductivity
    part = image.mean()
    assert 1 / (part / 1e-2 + (1 - part)) < found < part * 1e-2 + (1 - part)


def test_high_contrast_converges_or_says_that_it_did_not() -> None:
    image = np.random.default_rng(0).integers(0, 2, (96, 96))
    good = conduct(image, {0: 1.0, 1: 1e-6})
    assert good.converged
    bad = conduct(image, {0: 1.0, 1: 1e-6}, max_iterations=2)
    assert not bad.converged
    assert math.isnan(bad.conductivity)
    assert "no convergence after 2 iterations" in bad.reason
    late = conduct(image, {0: 1.0, 1: 1e-6}, timeout_s=0.0)
    assert late.reason.startswith("time is up")


@pytest.mark.parametrize(
    ("image", "sigma", "says"),
    [
        (np.ones((1, 9)), {1: 1.0}, "2 cells or more"),
        (np.ones(9), {1: 1.0}, "2 or 3 axes"),
        (np.full((4, 4), np.nan), {1: 1.0}, "finite"),
        (np.full((4, 4), 0.5), {1: 1.0}, "no integers"),
        (np.arange(400).reshape(20, 20), {}, "segmented"),
        (np.ones((4, 4)), {1: -1.0}, r"conductivity\[1\]: -1.0"),
        (np.ones((4, 4)), {1: math.nan}, r"conductivity\[1\]: nan"),
        (np.ones((4, 4)), {1: 1.0, 2: 1.0}, "no cell of phase 2"),
        (np.eye(4, dtype=int), {1: 1.0}, "phase 0 of the image has none"),
        (np.array([["a", "b"], ["c", "d"]]), {1: 1.0}, "finite numbers"),
    ],
)
def test_bad_images_and_conductivities(
    image: Image, sigma: dict[int, float], says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        conduct(image, sigma)


def test_bad_options() -> None:
    image, sigma = np.eye(4, dtype=int), {0: 1.0, 1: 1.0}
    with pytest.raises(SpecError, match="voxel_cm"):
        conduct(image, sigma, contact={(0, 1): 1.0})
    with pytest.raises(SpecError, match=r"contact\[0, 1\]"):
        conduct(image, sigma, contact={(0, 1): -1.0}, voxel_cm=1e-5)
    with pytest.raises(SpecError, match="two different phases"):
        conduct(image, sigma, contact={(1, 1): 1.0}, voxel_cm=1e-5)
    with pytest.raises(SpecError, match="axis: 2"):
        conduct(image, sigma, axis=2)
    with pytest.raises(SpecError, match="tolerance"):
        conduct(image, sigma, tolerance=0.0)
    with pytest.raises(SpecError, match="no cell of it"):
        tortuosity(image, 7)
    with pytest.raises(SpecError, match="device"):
        conduct(image, sigma, device="abacus")


@pytest.mark.parametrize("shape", [(61, 44), (16, 13, 19)])
def test_tensors_agree_with_the_compiled_solver(shape: tuple[int, ...]) -> None:
    _check_device("cpu", shape)


@pytest.mark.gpu
@pytest.mark.parametrize("shape", [(300, 300), (64, 64, 64)])
def test_gpu_agrees_with_the_compiled_solver(shape: tuple[int, ...]) -> None:
    _check_device("cuda", shape)


def _check_device(device: str, shape: tuple[int, ...]) -> None:
    image = blobs(shape, 0.6, 1)
    for sigma in ({0: 0.0, 1: 1.0}, {0: 1e-3, 1: 1.0}):
        solve = partial(
            conduct, image, sigma, axis=1, tolerance=1e-9, contact={(0, 1): 1e-3}
        )
        ours, other = solve(voxel_cm=1e-3), solve(voxel_cm=1e-3, device=device)
        assert ours.percolates
        assert other.converged
        assert other.conductivity == pytest.approx(ours.conductivity, rel=1e-8)
    assert not tortuosity(np.eye(6, dtype=int), 1, device=device).percolates
