"""Moves that keep compositions and linear constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bigloop.agents.space import Points
from bigloop.contracts import Campaign
from bigloop.contracts.compositions import Range
from bigloop.contracts.linear import linear_form

if TYPE_CHECKING:
    from torch import Tensor


def kept(campaign: Campaign, start: Tensor, end: Tensor) -> Tensor:
    """Where moves end that keep what is linear, `n x d`.

    Components go to the nearest composition, so that a move outwards glides along an
    edge; then a move ends at the first linear constraint in its way. Constraints that
    are not linear are not regarded.

    Args:
        campaign: whose parameters the coordinates are.
        start: where the moves begin, in the unit cube, `n x d`; feasible.
        end: where they would end, `n x d`.
    """
    from bigloop.contracts.polytope import Polytope

    is_cut = any(linear_form(campaign, name) is not None for name in campaign.bounds)
    if not campaign.compositions and not is_cut:
        return end
    numbers = _numbers(campaign)
    x, y = (_natural(campaign, points.numpy()[:, numbers]) for points in (start, end))
    names = [name for name, p in campaign.parameters.items() if not p.choices]
    for composition in campaign.compositions.values():
        places = [names.index(name) for name in composition.components]
        ranges = [campaign.parameters[name].range for name in composition.components]
        # People round: what is cut along its way has to begin where the sum holds.
        for points in (x, y) if is_cut else (y,):
            points[:, places] = composed(points[:, places], composition.total, ranges)
    if is_cut:
        y = Polytope.of(campaign).inside(x, y)
    found = end.clone()
    found[:, numbers] = found.new_tensor(_shares(campaign, y))
    return found


def composed(points: Points, total: float, ranges: list[Range]) -> Points:
    """The nearest points whose values add up to a total, each within its range.

    Nearest in shares of the ranges: the least squares under these conditions are a
    shift of every share in proportion to its range, cut at the bounds. The sum rises
    with the shift in straight pieces between the shifts at which a share meets a bound.

    Args:
        points: `n x d`.
        total: lies between the sums of the ends of the ranges.
        ranges: of every column.
    """
    low, high = np.array(ranges).T
    span = high - low
    shares, needed = (points - low) / span, total - low.sum()
    bends = np.sort(np.concatenate([-shares, 1.0 - shares], axis=1) / np.tile(span, 2))
    shifted = shares[:, None, :] + bends[:, :, None] * span
    sums = np.clip(shifted, 0.0, 1.0) @ span
    after = np.clip((sums < needed).sum(axis=1), 1, bends.shape[1] - 1)
    rows = np.arange(len(points))
    (s, t), (a, b) = ((v[rows, after - 1], v[rows, after]) for v in (sums, bends))
    shift = a + (b - a) * (needed - s) / (t - s)
    return np.asarray(low + span * np.clip(shares + shift[:, None] * span, 0.0, 1.0))


def _numbers(campaign: Campaign) -> list[int]:
    """Columns of the unit cube that are numbers."""
    found, at = [], 0
    for parameter in campaign.parameters.values():
        if not parameter.choices:
            found.append(at)
        at += len(parameter.choices) or 1
    return found


def _natural(campaign: Campaign, shares: Points) -> Points:
    """Numbers in the units of their parameters."""
    low, span, is_log = _scales(campaign)
    values = low + span * shares
    return np.asarray(np.where(is_log, np.exp(np.where(is_log, values, 0.0)), values))


def _shares(campaign: Campaign, values: Points) -> Points:
    """Numbers as shares of their ranges."""
    low, span, is_log = _scales(campaign)
    scaled = np.where(is_log, np.log(np.where(is_log, values, 1.0)), values)
    return np.asarray(np.clip((scaled - low) / span, 0.0, 1.0))


def _scales(campaign: Campaign) -> tuple[Points, Points, Points]:
    """Low end and width of every number, on its scale, and where that is a log."""
    numbers = [p for p in campaign.parameters.values() if not p.choices]
    is_log = np.array([p.log for p in numbers])
    low, high = np.array([p.range for p in numbers]).T
    low = np.where(is_log, np.log(np.where(is_log, low, 1.0)), low)
    high = np.where(is_log, np.log(np.where(is_log, high, 1.0)), high)
    return low, high - low, is_log
