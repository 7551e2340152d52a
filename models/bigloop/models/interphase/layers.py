"""Layers of several networks side by side: one product of matrices serves them all.

Rows are `E x R x width`: `E` members, each with weights of its own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Linear(nn.Module):  # type: ignore[misc]
    """`y = x W + b` of every member."""

    def __init__(self, members: int, width: int, out: int, gain: float = 1.0) -> None:
        super().__init__()
        spread = gain / math.sqrt(max(width, 1))
        self.weight = nn.Parameter(torch.randn(members, width, out) * spread)
        self.bias = nn.Parameter(torch.zeros(members, 1, out))

    def forward(self, x: Tensor) -> Tensor:
        """`E x R x width` to `E x R x out`."""
        return torch.baddbmm(self.bias, x, self.weight)


class Perceptron(nn.Module):  # type: ignore[misc]
    """One hidden layer, and a straight line past it."""

    def __init__(
        self, members: int, width: int, hidden: int, out: int, gain: float = 0.3
    ) -> None:
        super().__init__()
        self.split = hidden, out
        # Both uses of the input in one product: small products cost mostly their call.
        self.inner = Linear(members, width, hidden + out)
        self.outer = Linear(members, hidden, out, gain)
        with torch.no_grad():
            self.inner.weight[..., hidden:] *= gain

    def forward(self, x: Tensor) -> Tensor:
        """`E x R x width` to `E x R x out`."""
        hidden, straight = self.inner(x).split(self.split, -1)
        return straight + self.outer(torch.tanh(hidden))


class Recurrent(nn.Module):  # type: ignore[misc]
    """A gated recurrent unit [Cho2014]_.

    .. [Cho2014] K. Cho et al., EMNLP 2014, 1724.
    """

    def __init__(self, members: int, width: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.given = Linear(members, width, 3 * hidden)
        self.kept = Linear(members, hidden, 3 * hidden)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """Next state `E x R x hidden`; `x` is what `given` made of the input."""
        x_gates, x_new = x.split((2 * self.hidden, self.hidden), -1)
        h_gates, h_new = self.kept(state).split((2 * self.hidden, self.hidden), -1)
        reset, keep = torch.sigmoid(x_gates + h_gates).chunk(2, -1)
        new = torch.tanh(x_new + reset * h_new)
        return new + keep * (state - new)

    def run(self, x: Tensor, state: Tensor, *, backward: bool = False) -> Tensor:
        """States `E x R x T x hidden` over a sequence `E x R x T x width`."""
        E, R, T, _ = x.shape
        given = self.given(x.reshape(E, R * T, -1)).reshape(E, R, T, -1)
        states: list[Tensor] = []
        for step in given.unbind(2)[:: -1 if backward else 1]:
            state = self(step, state)
            states.append(state)
        return torch.stack(states[:: -1 if backward else 1], 2)
