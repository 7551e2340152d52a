"""Phasing of what is known: the same object comes back, or the failure is told."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction import (
    PUBLISHED,
    Grid,
    Growth,
    Settings,
    align,
    correlation,
    diffract,
    far_field,
    grow,
    object_of,
    phase,
    phase_many,
)
from bigloop.simulators.diffraction.alignment import relative_error, twin
from bigloop.simulators.diffraction.phasing import chi_square

GRID = Grid(shape=(16, 16, 16), voxel_nm=10.0)
CRYSTAL = grow(Growth(size_nm=100, strain_rms=5e-4), 1, GRID)
RHO = object_of(CRYSTAL)
AMPLITUDE = np.abs(far_field(RHO))
QUICK = Settings(sequence="20*ER+100*RAAR+30*ER")


def test_the_true_object_has_no_misfit() -> None:
    assert chi_square(3 * RHO, AMPLITUDE) < 1e-24
    assert chi_square(np.roll(RHO, 3, 1), AMPLITUDE) < 1e-24
    assert chi_square(twin(RHO), AMPLITUDE) < 1e-24
    half = AMPLITUDE * np.random.default_rng(0).choice([0.0, 2.0], AMPLITUDE.shape)
    assert chi_square(RHO, half) > 0.1


def test_iterations_stay_at_the_solution() -> None:
    """A fixed point: forward and inverse are consistent to 1e-12, in double."""
    settings = Settings(
        sequence="20*ER", shrink_every=0, twin_at=-1, precision="double"
    )
    run = phase(AMPLITUDE, settings, support=np.abs(RHO) > 0, start=RHO)
    assert relative_error(run.object, RHO) < 1e-12
    assert run.history.max() < 1e-24


def test_noise_free_data_with_the_support_known() -> None:
    """From a random start to 1e-6 of the true object."""
    settings = Settings(
        sequence="200*HIO+2000*ER", shrink_every=0, twin_at=-1, precision="double"
    )
    run = phase(AMPLITUDE, settings, 3, support=np.abs(RHO) > 0)
    found = align(run.object, RHO, subvoxel=False, ramp=False)
    assert run.chi_square < 1e-12
    assert relative_error(found, RHO) < 1e-6


def test_a_noisy_crystal_is_found_from_nothing() -> None:
    counts = diffract(CRYSTAL, 1e8, 0)
    run = phase(np.sqrt(counts), PUBLISHED, 0)
    assert run.failure == ""
    assert run.chi_square < 1e-3
    assert correlation(align(run.object, RHO), RHO) > 0.98
    assert 1 < run.support.sum() / np.count_nonzero(np.abs(RHO) > 0.5) < 3


def test_the_seed_decides() -> None:
    settings = Settings(sequence="5*ER+15*HIO")
    one, two = phase(AMPLITUDE, settings, 1), phase(AMPLITUDE, settings, 1)
    assert np.array_equal(one.object, two.object)
    assert not np.array_equal(one.object, phase(AMPLITUDE, settings, 2).object)


def test_what_was_not_measured_is_left_free() -> None:
    """A hole in the pattern costs little, when it is known to be a hole."""
    mask = np.ones(AMPLITUDE.shape, dtype=bool)
    mask[14:18, 20:24, :] = False
    holed = np.where(mask, AMPLITUDE, 0)
    support = np.abs(RHO) > 0
    settings = Settings(sequence="100*HIO+300*ER", shrink_every=0, twin_at=-1)
    told = phase(holed, settings, 3, mask=mask, support=support)
    untold = phase(holed, settings, 3, support=support)
    errors = [
        relative_error(align(r.object, RHO, subvoxel=False, ramp=False), RHO)
        for r in (told, untold)
    ]
    assert errors[0] < 0.5 * errors[1]


def test_many_starts_agree() -> None:
    counts = diffract(CRYSTAL, 1e7, 0)
    starts = phase_many(np.sqrt(counts), range(3), QUICK)
    assert [run.seed for run in starts.runs] == [0, 1, 2]
    assert starts.correlations().shape == (3,)
    assert starts.correlations().min() > 0.85
    modes, weights = starts.modes()
    assert weights[0] > 0.9
    assert weights.sum() == pytest.approx(1)
    assert correlation(align(np.asarray(modes[0]), RHO), RHO) > 0.9


@pytest.mark.parametrize("shape", [(24, 24, 24), (23, 24, 25)])
def test_twins_and_shifts_are_aligned(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    rho = np.zeros(shape, dtype=complex)
    rho[7:15, 8:17, 9:14] = rng.random((8, 9, 5)) * np.exp(2j * rng.random((8, 9, 5)))
    x = np.arange(shape[0])[:, None, None]
    for other in (rho, twin(rho)):
        moved = np.asarray(np.exp(1.3j) * 2.5 * np.roll(other, (2, -3, 4), (0, 1, 2)))
        assert relative_error(align(moved, rho, subvoxel=False), rho) < 1e-12
        ramped = moved * np.exp(2j * np.pi * x / shape[0])
        assert correlation(align(ramped, rho), rho) > 0.999
    assert np.array_equal(twin(twin(rho)), rho)
    noise = np.asarray(rng.random(shape), dtype=np.complex128)
    assert correlation(align(noise, rho), rho) < 0.9


@pytest.mark.parametrize(
    ("settings", "support", "says"),
    [
        (Settings(sequence="30*HIO"), np.zeros(AMPLITUDE.shape, bool), "empty support"),
        (
            Settings(sequence="30*HIO", shrink_threshold=0.001, sigma_first=9),
            None,
            "fills",
        ),
    ],
)
def test_failures_are_told_early(
    settings: Settings,
    support: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    says: str,
) -> None:
    run = phase(AMPLITUDE, settings, support=support)
    assert says in run.failure
    assert run.n_iterations < 30
    assert run.chi_square == float("inf")


def test_divergence_is_told() -> None:
    run = phase(AMPLITUDE, Settings(sequence="30*HIO"), start=np.where(RHO, np.inf, 0))
    assert run.failure.startswith("diverged")
    assert run.chi_square == float("inf")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: phase(np.where(AMPLITUDE > 1, np.nan, AMPLITUDE)), "not finite"),
        (lambda: phase(-AMPLITUDE), "negative"),
        (lambda: phase(0 * AMPLITUDE), "all zero"),
        (lambda: phase(AMPLITUDE[0]), "three axes"),
        (lambda: phase(AMPLITUDE, mask=np.ones((4, 4, 4), bool)), "the amplitude is"),
        (lambda: Settings(sequence="20*XY"), "ER, HIO, RAAR"),
        (lambda: Settings(hio_beta=float("nan")), "hio_beta"),
        (lambda: Settings(initial_support="sphere"), "autocorrelation, box"),
        (lambda: Settings(precision="half"), "single, double"),
        (lambda: Settings(shrink_threshold=0), "shrink_threshold"),
    ],
)
def test_absurd(make: object, says: str) -> None:
    assert callable(make)
    with pytest.raises(SpecError, match=says) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_published_settings() -> None:
    assert PUBLISHED.initial_support == "box"
    assert PUBLISHED.sigma_first == PUBLISHED.sigma_last == 1.0


@pytest.mark.gpu
def test_on_a_gpu() -> None:
    """The same fixed point, and the same quality from nothing, on another device."""
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    double = Settings(
        sequence="20*ER", shrink_every=0, twin_at=-1, precision="double", device="cuda"
    )
    run = phase(AMPLITUDE, double, support=np.abs(RHO) > 0, start=RHO)
    assert relative_error(run.object, RHO) < 1e-12
    found = phase(AMPLITUDE, Settings(device="cuda"), 0)
    assert correlation(align(found.object, RHO), RHO) > 0.9
