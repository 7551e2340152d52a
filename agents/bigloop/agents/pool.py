"""Designs with what is needed of them again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from bigloop.agents.space import Points, points_of
from bigloop.contracts import Campaign, CampaignState, Design, Key, key_of
from bigloop.contracts.drawing import draw

if TYPE_CHECKING:
    from torch import Tensor

N_RANDOM = 192


class Pool:
    """Different designs, their names and their points.

    Args:
        campaign: whose designs they are.
        designs: those that stand twice are kept once, in order.

    Attributes:
        designs: `m` of them.
        keys: of each.
        points: in the unit cube, `m x d`.
    """

    def __init__(self, campaign: Campaign, designs: Iterable[Design]) -> None:
        found = {key_of(design): design for design in designs}
        self.keys: Sequence[Key] = list(found)
        self.designs: Sequence[Design] = list(found.values())
        self.points: Points = points_of(campaign, self.designs)

    @cached_property
    def x(self) -> Tensor:
        """The points as a tensor, `m x d`."""
        import torch

        return torch.from_numpy(self.points)

    def __len__(self) -> int:
        """Number of designs."""
        return len(self.designs)


def anywhere(state: CampaignState) -> Pool:
    """Feasible designs all over the space; a pure function of the state."""
    return Pool(state.campaign, draw(state.campaign, N_RANDOM, seed_of(state)))


def seed_of(state: CampaignState) -> int:
    """Of a random sequence: the campaign's, and how many trials there are."""
    return state.campaign.seed * 100_003 + len(state.trials)
