"""Designs as points of the unit cube, and the candidates among which to choose."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import torch
from torch import Tensor

from bigloop.contracts import Campaign, Design, Parameter
from bigloop.contracts.campaign import sample


def _encode_value(parameter: Parameter, value: float | str) -> list[float]:
    """Coordinates of one value: 0..1 for a number, one-hot for a choice."""
    if parameter.choices:
        return [0.5**0.5 * float(value == choice) for choice in parameter.choices]
    low, high, number = parameter.low or 0.0, parameter.high or 1.0, float(value)
    if parameter.log:
        low, high, number = math.log(low), math.log(high), math.log(number)
    return [(number - low) / (high - low)]


def encode(campaign: Campaign, designs: Sequence[Design]) -> Tensor:
    """Designs as an `n x d` tensor; a choice takes a column for every value."""
    rows = [
        [
            coordinate
            for name, parameter in campaign.parameters.items()
            for coordinate in _encode_value(parameter, design[name])
        ]
        for design in designs
    ]
    width = sum(len(p.choices) or 1 for p in campaign.parameters.values())
    return torch.tensor(rows, dtype=torch.float64).reshape(len(rows), width)


def draw(campaign: Campaign, n: int, seed: int) -> list[Design]:
    """`n` feasible designs, uniform over the feasible set (fewer when it is thin)."""
    rng = random.Random(seed)
    found: list[Design] = []
    for _ in range(200 * n):
        design = sample(campaign, rng)
        if all(c.holds(design, campaign.units) for c in campaign.constraints.values()):
            found.append(design)
            if len(found) == n:
                break
    return found


def neighbours(
    campaign: Campaign, design: Design, n: int, scale: float, seed: int
) -> list[Design]:
    """Up to `n` feasible designs around one, `scale` of each range away."""
    rng = random.Random(seed)
    found: list[Design] = []
    for _ in range(4 * n):
        moved = {
            name: _move(parameter, design[name], scale, rng)
            for name, parameter in campaign.parameters.items()
        }
        if campaign.is_feasible(moved):
            found.append(moved)
            if len(found) == n:
                break
    return found


def _move(
    parameter: Parameter, value: float | str, scale: float, rng: random.Random
) -> float | str:
    if parameter.choices:
        return rng.choice(parameter.choices) if rng.random() < scale else value
    low, high = parameter.low or 0.0, parameter.high or 1.0
    moved = float(value) + rng.gauss(0.0, scale * (high - low))
    return min(max(moved, low), high)


def spread(points: Tensor, chosen: Sequence[int], n: int, seed: int) -> list[int]:
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
            distance = torch.cdist(points, points[picked]).amin(dim=1)
            distance[picked] = -1.0
            index = int(distance.argmax())
        else:
            index = random.Random(seed).randrange(len(points))
        picked.append(index)
        added.append(index)
    return added
