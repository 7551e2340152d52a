"""Draws towards the readings at the end of a step, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.models.interphase.network import Rise

_FARTHEST = 4.0
"""Standard normal draws beyond which a step is not linearised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of the observables that never fall at the end of a step."""

    value: Tensor
    """Mean reading, weighed by precision, `E x R x M`."""
    precision: Tensor
    """Of that mean, `E x R x M`; 0 where nothing was read."""


def towards(
    rise: Rise, told: Told, unit: Tensor, later: tuple[Tensor, Tensor]
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Draws of a step given the readings at its end, and their moments.

    Were the step linear in its draws, the readings at its end would leave them normal
    with the mean and covariance that this computes (the optimal proposal of
    [Doucet2000]_, linearised at its own mode by Gauss and Newton). A guide that must
    learn this first finds chance of no use, and training takes it out of the model.

    .. [Doucet2000] A. Doucet, S. Godsill and C. Andrieu, Stat. Comput. 10, 197 (2000).

    Args:
        rise: the step.
        told: readings at its end.
        unit: unit normal numbers, `E x R x M`.
        later: what readings after it say besides: linear and quadratic term of a log
            density of the draws, `E x R x M` each.

    Returns:
        Draws; mean and log spread of each given those after it in order.
    """
    mode = torch.zeros_like(unit)
    with torch.no_grad():
        for _ in range(2):
            linear, precise = _normal(rise, told, mode, later)
            mode = _solved(linear, _root(precise))
            mode = mode.clamp(-_FARTHEST, _FARTHEST)
    linear, precise = _normal(rise, told, mode, later)
    root = _root(precise)
    mean = _solved(linear, root)
    off = torch.linalg.solve_triangular(root.mT, unit[..., None], upper=True)[..., 0]
    log_spread = -root.diagonal(dim1=-2, dim2=-1).log()
    drawn = mean + off
    return drawn, (drawn - log_spread.exp() * unit, log_spread)


def _normal(
    rise: Rise, told: Told, at: Tensor, later: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Linear term and precision of the draws' log density, linearised at `at`."""
    gain = rise.gain(at)
    risen = rise.risen + gain
    slope = (rise.law.slope(risen) * gain)[..., None] * rise.mix
    left = told.value - rise.law(risen) + (slope * at[..., None, :]).sum(-1)
    weighed = slope * told.precision[..., None]
    linear = (weighed * left[..., None]).sum(-2) + later[0]
    unit = torch.eye(at.shape[-1]).to(at)
    return linear, slope.mT @ weighed + unit * (1.0 + later[1])[..., None]


def _solved(linear: Tensor, root: Tensor) -> Tensor:
    found: Tensor = torch.cholesky_solve(linear[..., None], root)[..., 0]
    return found


def _root(precise: Tensor) -> Tensor:
    """Not finite where `precise` is not: training finds that in the loss."""
    found: Tensor = torch.linalg.cholesky_ex(precise).L
    return found
