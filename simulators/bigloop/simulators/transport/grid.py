# mypy: allow-untyped-defs
"""The finest grid: a 5- or 7-point operator with one conductance per face.

All fields are flat, row by row, with a margin of `margin` zeros at both ends, so that
a neighbour is a fixed distance away and every kernel is one loop that vectorises. A
face that is no connection has conductance 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.transport.jit import kernel

Field = NDArray[np.float64]
CHEBYSHEV = tuple(1 / (1.25 + 0.75 * np.cos(np.pi * (2 * k + 1) / 4)) for k in (0, 1))
"""Steps of the polynomial of degree 2 that is smallest on the eigenvalues 1/2 to 2 of
the operator scaled by its diagonal; none is above 2 (Gershgorin)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The operator `(A x)_p = diagonal_p x_p - sum over faces of g x_neighbour`.

    `gx`, `gy`, `gz` hold the conductance between a cell and the one before it along
    the axis, `inlet` and `outlet` that between a cell and the two ends.
    """

    shape: tuple[int, int, int]
    margin: int
    gx: Field
    gy: Field
    gz: Field
    inlet: Field
    outlet: Field
    diagonal: Field
    inverse: Field

    @property
    def steps(self) -> tuple[int, int]:
        """Distances to the neighbours along y and z; 0 where there is no z."""
        n_z, n_y, n_x = self.shape
        return n_x, n_x * n_y if n_z > 1 else 0

    @property
    def inner(self) -> slice:
        """The cells without the margins."""
        return slice(self.margin, self.margin + int(np.prod(self.shape)))

    def zeros(self) -> Field:
        """A new field."""
        return np.zeros(self.gx.size)

    def apply(self, x: Field, y: Field) -> None:
        """Set `y = A x`."""
        apply(self.margin, *self.steps, self.diagonal, self.gx, self.gy, self.gz, x, y)


def assemble(phases: NDArray[np.uint8], table: Field) -> Grid:
    """The operator of an image of phases.

    Args:
        phases: `n_z x n_y x n_x`; the potential falls along z, or along y if n_z is 1.
        table: conductance of the face between two phases, `n x n`; on its diagonal is
            the conductivity, which is 0 for what does not conduct.
    """
    n_z, n_y, n_x = phases.shape
    margin = max(n_x, n_x * n_y if n_z > 1 else 0) + 8
    fields = np.zeros((8, phases.size + 2 * margin))
    gz = fields[2] if n_z > 1 else fields[2, :1]
    gx, gy, _, inlet, outlet, diagonal, inverse, _ = fields
    flat = np.ascontiguousarray(phases).reshape(-1)
    connect(flat, phases.shape, margin, table, gx, gy, gz)
    ends(flat, phases.shape, margin, np.diag(table).copy(), inlet, outlet)
    step_z = n_x * n_y if n_z > 1 else 0
    invert(margin, n_x, step_z, gx, gy, gz, inlet, outlet, diagonal, inverse)
    return Grid(
        shape=(n_z, n_y, n_x),
        margin=margin,
        gx=gx,
        gy=gy,
        gz=gz,
        inlet=inlet,
        outlet=outlet,
        diagonal=diagonal,
        inverse=inverse,
    )


@kernel
def connect(flat, shape, margin, table, gx, gy, gz):
    """Look up the conductance of every face."""
    n_z, n_y, n_x = shape
    area = n_x * n_y
    for k in range(n_z):
        for j in range(n_y):
            row = (k * n_y + j) * n_x
            for i in range(n_x):
                p = row + i
                here = flat[p]
                if i > 0:
                    gx[margin + p] = table[here, flat[p - 1]]
                if j > 0:
                    gy[margin + p] = table[here, flat[p - n_x]]
                if k > 0:
                    gz[margin + p] = table[here, flat[p - area]]


@kernel
def ends(flat, shape, margin, conductivity, inlet, outlet):
    """Half a cell lies between a cell at an end and the end: conductance `2 sigma`."""
    n_z, n_y, n_x = shape
    layer = n_x * n_y if n_z > 1 else n_x
    last = n_z * n_y * n_x - layer
    for p in range(layer):
        inlet[margin + p] = 2 * conductivity[flat[p]]
        outlet[margin + last + p] = 2 * conductivity[flat[last + p]]


@kernel
def invert(margin, sy, sz, gx, gy, gz, inlet, outlet, diagonal, inverse):
    """Sum what leaves each cell, and invert it."""
    n = gx.size - 2 * margin
    a0, a1, b0, b1 = gx[margin:], gx[margin + 1 :], gy[margin:], gy[margin + sy :]
    first, last, d, v = (
        inlet[margin:],
        outlet[margin:],
        diagonal[margin:],
        inverse[margin:],
    )
    for i in range(n):
        d[i] = first[i] + last[i] + a0[i] + a1[i] + b0[i] + b1[i]
    if sz > 0:
        c0, c1 = gz[margin:], gz[margin + sz :]
        for i in range(n):
            d[i] += c0[i] + c1[i]
    for i in range(n):
        v[i] = 1.0 / d[i] if d[i] > 0 else 0.0


@kernel
def apply(margin, sy, sz, diagonal, gx, gy, gz, x, y):
    """Set `y = A x`. Views instead of offsets: only those are vectorised (5 times)."""
    n = x.size - 2 * margin
    d, x0, y0 = diagonal[margin:], x[margin:], y[margin:]
    a0, a1, b0, b1 = gx[margin:], gx[margin + 1 :], gy[margin:], gy[margin + sy :]
    xa, xb = x[margin - 1 :], x[margin + 1 :]
    xc, xd = x[margin - sy :], x[margin + sy :]
    if sz == 0:
        for i in range(n):
            near = a0[i] * xa[i] + a1[i] * xb[i] + b0[i] * xc[i] + b1[i] * xd[i]
            y0[i] = d[i] * x0[i] - near
        return
    c0, c1, xe, xf = gz[margin:], gz[margin + sz :], x[margin - sz :], x[margin + sz :]
    for i in range(n):
        near = a0[i] * xa[i] + a1[i] * xb[i] + b0[i] * xc[i] + b1[i] * xd[i]
        y0[i] = d[i] * x0[i] - near - c0[i] * xe[i] - c1[i] * xf[i]


@kernel
def smooth(margin, sy, sz, diagonal, inverse, gx, gy, gz, w, b, x, y):
    """Set `y = x + w (b - A x) / diagonal`."""
    n = x.size - 2 * margin
    d, v, f = diagonal[margin:], inverse[margin:], b[margin:]
    x0, y0 = x[margin:], y[margin:]
    a0, a1, b0, b1 = gx[margin:], gx[margin + 1 :], gy[margin:], gy[margin + sy :]
    xa, xb = x[margin - 1 :], x[margin + 1 :]
    xc, xd = x[margin - sy :], x[margin + sy :]
    if sz == 0:
        for i in range(n):
            near = a0[i] * xa[i] + a1[i] * xb[i] + b0[i] * xc[i] + b1[i] * xd[i]
            y0[i] = x0[i] + w * v[i] * (f[i] - d[i] * x0[i] + near)
        return
    c0, c1, xe, xf = gz[margin:], gz[margin + sz :], x[margin - sz :], x[margin + sz :]
    for i in range(n):
        near = a0[i] * xa[i] + a1[i] * xb[i] + b0[i] * xc[i] + b1[i] * xd[i]
        near += c0[i] * xe[i] + c1[i] * xf[i]
        y0[i] = x0[i] + w * v[i] * (f[i] - d[i] * x0[i] + near)


@kernel
def dot(x, y):
    """Scalar product."""
    s = 0.0
    for i in range(x.size):
        s += x[i] * y[i]
    return s


@kernel
def add(y, scale, x):
    """Set `y = y + scale x`."""
    for i in range(x.size):
        y[i] += scale * x[i]


@kernel
def dissipation(margin, sy, sz, gx, gy, gz, inlet, outlet, x):
    """Power lost in the faces and the half cells at the ends, at potentials 1 and 0."""
    n = x.size - 2 * margin
    g, h, x0 = gx[margin:], gy[margin:], x[margin:]
    xa, xb, first, last = (
        x[margin - 1 :],
        x[margin - sy :],
        inlet[margin:],
        outlet[margin:],
    )
    total = 0.0
    for i in range(n):
        a, b, c = x0[i] - xa[i], x0[i] - xb[i], 1 - x0[i]
        faces = g[i] * a * a + h[i] * b * b
        total += faces + first[i] * c * c + last[i] * x0[i] * x0[i]
    if sz > 0:
        k, xc = gz[margin:], x[margin - sz :]
        for i in range(n):
            total += k[i] * (x0[i] - xc[i]) * (x0[i] - xc[i])
    return total
