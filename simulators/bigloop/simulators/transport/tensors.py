"""The discrete problem on tensors: the same code on processor and GPU.

The operator is that of `grid`; the preconditioner is simpler, because what is well
connected cannot be searched for in parallel at this size: every block of 2 x 2 (x 2)
becomes one cell, and the coarse operators are Galerkin's. It needs more iterations than
the compiled one where thin walls or high contrast matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.simulators.transport.grid import CHEBYSHEV
from bigloop.simulators.transport.medium import Medium

COARSEST = 200
OVERCORRECTION = 1.8
"""Constants on blocks are too stiff by 2; corrections grow by this [Braess1995].

[Braess1995] Braess, Computing 55, 379 (1995).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Operator on `n_z x n_y x n_x` cells; `faces[a]` are those across axis `a`."""

    faces: tuple[Tensor, Tensor, Tensor]
    leak: Tensor
    """Conductance to the two ends."""
    diagonal: Tensor
    inverse: Tensor

    def apply(self, x: Tensor) -> Tensor:
        """`A x`."""
        y = self.leak * x
        for axis, g in enumerate(self.faces):
            n = x.shape[axis]
            if n > 1:
                flux = g * (x.narrow(axis, 1, n - 1) - x.narrow(axis, 0, n - 1))
                y.narrow(axis, 1, n - 1).add_(flux)
                y.narrow(axis, 0, n - 1).sub_(flux)
        return y


class TensorSystem:
    """A `System` on tensors, from `x` on; W-cycles down to a dense inverse."""

    def __init__(self, fine: Level, inlet: Tensor, outlet: Tensor, x: Tensor) -> None:
        self._inlet, self._outlet = inlet, outlet
        self._levels = [fine]
        while self._levels[-1].leak.numel() > COARSEST:
            self._levels.append(_coarser(self._levels[-1]))
        self._dense = _inverse(self._levels[-1])
        self._x, self._r = x, inlet - fine.apply(x)
        self._z, self._p, self._q = (torch.zeros_like(x) for _ in range(3))

    def precondition(self) -> tuple[float, float]:
        """`z = M r`; returns `r z` and `z q`."""
        self._z = self._cycle(0, self._r)
        return _dot(self._r, self._z), _dot(self._z, self._q)

    def search(self, beta: float) -> tuple[float, float]:
        """`p = z + beta p`, `q = A p`; returns `p q` and `r p`."""
        self._p = self._z + beta * self._p
        self._q = self._levels[0].apply(self._p)
        return _dot(self._p, self._q), _dot(self._r, self._p)

    def move(self, alpha: float) -> float:
        """`x += alpha p`, `r -= alpha q`; returns the sum of `r`."""
        self._x.add_(self._p, alpha=alpha)
        self._r.sub_(self._q, alpha=alpha)
        return float(self._r.sum())

    def residual(self) -> tuple[float, float]:
        """Norm and sum of `r`."""
        return math.sqrt(_dot(self._r, self._r)), float(self._r.sum())

    def dissipation(self) -> float:
        """Power at unit voltage."""
        x = self._x
        power = (self._inlet * (1 - x) ** 2 + self._outlet * x**2).sum()
        for axis, g in enumerate(self._levels[0].faces):
            power = power + (g * x.diff(dim=axis) ** 2).sum()
        return float(power)

    def _cycle(self, depth: int, b: Tensor) -> Tensor:
        level = self._levels[depth]
        if depth == len(self._levels) - 1:
            return (self._dense @ b.reshape(-1)).view_as(b)
        x = CHEBYSHEV[0] * level.inverse * b
        x = x + CHEBYSHEV[1] * level.inverse * (b - level.apply(x))
        x = x + self._correction(depth + 1, _sum_blocks(b - level.apply(x)), b)
        for w in reversed(CHEBYSHEV):
            x = x + w * level.inverse * (b - level.apply(x))
        return x

    def _correction(self, depth: int, b: Tensor, like: Tensor) -> Tensor:
        x = self._cycle(depth, b)
        if depth < len(self._levels) - 1:
            x = x + self._cycle(depth, b - self._levels[depth].apply(x))
        for axis in range(3):
            if like.shape[axis] > 1:
                x = x.repeat_interleave(2, dim=axis).narrow(axis, 0, like.shape[axis])
        # Only the first correction is enlarged: on every level it would be too much.
        return OVERCORRECTION * x if depth == 1 else x


def prepare(medium: Medium, device: str) -> TensorSystem:
    """The system of a medium on a device of torch, with a uniform field to begin with.

    Raises:
        SpecError: there is no such device.
    """
    try:
        table = torch.as_tensor(medium.table, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SpecError(f"device: {device!r}: torch cannot use it: {reason}") from error
    phases = torch.as_tensor(medium.phases, device=device).long()
    axis, n = (0 if phases.shape[0] > 1 else 1), medium.length
    inlet, outlet = torch.zeros((2, *phases.shape), dtype=torch.float64, device=device)
    sigma = table.diagonal()[phases]
    inlet.select(axis, 0).copy_(2 * sigma.select(axis, 0))
    outlet.select(axis, n - 1).copy_(2 * sigma.select(axis, n - 1))
    fine = _level(
        (_faces(table, phases, 0), _faces(table, phases, 1), _faces(table, phases, 2)),
        inlet + outlet,
    )
    shape = [1, 1, 1]
    shape[axis] = n
    ramp = 1 - (torch.arange(n, dtype=torch.float64, device=device) + 0.5) / n
    return TensorSystem(fine, inlet, outlet, ramp.view(shape) * (fine.diagonal > 0))


def _dot(x: Tensor, y: Tensor) -> float:
    return float((x * y).sum())


def _faces(table: Tensor, phases: Tensor, axis: int) -> Tensor:
    n = phases.shape[axis]
    return table[phases.narrow(axis, 1, n - 1), phases.narrow(axis, 0, n - 1)]


def _level(faces: tuple[Tensor, Tensor, Tensor], leak: Tensor) -> Level:
    diagonal = leak.clone()
    for axis, g in enumerate(faces):
        n = leak.shape[axis]
        diagonal.narrow(axis, 1, n - 1).add_(g)
        diagonal.narrow(axis, 0, n - 1).add_(g)
    inverse = torch.where(diagonal > 0, 1 / diagonal, 0.0)
    return Level(faces=faces, leak=leak, diagonal=diagonal, inverse=inverse)


def _coarser(level: Level) -> Level:
    faces = []
    for axis, g in enumerate(level.faces):
        between = g[
            tuple(slice(1, None, 2) if a == axis else slice(None) for a in range(3))
        ]
        faces.append(_sum_blocks(between, skip=axis))
    return _level((faces[0], faces[1], faces[2]), _sum_blocks(level.leak))


def _sum_blocks(x: Tensor, skip: int = -1) -> Tensor:
    """Sum pairs along every axis that is longer than 1, except `skip`."""
    for axis in range(3):
        n = x.shape[axis]
        if axis == skip or n == 1:
            continue
        even = x[
            tuple(slice(0, None, 2) if a == axis else slice(None) for a in range(3))
        ].clone()
        even.narrow(axis, 0, n // 2).add_(
            x[tuple(slice(1, None, 2) if a == axis else slice(None) for a in range(3))]
        )
        x = even
    return x


def _inverse(level: Level) -> Tensor:
    n = level.leak.numel()
    unit = torch.eye(n, dtype=level.leak.dtype, device=level.leak.device)
    columns = [level.apply(row.view_as(level.leak)).reshape(-1) for row in unit]
    matrix = torch.stack(columns, dim=1)
    dead = level.diagonal.reshape(-1) == 0
    inverse = torch.linalg.inv(matrix + torch.diag(dead.to(matrix.dtype)))
    inverse[dead] = 0
    return inverse
