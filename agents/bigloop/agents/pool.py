"""Designs with what is needed of them again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import Tensor

from bigloop.agents.space import encode
from bigloop.contracts import Campaign, Design

Key = frozenset[tuple[str, float | str]]
"""A design as a key: the order of its parameters does not matter."""


def key_of(design: Design) -> Key:
    """What two equal designs have in common, and no others."""
    return frozenset(design.items())


class Pool:
    """Different designs, their names and their points.

    Args:
        campaign: whose designs they are.
        designs: those that stand twice are kept once, in order.

    Attributes:
        designs: `m` of them.
        keys: of each.
        x: in the unit cube, `m x d`.
    """

    def __init__(self, campaign: Campaign, designs: Iterable[Design]) -> None:
        found = {key_of(design): design for design in designs}
        self.keys: Sequence[Key] = list(found)
        self.designs: Sequence[Design] = list(found.values())
        self.x: Tensor = encode(campaign, self.designs)

    def __len__(self) -> int:
        """Number of designs."""
        return len(self.designs)
