"""What a reconstruction is worth beside the crystal that was measured."""

from __future__ import annotations

import numpy as np

from bigloop.simulators.diffraction.alignment import align, correlation
from bigloop.simulators.diffraction.checks import Floats
from bigloop.simulators.diffraction.crystal import Crystal
from bigloop.simulators.diffraction.forward import far_field, object_of
from bigloop.simulators.diffraction.phasing import Phasing
from bigloop.simulators.diffraction.strain import strain_of
from bigloop.simulators.diffraction.vortices import detection, vortices


def judge(run: Phasing, crystal: Crystal, amplitude: Floats) -> dict[str, float]:
    """Every observable of the simulator, after alignment with the true object.

    Strain and phase are taken inside the crystal: full voxels with full neighbours.
    """
    from scipy.ndimage import binary_erosion

    true = object_of(crystal, _triple(amplitude))
    rho = align(run.object, true)
    inside = binary_erosion(np.abs(true) > 0.99)
    voxel_nm, reflection = crystal.grid.voxel_nm, crystal.reflection
    found, given = (strain_of(r, reflection, voxel_nm)[inside] for r in (rho, true))
    off = np.angle(rho * np.conj(true))[inside]
    return {
        "chi_square": run.chi_square,
        "r_factor": r_factor(run, amplitude),
        "strain_rms_recovered": _rms(found),
        "strain_error": _rms(found - given),
        "phase_error": _rms(off),
        "correlation": correlation(rho, true),
        "defect_f1": detection(vortices(rho), vortices(true), inside),
    }


def r_factor(run: Phasing, amplitude: Floats) -> float:
    """Sum |sqrt(I_est) - sqrt(I_meas)| / sum sqrt(I_meas), scaled as chi-square is."""
    a = np.abs(far_field(run.object))
    scale = float(np.sum(a * amplitude) / np.sum(a**2))
    return float(np.abs(scale * a - amplitude).sum() / amplitude.sum())


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _triple(array: Floats) -> tuple[int, int, int]:
    return array.shape[0], array.shape[1], array.shape[2]
