"""The discrete problem on one core: compiled kernels, aggregation multigrid."""

from __future__ import annotations

import math

import numpy as np

from bigloop.simulators.transport import passes
from bigloop.simulators.transport.cycle import Cycle
from bigloop.simulators.transport.grid import Grid, assemble
from bigloop.simulators.transport.hierarchy import coarsen
from bigloop.simulators.transport.medium import Medium


class CompiledSystem:
    """A `System` on flat NumPy fields, from a uniform field on."""

    def __init__(self, grid: Grid, length: int, layer: int) -> None:
        self._grid = grid
        self._cycle = Cycle(grid, coarsen(grid))
        self._x, self._r, self._z, self._p, self._q = (grid.zeros() for _ in range(5))
        potential = np.repeat(1 - (np.arange(length) + 0.5) / length, layer)
        np.multiply(potential, grid.diagonal[grid.inner] > 0, out=self._x[grid.inner])
        passes.residual(*grid.stencil, grid.diagonal, grid.inlet, self._x, self._r)

    def precondition(self) -> tuple[float, float]:
        """`z = M r`; returns `r z` and `z q`."""
        return self._cycle(self._r, self._q, self._z)

    def search(self, beta: float) -> tuple[float, float]:
        """`p = z + beta p`, `q = A p`; returns `p q` and `r p`."""
        g = self._grid
        fields = (self._r, self._z, self._p, self._q)
        scale, along = passes.search(*g.stencil, g.diagonal, beta, *fields)
        return scale, along

    def move(self, alpha: float) -> float:
        """`x += alpha p`, `r -= alpha q`; returns the sum of `r`."""
        return float(passes.move(alpha, self._p, self._q, self._x, self._r))

    def residual(self) -> tuple[float, float]:
        """Norm and sum of `r`; a threaded library would wait for its other threads."""
        square, total = passes.moments(self._r)
        return math.sqrt(square), total

    def dissipation(self) -> float:
        """Power at unit voltage."""
        g = self._grid
        return float(passes.dissipation(*g.stencil, g.inlet, g.outlet, self._x))


def prepare(medium: Medium) -> CompiledSystem:
    """The system of a medium, with a uniform field as the first guess."""
    grid = assemble(medium.phases, medium.table)
    return CompiledSystem(grid, medium.length, medium.phases.size // medium.length)
