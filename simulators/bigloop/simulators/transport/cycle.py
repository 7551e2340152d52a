# mypy: allow-untyped-defs
"""One multigrid cycle: the preconditioner of the conjugate gradients."""

from __future__ import annotations

import numpy as np

from bigloop.simulators.transport.grid import CHEBYSHEV, Field, Grid, apply, smooth
from bigloop.simulators.transport.hierarchy import Hierarchy
from bigloop.simulators.transport.jit import kernel

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
        n = int(hierarchy.start[-1]) + 1
        self._work = np.zeros((7, n))
        self._x, self._y = grid.zeros(), grid.zeros()
        self._inverse = 1.0 / hierarchy.diagonal

    def __call__(self, r: Field, z: Field) -> None:
        """Set `z = M r`."""
        g, h, w = self._grid, self._hierarchy, self._work
        x, y = self._x, self._y
        faces = (g.gx, g.gy, g.gz)
        operator = (g.margin, *g.steps, g.diagonal)
        start_from_zero(g.margin, CHEBYSHEV[0], g.inverse, r, x)
        for step in CHEBYSHEV[1:]:
            smooth(*operator, g.inverse, *faces, step, r, x, y)
            x, y = y, x
        apply(*operator, *faces, x, y)
        restrict(g.margin, h.cells, r, y, w[0], int(h.start[1]))
        graph = (h.start, h.parent, h.pointer, h.middle, h.column, h.link, h.diagonal)
        correct(0, *graph, self._inverse, h.dense, w)
        prolong(g.margin, h.cells, w[1], x)
        for step in CHEBYSHEV[:0:-1]:
            smooth(*operator, g.inverse, *faces, step, r, x, y)
            x, y = y, x
        smooth(*operator, g.inverse, *faces, CHEBYSHEV[0], r, x, z)


@kernel
def start_from_zero(margin, w, inverse, b, x):
    """The first smoothing step, from zero."""
    v, f, y = inverse[margin:], b[margin:], x[margin:]
    for i in range(x.size - 2 * margin):
        y[i] = w * v[i] * f[i]


@kernel
def restrict(margin, node, b, ax, coarse, n):
    """Sum the residual over the cells of each node."""
    coarse[:n] = 0.0
    f, y = b[margin:], ax[margin:]
    # Cells of one node come in runs: their sum stays in a register.
    here, s = node[0], 0.0
    for i in range(node.size):
        if node[i] != here:
            coarse[here] += s
            here, s = node[i], 0.0
        s += f[i] - y[i]
    coarse[here] += s


@kernel
def prolong(margin, node, coarse, x):
    """Add the value of its node to each cell."""
    y = x[margin:]
    for i in range(node.size):
        y[i] += coarse[node[i]]


@kernel
def sweep_forth(first, last, pointer, middle, column, link, inverse, w, x):
    """Gauss-Seidel from zero for the right side `w[0]`."""
    for i in range(first, last):
        s = w[0, i]
        for k in range(pointer[i], middle[i]):
            s += link[k] * w[x, column[k]]
        w[x, i] = s * inverse[i]


@kernel
def sweep_back(first, last, pointer, column, link, inverse, w, x):
    """Gauss-Seidel from the last node to the first."""
    for i in range(last - 1, first - 1, -1):
        s = w[0, i]
        for k in range(pointer[i], pointer[i + 1]):
            s += link[k] * w[x, column[k]]
        w[x, i] = s * inverse[i]


@kernel
def multiply(first, last, pointer, column, link, diagonal, w, x):
    """Set `w[x + 1] = A w[x]`; returns its products with `w[x]` and `w[2]`."""
    square = other = 0.0
    for i in range(first, last):
        s = diagonal[i] * w[x, i]
        for k in range(pointer[i], pointer[i + 1]):
            s -= link[k] * w[x, column[k]]
        w[x + 1, i] = s
        square += s * w[x, i]
        other += s * w[2, i]
    return square, other


@kernel
def product(first, last, w, x, y):
    """Scalar product of two rows on one level."""
    s = 0.0
    for i in range(first, last):
        s += w[x, i] * w[y, i]
    return s


@kernel
def correct(
    level, start, parent, pointer, middle, column, link, diagonal, inverse, dense, w
):
    """Set `w[1]` to nearly the solution of `A x = w[0]` on one level; `w[0]` is lost.

    One function, because only a function that calls itself is compiled recursively.
    Rows of `w`: right side, solution, first direction and its product, second ones.
    """
    first, last = start[level], start[level + 1]
    if level == start.size - 2:
        for i in range(first, last):
            s = 0.0
            for j in range(first, last):
                s += dense[i - first, j - first] * w[0, j]
            w[1, i] = s
        return
    before, first_square = product(first, last, w, 0, 0), 1.0
    for x in (2, 4):
        sweep_forth(first, last, pointer, middle, column, link, inverse, w, x)
        w[0, last : start[level + 2]] = 0.0
        # After the sweep, links to higher numbers are all that is left of the residual.
        for i in range(first, last):
            s = 0.0
            for k in range(middle[i], pointer[i + 1]):
                s += link[k] * w[x, column[k]]
            w[0, parent[i]] += s
        correct(
            level + 1,
            start,
            parent,
            pointer,
            middle,
            column,
            link,
            diagonal,
            inverse,
            dense,
            w,
        )
        for i in range(first, last):
            w[x, i] += w[1, parent[i]]
        sweep_back(first, last, pointer, column, link, inverse, w, x)
        square, other = multiply(first, last, pointer, column, link, diagonal, w, x)
        length, back = product(first, last, w, x, 0), 0.0
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
        if product(first, last, w, 0, 0) <= ENOUGH * ENOUGH * before:
            return
        first_square = square
