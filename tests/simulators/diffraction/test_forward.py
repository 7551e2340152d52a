"""The far field against analytic results, and the statistics of counting."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction import (
    Detector,
    Grid,
    Growth,
    diffract,
    far_field,
    grow,
    intensity,
    object_of,
    poisson,
)
from bigloop.simulators.diffraction.fourier import near_field

GRID = Grid(shape=(16, 16, 16), voxel_nm=10.0)
CRYSTAL = grow(Growth(size_nm=100, strain_rms=1e-3, n_dislocations=1), 1, GRID)


def test_far_field_of_a_block() -> None:
    """The product of Dirichlet kernels sin(pi k m / n) / sin(pi k / n)."""
    shape, block = (24, 20, 18), (8, 5, 3)
    rho = np.zeros(shape, dtype=complex)
    rho[: block[0], : block[1], : block[2]] = 1
    expected = np.ones(shape)
    for axis, (n, m) in enumerate(zip(shape, block, strict=True)):
        k = np.arange(n) - n // 2
        safe = np.where(k == 0, 1, np.sin(np.pi * k / n))
        kernel = np.where(k == 0, m, np.sin(np.pi * k * m / n) / safe)
        expected = expected * np.abs(kernel).reshape(
            [-1 if a == axis else 1 for a in range(3)]
        )
    found = np.abs(far_field(rho)) * np.sqrt(rho.size)
    np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("shape", [(32, 32, 32), (33, 34, 36)])
@pytest.mark.parametrize(
    ("dtype", "limit"), [("complex128", 1e-12), ("complex64", 1e-6)]
)
def test_forward_and_inverse(
    shape: tuple[int, int, int], dtype: str, limit: float
) -> None:
    rho = object_of(CRYSTAL, shape).astype(dtype)
    amplitude = far_field(rho)
    assert amplitude.dtype == dtype
    error = np.linalg.norm(near_field(amplitude) - rho) / np.linalg.norm(rho)
    assert error < limit
    assert np.linalg.norm(amplitude) == pytest.approx(np.linalg.norm(rho), rel=1e-5)


def test_the_peak_is_in_the_middle() -> None:
    flat = grow(Growth(size_nm=100), 1, GRID)
    counts = diffract(flat, 1e6, seed=None, shape=(34, 32, 36))
    peak = np.unravel_index(counts.argmax(), counts.shape)
    assert [int(i) for i in peak] == [17, 16, 18]


def test_numpy_and_torch_agree_also_in_a_batch() -> None:
    batch = np.stack([object_of(grow(Growth(size_nm=100), s, GRID)) for s in (1, 2)])
    ours = intensity(batch, 1e5)
    theirs = intensity(torch.from_numpy(batch), 1e5).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.sum((1, 2, 3)), 1e5)
    np.testing.assert_allclose(ours[1], intensity(batch[1], 1e5), rtol=1e-12)


def test_noise_is_on_the_intensity() -> None:
    """Counts have the mean and variance of a Poisson law, voxel by voxel."""
    mean = diffract(CRYSTAL, 1e5, seed=None)
    drawn = np.stack([poisson(mean, np.random.default_rng(s)) for s in range(200)])
    bright = mean > 5
    z = (drawn.mean(0) - mean)[bright] / np.sqrt(mean[bright] / 200)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert z.std() == pytest.approx(1, abs=4 / np.sqrt(2 * z.size))
    ratio = drawn.var(0, ddof=1)[bright] / mean[bright]
    assert ratio.mean() == pytest.approx(1, abs=4 * np.sqrt(2.2 / 199 / ratio.size))


def test_the_seed_decides() -> None:
    assert np.array_equal(diffract(CRYSTAL, 1e4, 3), diffract(CRYSTAL, 1e4, 3))
    assert not np.array_equal(diffract(CRYSTAL, 1e4, 3), diffract(CRYSTAL, 1e4, 4))


def test_detector() -> None:
    white = np.full((32, 32), 0.5)
    detector = Detector(np.full((32, 32), 2.0), white, hot=((3, 4),), saturation=500)
    counts = diffract(CRYSTAL, 1e6, 0, detector=detector)
    assert (counts[:, 3, 4] == 1e5).all()
    counts[:, 3, 4] = 0
    assert counts.max() == 500
    mean = detector.expected(diffract(CRYSTAL, 1e6, None))
    assert mean.sum() == pytest.approx(0.5e6 + 2 * 32**3)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: diffract(CRYSTAL, -1.0), "photons"),
        (lambda: diffract(CRYSTAL, float("nan")), "photons"),
        (lambda: object_of(CRYSTAL, (16, 32, 32)), "twice the grid"),
        (lambda: intensity(np.zeros((4, 4, 4)), 1.0), "all zero"),
        (lambda: poisson(np.array([-1.0]), np.random.default_rng()), "negative"),
        (lambda: poisson(np.array([np.nan]), np.random.default_rng()), "not finite"),
        (lambda: Detector(dark=np.array([[np.nan]])), "dark"),
        (lambda: diffract(CRYSTAL, 1.0, detector=Detector(np.ones((2, 2)))), "frames"),
    ],
)
def test_absurd(make: object, says: str) -> None:
    assert callable(make)
    with pytest.raises(SpecError, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)
