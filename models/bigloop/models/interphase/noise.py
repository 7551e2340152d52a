"""The noise of every channel over age, from the distances that lives leave."""

from __future__ import annotations

import math

import torch
from torch import Tensor

PSEUDO = 2.0
"""Readings, or draws, that a spread as it was counts as."""
_KINK = 0.3
"""How much the slope of a line usually changes at a knot, in logarithms a knot."""
_TURNS = 30
_FARTHEST = 0.5
"""Of one turn, in logarithms."""


def likeliest(
    noise: Tensor, near: Tensor, left: Tensor, most: float = math.inf
) -> Tensor:
    """Broken lines of the logarithm of the noise under which distances are likeliest.

    A normal likelihood of every distance at its own age, and a normal prior of the
    kinks of the line: few readings tell its ends. To average squares around each knot
    instead draws an end of the line towards its neighbour, however many readings there
    are: with the noises of `benchmarks/interphase.py` by up to a third.

    With `most`, no distance counts for more than so many of its standard deviations,
    and the squares then have the mean that those of normal distances have [Huber1964]_:
    of lives that the process does not follow, bursts say, little is taken for noise.
    Each turn is a step of Newton's method, by a curvature that is never too small.

    .. [Huber1964] P. J. Huber, Ann. Math. Stat. 35, 73 (1964).

    Args:
        noise: at the knots, from which it begins, `E x C x J`.
        near: share of each knot in each reading, `C x n x T x J`, 0 without a reading.
        left: distances, `E x n x K x T x C`.
        most: in standard deviations.

    Returns:
        `E x C x J`.
    """
    squares = left.square().movedim(-1, 1)
    usual, was = _usual(most), (2.0 * noise).exp()
    if math.isinf(most):
        squares = squares.mean(3, keepdim=True)
    kinks = torch.eye(noise.shape[-1]).to(noise).diff(n=2, dim=0) / _KINK
    stiff, found = kinks.T @ kinks, noise
    for _ in range(_TURNS):
        line = torch.einsum("cntj,ecj->ecnt", near, found)[:, :, :, None]
        share = (squares * (-2.0 * line).exp()).clamp_max(most**2).mean(3) / usual
        own = PSEUDO * was * (-2.0 * found).exp()
        slope = torch.einsum("ecnt,cntj->ecj", share, near) - near.sum((1, 2))
        bend = torch.einsum("ecnt,cntj,cnti->ecji", share, near, near)
        step = torch.linalg.solve(
            2.0 * (bend + torch.diag_embed(own)) + stiff,
            slope + own - PSEUDO - found @ stiff,
        )
        found = found + step.clamp(-_FARTHEST, _FARTHEST)
    return found


def _usual(most: float) -> float:
    """Mean of the squares of normal numbers, none counting for more than `most`."""
    if math.isinf(most):
        return 1.0
    beyond = math.erfc(most / math.sqrt(2.0))
    density = math.exp(-0.5 * most**2) / math.sqrt(2.0 * math.pi)
    return 1.0 - beyond - 2.0 * most * density + most**2 * beyond
