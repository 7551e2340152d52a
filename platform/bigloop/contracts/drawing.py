"""Designs drawn uniformly from the space of a campaign."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bigloop.contracts.base import Design
from bigloop.contracts.errors import SpecError

if TYPE_CHECKING:
    from bigloop.contracts.campaign import Campaign

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
    found: list[Design] = []
    if not campaign.compositions:
        tries = (_FIRST_TRIES if has_linear(campaign) else _TRIES) * n
        found = _kept(campaign, (sample(campaign, rng) for _ in range(tries)), n)
    if len(found) < n and has_linear(campaign):
        more = drawn(campaign, _TRIES * n, rng)
        found += _kept(campaign, more, n - len(found))
    if n and not found:
        names = ", ".join(campaign.bounds)
        raise SpecError(
            f"constraints: none of {_TRIES * n:,} random designs keeps {names} "
            "together; loosen one, or widen the parameters"
        )
    return found


def drawn(campaign: Campaign, n: int, rng: random.Random) -> Iterator[Design]:
    """`n` designs that keep compositions and linear constraints, some at a time.

    None where these leave no room.
    """
    import numpy as np

    from bigloop.contracts.polytope import Polytope

    inside = Polytope.of(campaign)
    if not inside.has_room:
        return
    numbers = np.random.default_rng(rng.getrandbits(64))
    for start in range(0, n, _AT_ONCE):
        for row in inside.draw(min(_AT_ONCE, n - start), numbers).tolist():
            values = dict(zip(inside.names, row, strict=True))
            yield {
                name: rng.choice(p.choices) if p.choices else values[name]
                for name, p in campaign.parameters.items()
            }


def has_linear(campaign: Campaign) -> bool:
    """Whether a composition or a constraint of linear form bounds some numbers."""
    if campaign.compositions or not campaign.bounds:
        return bool(campaign.compositions)
    from bigloop.contracts.linear import linear_form

    forms = (linear_form(campaign, name) for name in campaign.bounds)
    return any(form is not None and form.weights for form in forms)


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
