"""Designs as points of the unit cube, and the candidates among which to choose."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import Campaign, Design, Parameter

# A campaign opens without torch, whose import takes longer than a first result may.
if TYPE_CHECKING:
    from torch import Tensor

Points = NDArray[np.float64]
_SAMPLE = 512


def points_of(campaign: Campaign, designs: Sequence[Design]) -> Points:
    """Designs as an `n x d` array; a choice takes a column for every value."""
    columns = [
        column
        for name, parameter in campaign.parameters.items()
        for column in _columns(parameter, [design[name] for design in designs])
    ]
    return np.stack(columns, axis=-1)


def encode(campaign: Campaign, designs: Sequence[Design]) -> Tensor:
    """`points_of` designs as an `n x d` tensor."""
    import torch

    return torch.from_numpy(points_of(campaign, designs))


def _columns(parameter: Parameter, values: Sequence[float | str]) -> list[Points]:
    """Coordinates of the values of one parameter: 0..1 of a number, one-hot."""
    if parameter.choices:
        return [
            np.array([0.5**0.5 * float(value == choice) for value in values])
            for choice in parameter.choices
        ]
    low, high = parameter.low or 0.0, parameter.high or 1.0
    numbers = np.array([float(value) for value in values])
    if parameter.log:
        low, high, numbers = math.log(low), math.log(high), np.log(numbers)
    return [(numbers - low) / (high - low)]


def decode(campaign: Campaign, x: Tensor) -> list[Design]:
    """Designs at points `n x d` of the unit cube; of a choice, its highest column."""
    columns: list[list[float | str]] = []
    at = 0
    for parameter in campaign.parameters.values():
        width = len(parameter.choices) or 1
        columns.append(_values(parameter, x[:, at : at + width]))
        at += width
    names = list(campaign.parameters)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(parameter: Parameter, part: Tensor) -> list[float | str]:
    """Values of one parameter at its coordinates, `n x k`."""
    if parameter.choices:
        return [parameter.choices[k] for k in part.numpy().argmax(axis=1)]
    low, high = parameter.low or 0.0, parameter.high or 1.0
    share = part[:, 0].clamp(0.0, 1.0)
    if not parameter.log:
        return list((low + share * (high - low)).clamp(low, high).tolist())
    start, span = math.log(low), math.log(high / low)
    return [min(max(math.exp(start + s * span), low), high) for s in share.tolist()]


def moved(campaign: Campaign, x: Tensor, n: int, scale: float, seed: int) -> Tensor:
    """`n` points around each of `m`, `nm x d`: a part of the coordinates is moved.

    Args:
        campaign: whose parameters the coordinates are.
        x: the points, `m x d`.
        n: how many around each.
        scale: standard deviation of a move of a number, as a share of its range.
        seed: of the random sequence.
    """
    import torch

    g = torch.Generator().manual_seed(seed)
    found = x.repeat_interleave(n, dim=0)
    count = len(campaign.parameters)
    chance = max(0.4, 1.0 / count)
    moves = torch.rand(len(found), count, generator=g) < chance
    moves[torch.arange(len(found)), torch.arange(len(found)) % count] = True
    at = 0
    for index, parameter in enumerate(campaign.parameters.values()):
        width, chosen = len(parameter.choices) or 1, moves[:, index]
        step = torch.randn(len(found), generator=g, dtype=x.dtype)
        draw = torch.rand(len(found), generator=g)
        if parameter.choices:
            other = (draw * width).long().clamp_max(width - 1)
            rows = chosen.nonzero()[:, 0]
            found[rows, at : at + width] = 0.0
            found[rows, at + other[rows]] = 0.5**0.5
        else:
            found[:, at] += scale * step * chosen
        at += width
    return found.clamp_(0.0, 1.0)


def covering(points: Points, used: Points, seed: int) -> int:
    """Index of the point after which the mean distance to the nearest used is least.

    So the first is the middle of the points and the next are the middles of what is
    left, not corners, where little is like the rest. Of many points, a seeded sample
    of 512 is looked at.

    Args:
        points: `m x d`.
        used: what has been chosen before, `k x d`.
        seed: of the sample.
    """
    shuffled = np.random.default_rng(seed).permutation(len(points))
    some = np.sort(shuffled[:_SAMPLE])
    among = points[some]
    nearest = _distances(among, among)
    if len(used):
        nearest = np.minimum(nearest, _distances(among, used).min(axis=1))
    return int(some[nearest.mean(axis=1).argmin()])


def spread(points: Points, chosen: Sequence[int], n: int, seed: int) -> list[int]:
    """Indices of `n` points far from each other and from `chosen` (farthest first).

    Args:
        points: `m x d`.
        chosen: indices that are taken already; without any, a seeded one begins.
        n: how many to add.
        seed: of the first point.
    """
    picked = list(chosen)
    added: list[int] = []
    while len(added) < min(n, len(points) - len(set(chosen))):
        if picked:
            distance = _distances(points, points[picked]).min(axis=1)
            distance[picked] = -1.0
            index = int(distance.argmax())
        else:
            index = random.Random(seed).randrange(len(points))
        picked.append(index)
        added.append(index)
    return added


def _distances(a: Points, b: Points) -> Points:
    """Euclidean distances, `n x m`, between `n x d` and `m x d`."""
    squares = sum((a[:, None, k] - b[None, :, k]) ** 2 for k in range(a.shape[1]))
    return np.sqrt(squares)
