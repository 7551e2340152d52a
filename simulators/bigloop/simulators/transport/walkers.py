# mypy: allow-untyped-defs
"""The compiled walks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.transport.jit import kernel


def run(
    inside: NDArray[np.uint8], walkers: int, stride: int, records: int, seed: int
) -> NDArray[np.int64]:
    """Places along axis 0 in the mirrored image, `walkers x (records + 1)`."""
    starts = np.random.default_rng(seed).choice(np.flatnonzero(inside), walkers)
    states = np.random.SeedSequence(seed).generate_state(walkers, np.uint64)
    shape = inside.shape if inside.ndim == 3 else (*inside.shape, 1)
    steps = (shape[1] * shape[2], shape[2], 1)
    ways = open_ways(np.ascontiguousarray(inside.reshape(shape)))
    places = np.zeros((walkers, records + 1), np.int64)
    wander(ways, steps, 2 * inside.ndim, starts, states, stride, places)
    return places


@kernel
def open_ways(inside):
    """Which ways are open from each cell.

    Bit `2 a + s`: the neighbour on axis `a` below (0) or above (1) is of the phase.
    Bits 6 and 7: the cell lies at the lower or the upper end of axis 0.
    """
    n0, n1, n2 = inside.shape
    ways = np.zeros((n0, n1, n2), np.uint8)
    for i in range(n0):
        for j in range(n1):
            for k in range(n2):
                w = 0
                if i > 0 and inside[i - 1, j, k]:
                    w |= 1
                if i < n0 - 1 and inside[i + 1, j, k]:
                    w |= 2
                if j > 0 and inside[i, j - 1, k]:
                    w |= 4
                if j < n1 - 1 and inside[i, j + 1, k]:
                    w |= 8
                if k > 0 and inside[i, j, k - 1]:
                    w |= 16
                if k < n2 - 1 and inside[i, j, k + 1]:
                    w |= 32
                if i == 0:
                    w |= 64
                if i == n0 - 1:
                    w |= 128
                ways[i, j, k] = w
    return ways.reshape(-1)


@kernel
def wander(ways, steps, directions, starts, states, stride, places):
    """Walk; random numbers by SplitMix64, one stream for each walker.

    [Steele2014] Steele, Lea, Flood, OOPSLA 453 (2014).
    """
    step = np.array([-steps[0], steps[0], -steps[1], steps[1], -steps[2], steps[2]])
    for w in range(starts.size):
        p, state, place, sense = starts[w], states[w], 0, 1
        for record in range(1, places.shape[1]):
            for _ in range(stride):
                state += np.uint64(0x9E3779B97F4A7C15)
                z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                z = (z ^ (z >> np.uint64(31))) >> np.uint64(32)
                d = int((z * np.uint64(directions)) >> np.uint64(32))
                way = ways[p]
                if way >> d & 1:
                    p += step[d]
                    if d < 2:
                        place += sense * (2 * d - 1)
                elif d < 2 and way >> (6 + d) & 1:
                    # Into the mirror image: the same cell, and from now on reversed.
                    place += sense * (2 * d - 1)
                    sense = -sense
            places[w, record] = place
