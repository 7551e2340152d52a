"""Hyper-parameters by the data that settle them."""

from __future__ import annotations

from typing import Literal

from bigloop.agents.belief import TARGET, Belief, Datum, alike, channels
from bigloop.agents.inference import Settings, infer
from bigloop.agents.prior import Prior

Part = Literal["all", "target", "others"]
"""Of the data: all of them, the target's own, or those of the other sources."""
_Found = tuple[int, tuple[int, ...], tuple[Datum, ...]]
"""What settings follow from: number of channels, those with batches, the data."""


class Settled:
    """Infers settings, and keeps the last of each kind: most results change nothing.

    The settings are a function of the data alone; what is kept only saves the time.
    """

    def __init__(self) -> None:
        self._known: dict[Part, tuple[_Found, Settings]] = {}

    def of(self, belief: Belief, part: Part) -> Settings:
        """Settings by a part of the data; by the target's alone nothing is coupled."""
        data = tuple(
            d
            for d, keep in zip(belief.data, belief.core, strict=True)
            if keep and (part == "all" or (d.channel == TARGET) == (part == "target"))
        )
        told = len(belief.center), belief.batches.channels, data
        known = self._known.get(part)
        if known is not None and known[0] == told:
            return known[1]
        items, campaign = belief.items(data), belief.campaign
        prior = Prior(
            items.x.shape[-1],
            len(channels(campaign)),
            alike(campaign),
            belief.batches.channels,
        )
        found = infer(items, belief.values(data), prior, part != "target")
        self._known[part] = told, found
        return found
