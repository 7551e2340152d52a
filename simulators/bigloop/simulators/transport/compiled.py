"""The discrete problem on one core: compiled kernels, aggregation multigrid."""

from __future__ import annotations

import numpy as np

from bigloop.simulators.transport.cycle import Cycle
from bigloop.simulators.transport.grid import (
    Field,
    Grid,
    add,
    assemble,
    dissipation,
    dot,
)
from bigloop.simulators.transport.hierarchy import coarsen
from bigloop.simulators.transport.medium import Medium


class CompiledSystem:
    """A `System` on flat NumPy fields; scratch fields are reused from call to call."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._cycle = Cycle(grid, coarsen(grid))
        self._q, self._z = grid.zeros(), grid.zeros()

    def apply(self, p: Field) -> Field:
        """`A p`; the field is overwritten by the next call."""
        self._grid.apply(p, self._q)
        return self._q

    def precondition(self, r: Field) -> Field:
        """`M r`; the field is overwritten by the next call."""
        self._cycle(r, self._z)
        return self._z

    def dot(self, x: Field, y: Field) -> float:
        """`x y`; a threaded library would wait for its other threads."""
        return float(dot(x, y))

    def add(self, y: Field, scale: float, x: Field) -> None:
        """`y += scale x`."""
        add(y, scale, x)

    def dissipation(self, x: Field) -> float:
        """Power at unit voltage."""
        g = self._grid
        ends = (g.inlet, g.outlet)
        return float(dissipation(g.margin, *g.steps, g.gx, g.gy, g.gz, *ends, x))


def prepare(medium: Medium) -> tuple[CompiledSystem, Field, Field]:
    """System, first guess (a uniform field) and its residual."""
    grid = assemble(medium.phases, medium.table)
    n = medium.length
    layer = medium.phases.size // n
    x = grid.zeros()
    x[grid.inner] = np.repeat(1 - (np.arange(n) + 0.5) / n, layer)
    x[grid.diagonal == 0] = 0
    r = grid.zeros()
    grid.apply(x, r)
    np.subtract(grid.inlet, r, out=r)
    return CompiledSystem(grid), x, r
