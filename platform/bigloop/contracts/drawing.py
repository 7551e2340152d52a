"""Designs drawn uniformly from the space of a campaign."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bigloop.contracts.base import Design
from bigloop.contracts.errors import SpecError

if TYPE_CHECKING:
    from bigloop.contracts.campaign import Campaign
    from bigloop.contracts.polytope import Polytope

_TRIES, _FIRST_TRIES = 200, 10
"""Draws for every design that is wanted, where constraints are kept by chance: all of
them, and before linear ones are kept by construction."""
_AT_ONCE = 256


def sample(campaign: Campaign, rng: random.Random) -> Design:
    """One design drawn uniformly from the bounds and compositions, no more regarded."""
    design: Design = {}
    for name, p in campaign.parameters.items():
        if p.choices:
            design[name] = rng.choice(p.choices)
        else:
            design[name] = rng.uniform(p.low or 0.0, p.high or 0.0)
    for composition in campaign.compositions.values():
        names = composition.components
        ranges = [campaign.parameters[name].range for name in names]
        design |= dict(zip(names, composition.draw(ranges, rng), strict=True))
    return design


def draw(campaign: Campaign, n: int, seed: int) -> list[Design]:
    """`n` feasible designs, uniform over the feasible set (fewer when it is thin).

    Compositions hold by construction; constraints by chance, and where these chances
    are small, the linear ones by construction too.

    Raises:
        SpecError: no design was found.
    """
    rng = random.Random(seed)
    is_plain = not campaign.compositions
    inside = None if is_plain and not campaign.bounds else _inside(campaign)
    tries = (_TRIES if inside is None else _FIRST_TRIES) * n if is_plain else 0
    found = _kept(campaign, (sample(campaign, rng) for _ in range(tries)), n)
    if len(found) < n and inside is not None:
        more = drawn(campaign, inside, _TRIES * n, rng)
        found += _kept(campaign, more, n - len(found))
    if n and not found:
        names = ", ".join(campaign.bounds)
        raise SpecError(
            f"constraints: none of {_TRIES * n:,} random designs keeps {names} "
            "together; loosen one, or widen the parameters"
        )
    return found


def drawn(
    campaign: Campaign, inside: Polytope, n: int, rng: random.Random
) -> Iterator[Design]:
    """`n` designs that keep compositions and linear constraints, some at a time.

    Args:
        campaign: whose choices are drawn beside the numbers.
        inside: the numbers that keep them; it has room.
        n: how many.
        rng: the random sequence.
    """
    import numpy as np

    numbers = np.random.default_rng(rng.getrandbits(64))
    for start in range(0, n, _AT_ONCE):
        for row in inside.draw(min(_AT_ONCE, n - start), numbers).tolist():
            values = dict(zip(inside.names, row, strict=True))
            yield {
                name: rng.choice(p.choices) if p.choices else values[name]
                for name, p in campaign.parameters.items()
            }


def _inside(campaign: Campaign) -> Polytope | None:
    """What compositions and linear constraints say; none when nothing is linear."""
    from bigloop.contracts.polytope import Polytope, row_of

    rows = [row_of(campaign, name) for name in campaign.bounds]
    if not campaign.compositions and not any(rows):
        return None
    inside = Polytope.of(campaign)
    return inside if inside.has_room else None


def _kept(campaign: Campaign, designs: Iterator[Design], n: int) -> list[Design]:
    """The first `n` that keep all constraints, or as many as there are."""
    bounds, units = list(campaign.bounds.values()), campaign.units
    found: list[Design] = []
    for design in designs:
        if all(bound.holds(design, units) for bound in bounds):
            found.append(design)
            if len(found) == n:
                break
    return found
