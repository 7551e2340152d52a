"""Phase vortices: where dislocations pierce a reconstructed object."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.diffraction.alignment import Complex

Bools = NDArray[np.bool_]


def vortices(rho: Complex) -> Bools:
    """Voxels at a plaquette about which the phase winds, `nx x ny x nz`.

    Around each square of four neighbours the wrapped phase differences add up to a
    multiple of 2 pi; it is not 0 where a line with Q.b != 0 passes.
    """
    phase = np.angle(rho)
    found = np.zeros(rho.shape, dtype=bool)
    for a, b in itertools.combinations(range(3), 2):
        along_a, along_b = _step(phase, a), _step(phase, b)
        turn = along_a + np.roll(along_b, -1, a) - np.roll(along_a, -1, b) - along_b
        found |= np.abs(turn) > np.pi
    return found


def detection(found: Bools, true: Bools, inside: Bools, reach: int = 2) -> float:
    """F1 score of vortices inside a crystal, each within `reach` voxels of another.

    1 when there are none and none was found; 0 when only one side has some.
    """
    from scipy.ndimage import binary_dilation, generate_binary_structure

    found, true = found & inside, true & inside
    if not found.any() and not true.any():
        return 1.0
    if not found.any() or not true.any():
        return 0.0
    ball = generate_binary_structure(3, 2)
    near_true, near_found = (
        binary_dilation(v, ball, iterations=reach) for v in (true, found)
    )
    precision, recall = near_true[found].mean(), near_found[true].mean()
    total = float(precision + recall)
    return float(2 * precision * recall / total) if total > 0 else 0.0


def _step(phase: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    step = np.roll(phase, -1, axis) - phase
    return np.asarray(step - 2 * np.pi * np.round(step / (2 * np.pi)))
