"""Random search at the target: what every method must beat."""

from __future__ import annotations

import random

from bigloop.bench.methods.base import Asked, Brief, Ledger, Shelf
from bigloop.contracts import Design
from bigloop.contracts.drawing import sample


class RandomSearch:
    """Draws a design, evenly among those that have a specimen left."""

    def __init__(self, brief: Brief) -> None:
        self._campaign = brief.campaign
        self._shelf = Shelf(brief)
        self._ledger = Ledger(self._shelf)
        self._rng = random.Random(brief.campaign.seed)

    def ask(self, left: float) -> Asked | None:
        """A random design at the target."""
        if self._shelf.target not in self._shelf.affordable(left):
            return None
        if self._shelf.is_pool:
            place = self._rng.choice(self._shelf.free(self._shelf.target))
            design = self._shelf.designs[place]
        else:
            design = sample(self._campaign, self._rng)
        return self._shelf.take(Asked(source=self._shelf.target, design=design))

    def tell(self, asked: Asked, value: float) -> None:
        """Keep the result."""
        self._ledger.add(asked, value)

    def recommend(self) -> Design | None:
        """The best mean measured."""
        return self._ledger.best()
