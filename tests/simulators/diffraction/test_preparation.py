"""Scans as they come: hot pixels, overflows, gaps, nonsense."""

from __future__ import annotations

import numpy as np
import pytest

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction import (
    Detector,
    Grid,
    Growth,
    diffract,
    grow,
    prepare,
    restore_counts,
)
from bigloop.simulators.diffraction.checks import Floats

GRID = Grid(shape=(20, 20, 20), voxel_nm=10.0)
CRYSTAL = grow(Growth(size_nm=130, strain_rms=5e-4), 2, GRID)


def scan(seed: int = 0, photons: float = 1e6, **detector: object) -> Floats:
    imperfect = Detector(**detector) if detector else None  # type: ignore[arg-type]
    return diffract(CRYSTAL, photons, seed, shape=(48, 44, 40), detector=imperfect)


def test_an_ideal_scan_stays_as_it_is() -> None:
    counts = scan()
    prepared = prepare(counts)
    assert (prepared.hot, prepared.n_spikes) == ((), 0)
    assert prepared.photons == pytest.approx(counts.sum())
    assert prepared.mask.all()
    np.testing.assert_allclose(np.sqrt(counts), prepared.amplitude)


@pytest.mark.parametrize("photons", [1e3, 1e5, 1e8])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_real_is_called_hot(photons: float, seed: int) -> None:
    growth = Growth(size_nm=90 + 20 * seed, strain_rms=5e-4 * seed, n_dislocations=seed)
    crystal = grow(growth, seed, GRID)
    prepared = prepare(diffract(crystal, photons, seed, shape=(40, 40, 40)))
    assert (prepared.hot, prepared.n_spikes) == ((), 0)


def test_hot_pixels_are_caught_and_are_no_peak() -> None:
    """Alone, as a pair, on the rim, and brighter than the peak."""
    hot = ((3, 4), (30, 11), (30, 12), (0, 20))
    counts = scan(hot=hot, hot_counts=1e6)
    counts[5, 9, 9] = 1e5
    prepared = prepare(counts)
    assert prepared.hot == tuple(sorted(hot))
    assert prepared.n_spikes == 1
    assert prepared.peak == prepare(scan()).peak
    assert (~prepared.mask).sum() == 4 * 48 + 1
    assert prepared.amplitude[~prepared.mask].max() == 0


def test_a_hot_pixel_on_the_flank_of_the_peak() -> None:
    counts = scan(hot=((25, 23),), hot_counts=1e5)
    assert prepare(counts).hot == ((25, 23),)


def test_whitefield_and_dark_are_taken_out() -> None:
    rng = np.random.default_rng(0)
    white = rng.uniform(0.5, 1.5, (44, 40))
    dark = np.zeros((44, 40))
    white[7, 7], dark[3, 3] = 0.0, 100.0
    mean = diffract(CRYSTAL, 1e6, None, shape=(48, 44, 40))
    prepared = prepare(mean * white + dark, dark=dark, whitefield=white)
    measured = np.roll(prepared.amplitude**2, 0)
    np.testing.assert_allclose(
        measured[prepared.mask], (mean * white.mean())[prepared.mask], rtol=1e-9
    )
    assert (~prepared.mask).sum() == 2 * 48


@pytest.mark.parametrize("shape", [(32, 32, 32), (31, 45, 29), (64, 20, 48)])
def test_the_peak_comes_to_the_middle(shape: tuple[int, int, int]) -> None:
    counts = np.roll(scan(), (3, -5, 4), (0, 1, 2))
    prepared = prepare(counts, shape=shape)
    assert prepared.peak == (27, 17, 24)
    middle = tuple(n // 2 for n in shape)
    assert prepared.amplitude.shape == shape
    assert prepared.amplitude[middle] ** 2 == counts[prepared.peak]
    # What the scan does not reach was not measured.
    assert prepared.mask.all() == (max(shape) == 32)


def test_binning_keeps_the_counts() -> None:
    counts = scan()
    prepared = prepare(counts, shape=(32, 32, 32), binning=(4, 2, 1))
    assert prepared.amplitude.shape == (8, 16, 32)
    peak = np.unravel_index(prepared.amplitude.argmax(), (8, 16, 32))
    assert [int(i) for i in peak] == [4, 8, 16]
    unbinned = prepare(counts, shape=(32, 32, 32))
    assert prepared.photons == pytest.approx(unbinned.photons, rel=0.01)


def test_threshold() -> None:
    prepared = prepare(scan(), threshold=2)
    left = np.unique(prepared.amplitude**2)
    assert left[0] == 0
    assert left[1] > 2.5


def test_overflows_are_restored() -> None:
    wide = grow(Growth(size_nm=60), 2, GRID)
    true = diffract(wide, 3e7, 0, shape=(64, 48, 48)).astype(int)
    assert true.max() > 3 * 4096
    stored = true % 4096
    totals, maxima = true.sum((1, 2)), true.max((1, 2))
    assert np.array_equal(restore_counts(stored, totals, maxima, bits=12), true)
    assert np.array_equal(restore_counts(true, true.sum((1, 2))), true)


@pytest.mark.parametrize(
    ("stored", "total", "maximum", "says"),
    [
        (1, 65.0, None, r"totals\[0\]"),
        (1, -64.0, None, r"totals\[0\]"),
        (1, np.nan, None, "not finite"),
        (-1, 64.0, None, "negative"),
        (0.5, 32.0, None, "broken"),
        (1, 64.0 + 65536, 1.0, "8 frames"),
    ],
)
def test_overflows_that_cannot_be_restored(
    stored: float, total: float, maximum: float | None, says: str
) -> None:
    maxima = None if maximum is None else np.full(8, maximum)
    with pytest.raises(SpecError, match=says):
        restore_counts(np.full((8, 8, 8), stored), np.full(8, total), maxima)
    with pytest.raises(SpecError, match="n x ny x nz"):
        restore_counts(np.ones((8, 8, 8)), np.ones(7))


def broken(value: float) -> Floats:
    counts = scan()
    counts[4, 5, 6] = value
    return counts


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: prepare(broken(np.nan)), r"\[4, 5, 6\].*not finite"),
        (lambda: prepare(broken(np.inf)), "not finite"),
        (lambda: prepare(broken(-3)), "negative"),
        (lambda: prepare(np.zeros((16, 16, 16))), "all zero"),
        (lambda: prepare(np.ones((16, 16))), "three axes"),
        (lambda: prepare(np.ones((2, 16, 16))), "8 or more"),
        (lambda: prepare(np.roll(scan(), 22, 1)), "from the border of axis 1"),
        (lambda: prepare(scan(), dark=np.ones((3, 3))), "dark"),
        (lambda: prepare(scan(), whitefield=np.full((44, 40), np.nan)), "whitefield"),
        (lambda: prepare(scan(), threshold=float("nan")), "threshold"),
        (lambda: prepare(scan(), threshold=-1), "threshold"),
        (lambda: prepare(scan(), binning=(0, 1, 1)), "binning"),
        (lambda: prepare(scan(), shape=(2, 8, 8)), "shape"),
    ],
)
def test_nonsense(make: object, says: str) -> None:
    assert callable(make)
    with pytest.raises(SpecError, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_only_a_hot_voxel() -> None:
    counts = np.zeros((16, 16, 16))
    counts[8, 8, 8] = 1000
    with pytest.raises(SpecError, match="nothing is left"):
        prepare(counts)
