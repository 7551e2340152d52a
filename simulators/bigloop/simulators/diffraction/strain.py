"""Strain along Q: a smooth random field of it, and the strain of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats

if TYPE_CHECKING:
    from bigloop.simulators.diffraction.crystal import Growth
    from bigloop.simulators.diffraction.lattice import Reflection


def smooth_displacement(
    rng: np.random.Generator,
    density: Floats,
    voxel_nm: float,
    growth: Growth,
    direction: Floats,
) -> Floats:
    """A Gaussian random displacement, `3 x nx x ny x nz` [nm].

    White noise, smoothed over `growth.correlation_nm`. Over the crystal it has no mean
    and no linear part, which would be a shift of the peak, and its strain along
    `direction` has the root mean square `growth.strain_rms`.

    Raises:
        SpecError: the crystal is too small to hold a strain.
    """
    u = np.zeros((3, *density.shape))
    if growth.strain_rms == 0:
        return u
    inside = density > 0.5
    sigma = growth.correlation_nm / voxel_nm
    from scipy.ndimage import gaussian_filter

    for part in u:
        noise = rng.standard_normal(density.shape)
        part[:] = _detrended(gaussian_filter(noise, sigma, mode="wrap"), inside)
    along = np.tensordot(direction, u, 1)
    slope = sum(
        d * g for d, g in zip(direction, np.gradient(along, voxel_nm), strict=True)
    )
    rms = float(np.sqrt(np.mean(np.square(slope)[inside])))
    if not rms > 0:
        raise SpecError(
            f"correlation_nm: {growth.correlation_nm:g}: no strain varies inside the "
            "crystal; give a smaller length, or a larger crystal"
        )
    return np.asarray(u * (growth.strain_rms / rms))


def strain_of(
    rho: NDArray[np.complex128], reflection: Reflection, voxel_nm: float
) -> Floats:
    """Strain along Q of a complex density, `nx x ny x nz` [1].

    The derivative of the phase along Q over |Q|, from the phase between neighbours on
    both sides, so that no unwrapping is needed: exact as long as neighbours differ by
    less than pi. It means something inside the crystal only.
    """
    q = reflection.q
    slope = np.zeros(rho.shape)
    for axis, part in enumerate(q):
        if part:
            step = np.angle(np.roll(rho, -1, axis) * np.conj(rho))
            slope += part * 0.5 * (step + np.roll(step, 1, axis)) / voxel_nm
    return np.asarray(slope / float(q @ q))


def _detrended(field: Floats, inside: NDArray[np.bool_]) -> Floats:
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in field.shape), indexing="ij")
    basis = np.stack([np.ones_like(field), *axes])
    fit, *_ = np.linalg.lstsq(basis[:, inside].T, field[inside], rcond=None)
    return np.asarray(field - np.tensordot(fit, basis, 1))
