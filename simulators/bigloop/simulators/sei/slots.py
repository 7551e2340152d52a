"""Rows of what is tried: parts of the kernel that the compiler puts in line.

At the level of numba's own code: a helper that LLVM is left to put in line has its
arrays packed and counted at every call.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from bigloop.simulators.sei.layout import ASLEEP, MASK


@njit(inline="always")
def enrol(m, x, slots, n_slots, place, stride):  # type: ignore[no-untyped-def]
    """Put the mover on site `m` into the row `x` of those that try."""
    n = n_slots[x]
    n_slots[x] = n + 1
    slots[x * stride + n] = m
    place[4 * m] = n


@njit(inline="always")
def retire(m, x, slots, n_slots, place, stride):  # type: ignore[no-untyped-def]
    """Take the mover on site `m` out of its row."""
    n = n_slots[x] - 1
    n_slots[x] = n
    p, other = place[4 * m], slots[x * stride + n]
    slots[x * stride + p] = other
    place[4 * np.int64(other)] = p


@njit(inline="always")
def forget(entry, slots, n_slots, row, place, stride):  # type: ignore[no-untyped-def]
    """Take the slot of a sleeper out of the row where it waits."""
    x = np.int64(row[entry])
    n = n_slots[x] - 1
    n_slots[x] = n
    p, other = place[entry], slots[x * stride + n]
    slots[x * stride + p] = other
    place[other] = p
    row[entry] = 0


@njit(inline="always")
def wake(  # type: ignore[no-untyped-def]
    m, sp, near, asleep, offset, slots, n_slots, row, place, stride
):
    """A mover tries again: something beside it changed."""
    asleep[m] = 0
    for d in range(4):
        near[(m + offset[d]) & MASK] -= ASLEEP
        if row[4 * m + d] > 0:
            forget(4 * m + d, slots, n_slots, row, place, stride)
    enrol(m, np.int64(sp[m]) >> 1, slots, n_slots, place, stride)
