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
    def stencil(self) -> tuple[int, int, int, Field, Field, Field]:
        """Margin, distances to the neighbours along y and z, conductances.

        The distance along z is 0 where there is no z.
        """
        n_z, n_y, n_x = self.shape
        step_z = n_x * n_y if n_z > 1 else 0
        return self.margin, n_x, step_z, self.gx, self.gy, self.gz

    @property
    def inner(self) -> slice:
        """The cells without the margins."""
        return slice(self.margin, self.margin + int(np.prod(self.shape)))

    def zeros(self) -> Field:
        """A new field."""
        return np.zeros(self.gx.size)


def assemble(phases: NDArray[np.uint8], table: Field) -> Grid:
    """The operator of an image of phases.

    Args:
        phases: `n_z x n_y x n_x`; the potential falls along z, or along y if n_z is 1.
        table: conductance of the face between two phases, `n x n`; on its diagonal is
            the conductivity, which is 0 for what does not conduct.
    """
    n_z, n_y, n_x = phases.shape
    margin = max(n_x, n_x * n_y if n_z > 1 else 0) + 8
    fields = np.zeros((7, phases.size + 2 * margin))
    gz = fields[2] if n_z > 1 else fields[2, :1]
    gx, gy, _, inlet, outlet, diagonal, inverse = fields
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
    area, n, faces = n_x * n_y, table.shape[0], table.reshape(-1)
    for line in range(n_z * n_y):
        row = line * n_x
        here = flat[row : row + n_x]
        x, y = gx[margin + row : margin + row + n_x], gy[margin + row :]
        for i in range(1, n_x):
            x[i] = faces[here[i] * n + here[i - 1]]
        if line % n_y > 0:
            before = flat[row - n_x : row]
            for i in range(n_x):
                y[i] = faces[here[i] * n + before[i]]
        if line >= n_y:
            before, z = flat[row - area : row - area + n_x], gz[margin + row :]
            for i in range(n_x):
                z[i] = faces[here[i] * n + before[i]]


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
    first, last = inlet[margin:], outlet[margin:]
    d, v = diagonal[margin:], inverse[margin:]
    for i in range(n):
        d[i] = first[i] + last[i] + a0[i] + a1[i] + b0[i] + b1[i]
    if sz > 0:
        c0, c1 = gz[margin:], gz[margin + sz :]
        for i in range(n):
            d[i] += c0[i] + c1[i]
    for i in range(n):
        v[i] = 1.0 / d[i] if d[i] > 0 else 0.0
