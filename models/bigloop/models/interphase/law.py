"""The laws of growth: a coordinate in which what never falls gains at a steady rate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEAST_POWER = 0.3
_PARABOLIC = -0.916
"""`bend` at a power of 1/2, where learning begins."""
_START = -3.0
_LEAST_OFFSET = 1e-3


class GrowthLaw(nn.Module):  # type: ignore[misc]
    """`y = (h + b)^p - b^p` for each observable that never falls.

    A layer that hinders its own growth gains as a power of age, often the square root
    [Attia2020]_. Its rate depends on its thickness, and over a long step it depends on
    the length of the step; that of `h` does not, so there is less to learn and steps
    of different lengths agree. `p` and `b` are learned, `0.3 < p < 1`; `b` is what
    had grown before age 0. `y` is 0 at `h = 0` and rises with it.

    .. [Attia2020] P. M. Attia, W. C. Chueh and S. J. Harris, J. Electrochem. Soc. 167,
       090535 (2020).
    """

    def __init__(self, members: int, n: int) -> None:
        super().__init__()
        self.bend = nn.Parameter(torch.full((members, 1, n), _PARABOLIC))
        self.before = nn.Parameter(torch.full((members, 1, n), _START))

    @property
    def power(self) -> Tensor:
        """`p`, `E x 1 x M`."""
        return _LEAST_POWER + (1.0 - _LEAST_POWER) * torch.sigmoid(self.bend)

    @property
    def offset(self) -> Tensor:
        """`b`, `E x 1 x M`."""
        return self.before.clamp(max=2.0).exp() + _LEAST_OFFSET

    def forward(self, h: Tensor) -> Tensor:
        """`y` of `h`, `E x R x M` each."""
        p, b = self.power, self.offset
        return (h + b).pow(p) - b.pow(p)

    def slope(self, h: Tensor) -> Tensor:
        """`dy/dh`."""
        p = self.power
        return p * (h + self.offset).pow(p - 1.0)
