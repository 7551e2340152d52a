# mypy: allow-untyped-defs
"""Clusters of linked cells, in one way through the image [Hoshen1976].

[Hoshen1976] Hoshen, Kopelman, Phys. Rev. B 14, 3438 (1976).
"""

from __future__ import annotations

import numpy as np

from bigloop.simulators.transport.jit import kernel

ALONG_X, ALONG_Y, ALONG_Z, ACTIVE = 1, 2, 4, 8
"""Bits of a cell: linked to the cell before it along an axis; in a cluster at all."""


@kernel
def label(bits, sy, sz):
    """Cluster of each cell, numbered by first cells, -1 for none; the first cells.

    `sy` and `sz` are the distances to the neighbours along y and z.
    """
    cells = np.empty(bits.size, np.int32)
    root, first = np.empty(bits.size, np.int32), np.empty(bits.size, np.int64)
    n = 0
    for p in range(bits.size):
        b, here = bits[p], -1
        if b & ALONG_X:
            here = cells[p - 1]
        if b & ALONG_Y:
            here = unite(root, here, cells[p - sy])
        if b & ALONG_Z:
            here = unite(root, here, cells[p - sz])
        if here < 0 and b & ACTIVE:
            here = root[n] = n
            first[n] = p
            n += 1
        cells[p] = here
    found = 0
    for i in range(n):
        # Roots have the lowest number of their cluster: they are named before.
        if root[i] == i:
            first[found] = first[i]
            root[i] = found
            found += 1
        else:
            root[i] = root[root[i]]
    for p in range(bits.size):
        if cells[p] >= 0:
            cells[p] = root[cells[p]]
    return cells, first[:found].copy()


@kernel
def find(root, i):
    """Root of a cluster or node; halves the path to it."""
    while root[i] != i:
        root[i] = root[root[i]]
        i = root[i]
    return i


@kernel
def unite(root, a, b):
    """Make two clusters one, of which `a` may be none; returns one of its names."""
    if a < 0 or a == b:
        return b
    a, b = find(root, a), find(root, b)
    if a < b:
        root[b] = a
        return a
    root[a] = b
    return b


@kernel
def conducting(phases, conducts):
    """Bits for `label` of an image, `n_z x n_y x n_x`."""
    n_z, n_y, n_x = phases.shape
    bits = np.empty(phases.size, np.uint8)
    flat, sz = phases.reshape(-1), n_x * n_y
    for k in range(n_z):
        for j in range(n_y):
            row = k * sz + j * n_x
            for p in range(row, row + n_x):
                b = 0
                if conducts[flat[p]]:
                    b = ACTIVE
                    if p > row and conducts[flat[p - 1]]:
                        b |= ALONG_X
                    if j > 0 and conducts[flat[p - n_x]]:
                        b |= ALONG_Y
                    if k > 0 and conducts[flat[p - sz]]:
                        b |= ALONG_Z
                bits[p] = b
    return bits


@kernel
def keep(clusters, kept, phases):
    """Set the phase of all other clusters to 0; returns cells in clusters, and kept."""
    total = left = 0
    for p in range(clusters.size):
        inside = clusters[p] >= 0
        stays = inside and kept[clusters[p]]
        total += inside
        left += stays
        if not stays:
            phases[p] = 0
    return total, left
