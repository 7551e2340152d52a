"""From a crystal to photons: far field, intensity, counting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats, within
from bigloop.simulators.diffraction.crystal import Crystal
from bigloop.simulators.diffraction.detector import Detector
from bigloop.simulators.diffraction.fourier import far_field

__all__ = ["diffract", "far_field", "intensity", "object_of", "poisson"]


def object_of(
    crystal: Crystal, shape: tuple[int, int, int] | None = None
) -> NDArray[np.complex128]:
    """The crystal's complex density in the middle of an empty box.

    Args:
        crystal: on its grid.
        shape: of the box; by default twice the grid, so that the intensity is sampled
            at least twice as finely as the crystal's size asks for.

    Raises:
        SpecError: the box is smaller than twice the grid.
    """
    grid = crystal.grid.shape
    shape = shape or (2 * grid[0], 2 * grid[1], 2 * grid[2])
    if any(box < 2 * n for box, n in zip(shape, grid, strict=True)):
        raise SpecError(f"shape: {shape}: give at least twice the grid {grid}")
    before = [box // 2 - n // 2 for box, n in zip(shape, grid, strict=True)]
    box = np.zeros(shape, dtype=complex)
    box[tuple(slice(b, b + n) for b, n in zip(before, grid, strict=True))] = (
        crystal.object
    )
    return box


def intensity(rho: Any, photons: float | None = None) -> Any:
    """|far field|^2 of objects, `... x nx x ny x nz`; numpy or torch.

    Args:
        rho: complex objects.
        photons: the sum of each pattern [counts]; none: unscaled.

    Raises:
        SpecError: `photons` is not above 0, or an object is empty.
    """
    found = abs(far_field(rho)) ** 2
    if photons is None:
        return found
    within("photons", photons, 1e-9, 1e15, "counts")
    total = found.sum((-3, -2, -1))[..., None, None, None]
    if not (total > 0).all():
        raise SpecError("object: all zero or not finite: there is nothing to diffract")
    return found * (photons / total)


def poisson(mean: Floats, rng: np.random.Generator) -> Floats:
    """Counted photons of mean intensities [counts]: the noise is on the intensity.

    Raises:
        SpecError: a mean is negative or not finite.
    """
    if not (np.isfinite(mean).all() and (mean >= 0).all()):
        raise SpecError("intensity: negative or not finite: no counts can be drawn")
    return rng.poisson(mean).astype(float)


def diffract(
    crystal: Crystal,
    photons: float,
    seed: int | None = 0,
    shape: tuple[int, int, int] | None = None,
    detector: Detector | None = None,
) -> Floats:
    """Counts of one measurement of a crystal, `nx x ny x nz` [counts].

    Args:
        crystal: what is measured.
        photons: mean number in the whole pattern.
        seed: of the noise; none: the mean intensity itself.
        shape: of the pattern, see `object_of`.
        detector: its imperfections; none: ideal.
    """
    mean = intensity(object_of(crystal, shape), photons)
    if detector is not None:
        mean = detector.expected(mean)
    if seed is None:
        return np.asarray(mean)
    counts = poisson(mean, np.random.default_rng(seed))
    return counts if detector is None else detector.read(counts)
