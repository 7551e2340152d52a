# mypy: allow-untyped-defs
"""The coarsest problem is solved directly, by `A = L D L^T`.

Rows of `L` are kept from their first link on, the skyline of [Jennings1966]. Nodes are
numbered row by row through the image, so that those of a plane image are never far from
their neighbours.

[Jennings1966] Jennings, Comput. J. 9, 281 (1966).
"""

from __future__ import annotations

import numpy as np

from bigloop.simulators.transport.jit import kernel

SINGULAR = 1e-14
"""Least pivot, relative to the diagonal: what leaks less is lost in rounding."""


@kernel
def work(pointer, column):
    """Multiplications that it takes to factor a graph."""
    total = 0
    for i in range(pointer.size - 1):
        low = i
        for k in range(pointer[i], pointer[i + 1]):
            low = min(low, column[k])
        total += (i - low) * (i - low) // 2
    return total


@kernel
def factor(pointer, column, link, diagonal):
    """Where each row ends, its factors, and the inverse pivots.

    Row `i` are the last `i - low` numbers before its end, `low` being its first node.
    """
    n = diagonal.size
    end = np.zeros(n + 1, np.int64)
    low = np.arange(n)
    for i in range(n):
        for k in range(pointer[i], pointer[i + 1]):
            low[i] = min(low[i], column[k])
        end[i + 1] = end[i] + i - low[i]
    rows, inverse = np.zeros(end[n]), np.zeros(n)
    for i in range(n):
        # Position 0 of `a` is node `low[i]`.
        first, a = low[i], rows[end[i] : end[i + 1]]
        for k in range(pointer[i], pointer[i + 1]):
            if column[k] < i:
                a[column[k] - first] = -link[k]
        for j in range(first, i):
            begin = max(first, low[j])
            other, own = rows[end[j] + begin - low[j] : end[j + 1]], a[begin - first :]
            s = 0.0
            for k in range(j - begin):
                s += other[k] * own[k]
            a[j - first] -= s
        pivot = diagonal[i]
        for j in range(first, i):
            s = a[j - first]
            a[j - first] = s * inverse[j]
            pivot -= s * a[j - first]
        inverse[i] = 1.0 / max(pivot, SINGULAR * diagonal[i])
    return end, rows, inverse


@kernel
def solve(end, rows, inverse, b, x):
    """Set `x` to the solution for `b`."""
    n = inverse.size
    for i in range(n):
        a = rows[end[i] : end[i + 1]]
        y, s = x[i - a.size : i], 0.0
        for k in range(a.size):
            s += a[k] * y[k]
        x[i] = b[i] - s
    for i in range(n):
        x[i] *= inverse[i]
    for i in range(n - 1, -1, -1):
        a, s = rows[end[i] : end[i + 1]], x[i]
        y = x[i - a.size : i]
        for k in range(a.size):
            y[k] -= a[k] * s
