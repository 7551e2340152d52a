"""Designs with what they promise, so that few are looked at closely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.agents.candidates import N_SHORT, refined
from bigloop.agents.pool import Pool, seed_of
from bigloop.agents.promise import N_CLOSE, N_SETTINGS, Looked, Promise
from bigloop.agents.several.gains import gains
from bigloop.agents.several.learned import Learned
from bigloop.agents.several.standing import Standing
from bigloop.agents.space import decode, encode
from bigloop.contracts import CampaignState

_CHUNK = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a result of the target would add, over many designs.

    Attributes:
        learned: the outputs, objectives first.
        cells: what may still be gained.
        n_settings: the likeliest, under which it is worked out.
    """

    learned: Sequence[Learned]
    cells: Tensor | None
    n_settings: int = N_SETTINGS

    def look(self, x: Tensor) -> Looked:
        """Points `m x d`; their mean is that of the objectives, evenly weighted.

        Means and doubts only choose what is looked at; the gain alone decides.
        """
        return _joined([self._look(part) for part in x.split(_CHUNK)])

    def _look(self, x: Tensor) -> Looked:
        moments = [one.moments(x, self.n_settings) for one in self.learned]
        means = torch.stack([at.average(at.mean) for at in moments])
        sds = torch.stack([at.average(at.sd) for at in moments])
        n_goals = sum(one.output.goal is not None for one in self.learned)
        return Looked(
            x=x,
            mean=means[:n_goals].mean(dim=0),
            sd=sds.amax(dim=0),
            score=gains(self.learned, moments, self.cells),
        )

    def shortlist(self, x: Tensor, n: int) -> list[int]:
        """Up to `n` indices of designs `m x d` that are worth a close look."""
        if len(x) <= n:
            return list(range(len(x)))
        if len(x) > N_CLOSE:
            rough = Outlook(learned=self.learned, cells=self.cells, n_settings=1)
            coarse = Promise.picked(rough.look(x), N_CLOSE)
            fine = Promise.picked(self.look(x[coarse]), n)
            return [coarse[i] for i in fine]
        return Promise.picked(self.look(x), n)


def _joined(parts: Sequence[Looked]) -> Looked:
    first, *others = parts
    for part in others:
        first = first.with_(part)
    return first


def worthwhile(
    state: CampaignState, learned: Sequence[Learned], standing: Standing, pool: Pool
) -> Pool:
    """The designs that are worth a close look: of a stock, or of the whole space."""
    campaign = state.campaign
    outlook = Outlook(learned=learned, cells=standing.cells())
    if state.stock is not None:
        best = outlook.shortlist(pool.x, N_SHORT)
        return Pool(campaign, [pool.designs[i] for i in best])
    every = [*pool.designs, *standing.designs]
    looked = refined(campaign, encode(campaign, every), outlook, seed_of(state))
    best, x = Promise.picked(looked, N_SHORT), looked.x
    far = decode(campaign, x[[i for i in best if i >= len(every)]])
    return Pool(campaign, [*(every[i] for i in best if i < len(every)), *far])
