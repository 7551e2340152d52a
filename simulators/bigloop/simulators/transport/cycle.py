# mypy: allow-untyped-defs
"""One multigrid cycle: the preconditioner of the conjugate gradients."""

from __future__ import annotations

import numpy as np

from bigloop.simulators.transport.grid import CHEBYSHEV, Field, Grid
from bigloop.simulators.transport.hierarchy import Hierarchy
from bigloop.simulators.transport.jit import kernel
from bigloop.simulators.transport.passes import ascend, descend
from bigloop.simulators.transport.skyline import solve

ENOUGH = 0.35
"""A coarse problem gets a second step unless the first leaves less than this."""


class Cycle:
    """Applies `z = M r` with `M` close to the inverse of the operator.

    Two Chebyshev steps before and after on the finest grid; on the graphs one
    Gauss-Seidel sweep forth, one back, and a K-cycle: one or two steps of conjugate
    gradients on each coarse problem [Notay2010]_, which makes the number of iterations
    almost independent of size and contrast.
    """

    def __init__(self, grid: Grid, hierarchy: Hierarchy) -> None:
        self._grid, self._hierarchy = grid, hierarchy
        self._work = np.zeros((6, int(hierarchy.start[-1]) + 1))
        self._scratch = grid.zeros()
        self._inverse = 1.0 / hierarchy.diagonal

    def __call__(self, r: Field, q: Field, z: Field) -> tuple[float, float]:
        """Set `z = M r`; returns its products with `r` and `q`."""
        g, h, w = self._grid, self._hierarchy, self._work
        n, y = int(h.start[1]), self._scratch
        operator = (*g.stencil, g.diagonal, g.inverse)
        descend(*operator, CHEBYSHEV, h.cells, n, r, z, y, w[0])
        graph = (h.pointer, h.middle, h.column, h.link, self._inverse)
        correct(0, h.start, h.parent, graph, h.factors, w)
        slope, back = ascend(
            *g.stencil, g.inverse, CHEBYSHEV, h.cells, w[1], r, q, z, y
        )
        return slope, back


@kernel
def sweep_forth(first, last, pointer, middle, column, link, inverse, w, x):
    """Gauss-Seidel from zero for the right side `w[0]`."""
    for i in range(first, last):
        s = w[0, i]
        for k in range(pointer[i], middle[i]):
            s += link[k] * w[x, column[k]]
        w[x, i] = s * inverse[i]


@kernel
def restrict(first, last, parent, pointer, middle, column, link, w, x):
    """Add what is left of the right side after `sweep_forth` to that of the parents.

    Of the residual, only links to higher numbers are left.
    """
    for i in range(first, last):
        s = 0.0
        for k in range(middle[i], pointer[i + 1]):
            s += link[k] * w[x, column[k]]
        w[0, parent[i]] += s


@kernel
def sweep_back(first, last, parent, pointer, column, link, inverse, w, x):
    """Add the values of the parents; Gauss-Seidel from the last node to the first.

    Row `x + 1` gets what the sweep changed.
    """
    for i in range(first, last):
        w[x, i] += w[1, parent[i]]
    for i in range(last - 1, first - 1, -1):
        s = w[0, i]
        for k in range(pointer[i], pointer[i + 1]):
            s += link[k] * w[x, column[k]]
        s *= inverse[i]
        w[x + 1, i] = s - w[x, i]
        w[x, i] = s


@kernel
def multiply(first, last, pointer, middle, column, link, w, x):
    """Set `w[x + 1] = A w[x]` after `sweep_back`.

    When the sweep came to a node it solved its equation, with the old values of lower
    numbers: only their changes tell `A w[x]` from the right side.

    Returns its products with `w[x]` and `w[2]`, and that of `w[x]` with `w[0]`.
    """
    square = other = length = 0.0
    for i in range(last - 1, first - 1, -1):
        s = w[0, i]
        length += s * w[x, i]
        for k in range(pointer[i], middle[i]):
            s -= link[k] * w[x + 1, column[k]]
        w[x + 1, i] = s
        square += s * w[x, i]
        other += s * w[2, i]
    return square, other, length


@kernel
def product(first, last, w, x, y):
    """Scalar product of two rows on one level."""
    s = 0.0
    for i in range(first, last):
        s += w[x, i] * w[y, i]
    return s


@kernel
def correct(level, start, parent, graph, factors, w):
    """Set `w[1]` to nearly the solution of `A x = w[0]` on one level; `w[0]` is lost.

    One function, because only a function that calls itself is compiled recursively.
    Rows of `w`: right side, solution, first direction and its product, second ones.
    """
    first, last = start[level], start[level + 1]
    if level == start.size - 2:
        solve(*factors, w[0, first:last], w[1, first:last])
        return
    pointer, middle, column, link, inverse = graph
    before, first_square = product(first, last, w, 0, 0), 1.0
    for x in (2, 4):
        sweep_forth(first, last, pointer, middle, column, link, inverse, w, x)
        w[0, last : start[level + 2]] = 0.0
        restrict(first, last, parent, pointer, middle, column, link, w, x)
        correct(level + 1, start, parent, graph, factors, w)
        sweep_back(first, last, parent, pointer, column, link, inverse, w, x)
        square, other, length = multiply(
            first, last, pointer, middle, column, link, w, x
        )
        back = 0.0
        if x == 4:
            back = other / first_square
            square -= back * other
        if not square > 0.0:
            square, length = 1.0, 0.0
        for i in range(first, last):
            old = w[1, i] if x == 4 else 0.0
            w[1, i] = old + length / square * (
                w[x, i] - (back * w[2, i] if x == 4 else 0.0)
            )
            w[0, i] -= length / square * w[x + 1, i]
        if x == 4 or product(first, last, w, 0, 0) <= ENOUGH * ENOUGH * before:
            return
        first_square = square
