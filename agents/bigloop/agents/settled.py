"""Hyper-parameters by the data that settle them."""

from __future__ import annotations

from bigloop.agents.belief import Belief, Datum, alike, channels
from bigloop.agents.inference import Settings, infer
from bigloop.agents.prior import Prior


class Settled:
    """Infers settings, and keeps the last of each kind: most results change nothing.

    The settings are a function of the data alone; what is kept only saves the time.
    """

    def __init__(self) -> None:
        self._known: dict[bool, tuple[int, tuple[Datum, ...], Settings]] = {}

    def of(self, belief: Belief, is_coupled: bool) -> Settings:
        """Settings where other sources may tell of the target, or tell nothing."""
        data = tuple(
            d for d, keep in zip(belief.data, belief.core, strict=True) if keep
        )
        n = len(belief.center)
        known = self._known.get(is_coupled)
        if known is not None and known[:2] == (n, data):
            return known[2]
        items, campaign = belief.items(data), belief.campaign
        prior = Prior(items.x.shape[-1], len(channels(campaign)), alike(campaign))
        found = infer(items, belief.values(data), prior, is_coupled)
        self._known[is_coupled] = n, data, found
        return found
