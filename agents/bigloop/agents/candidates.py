"""The designs among which an agent chooses and recommends."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from bigloop.agents.belief import Belief, recommendable
from bigloop.agents.keeping import kept
from bigloop.agents.pool import Pool, seed_of
from bigloop.agents.promise import Looked, Promise
from bigloop.agents.source_model import SourceModel
from bigloop.agents.space import decode, encode, moved
from bigloop.contracts import Campaign, CampaignState

N_SHORT = 96
N_CENTERS, N_AROUND = 3, 24
SCALES = (0.15, 0.06, 0.025, 0.01, 0.004)
"""Of the moves around the most promising designs, round by round."""


class Looker(Protocol):
    """Says what points promise."""

    def look(self, x: Tensor) -> Looked:
        """Points `m x d` with what they promise."""
        ...


def worthwhile(
    state: CampaignState, belief: Belief, model: SourceModel, pool: Pool
) -> Pool:
    """The designs that are worth a close look: of a stock, or of the whole space."""
    campaign = state.campaign
    promise = Promise(model, encode(campaign, recommendable(belief)))
    if state.stock is not None:
        best = promise.shortlist(pool.x, N_SHORT)
        return Pool(campaign, [pool.designs[i] for i in best])
    tried = (d.design for d in belief.data)
    known = [d for d in tried if not campaign.beyond_limit(d)]
    every, x = [*pool.designs, *known], torch.cat([pool.x, encode(campaign, known)])
    looked = refined(campaign, x, promise, seed_of(state))
    best, x = promise.picked(looked, N_SHORT), looked.x
    far = decode(campaign, x[[i for i in best if i >= len(every)]])
    return Pool(campaign, [*(every[i] for i in best if i < len(every)), *far])


def refined(campaign: Campaign, x: Tensor, promise: Looker, seed: int) -> Looked:
    """Points, and others around the most promising of them, round by round.

    In each round the points that promise the largest improvement are moved a little in
    some of their coordinates, less in every round.

    Args:
        campaign: whose parameters the coordinates are.
        x: where to begin, `m x d`.
        promise: of a point.
        seed: of the random sequence.
    """
    looked = promise.look(x)
    for number, scale in enumerate(SCALES):
        top = looked.score.argsort(descending=True, stable=True)[:N_CENTERS]
        start = looked.x[top]
        near = moved(campaign, start, N_AROUND, scale, seed + 31 * (number + 1))
        near = kept(campaign, start.repeat_interleave(N_AROUND, dim=0), near)
        if campaign.bounds:
            inside = [campaign.is_feasible(d) for d in decode(campaign, near)]
            near = near[inside]
        looked = looked.with_(promise.look(near))
    return looked
