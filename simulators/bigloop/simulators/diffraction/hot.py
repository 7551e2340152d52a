"""Hot pixels and spikes: what no sampled peak can look like.

Where a pattern is sampled twice as finely as its object asks for, or finer, a maximum
of the intensity falls to no less than (2 / pi)^2 = 0.41 at the next voxel. A value far
above the third largest of its neighbours is therefore not light; the third, so that
pairs are found too.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.diffraction.checks import Floats

RATIO = 5.0
SIGMAS = 8.0
LEAST = 10.0
"""Counts below which nothing is called hot."""
ROUNDS = 10


def hot_pixels(counts: Floats) -> NDArray[np.bool_]:
    """Pixels that are hot through a scan, `ny x nz`, by the sum of its frames."""
    return _spikes(np.asarray(counts.sum(0)))


def hot_voxels(counts: Floats) -> NDArray[np.bool_]:
    """Single voxels that are hot, `n x ny x nz`."""
    return _spikes(counts)


def _spikes(values: Floats) -> NDArray[np.bool_]:
    """Maxima far above their neighbours, again and again until none is left."""
    from scipy.ndimage import maximum_filter

    values = values.copy()
    found = np.zeros(values.shape, dtype=bool)
    steps = [s for s in itertools.product((-1, 0, 1), repeat=values.ndim) if any(s)]
    for _ in range(ROUNDS):
        maxima = (values >= LEAST) & (values == maximum_filter(values, 3))
        where = np.argwhere(maxima)
        around = np.pad(values, 1)
        near = np.stack([around[tuple((where + 1 + s).T)] for s in steps])
        third = np.partition(near, -3, 0)[-3]
        limit = RATIO * third + SIGMAS * np.sqrt(third + 1) + LEAST
        hot = where[values[tuple(where.T)] > limit]
        if not len(hot):
            break
        found[tuple(hot.T)] = True
        values[tuple(hot.T)] = 0.0
    return found
