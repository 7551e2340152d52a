r"""The guard: a cheap source informs the target only while it proves to be right.

The multi-source model is compared with one in which the other channels are cut off
(`rho = 0`), by the leave-one-out log predictive density of the target's own values
[Sundararajan2001]_, eq. 9: the better one decides. Until a source has been compared on
the target, it may use only a fixed share of the budget, which bounds what it can waste
(the idea of rMFBO [Mikkola2023]_).

.. [Sundararajan2001] Sundararajan, Keerthi: Predictive approaches for choosing
   hyperparameters in Gaussian processes. Neural Comput. 13 (2001) 1103.
.. [Mikkola2023] Mikkola, Martinelli, Filstroff, Kaski: Multi-fidelity Bayesian
   optimization with unreliable information sources. AISTATS 2023.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.agents.actions import is_early
from bigloop.agents.belief import TARGET, Belief, channels
from bigloop.agents.source_model import SourceModel
from bigloop.contracts import Campaign, CampaignState

N_PROOF = 4
"""Values of the target, and of cheap sources, that a comparison needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The outcome of the comparison.

    Attributes:
        is_coupled: whether the cheap channels inform the target now.
        is_proven: whether they have been compared and were better than without.
        gain: log predictive density per target value gained by coupling [nat].
    """

    is_coupled: bool
    is_proven: bool
    gain: float

    def allows(self, state: CampaignState, name: str, share: float) -> bool:
        """Whether a source may be used now."""
        campaign = state.campaign
        if name == campaign.objective.source or is_early(campaign, name):
            return True
        if not self.is_coupled:
            return False
        if self.is_proven or not _shares_purse(campaign, name):
            return True
        return _spent_share(state, name) < share


def _shares_purse(campaign: Campaign, name: str) -> bool:
    """Whether a source spends what the target could spend."""
    source, target = campaign.sources[name], campaign.target
    mine = {*source.cost, *source.cost_per_age}
    return bool(mine & {*target.cost, *target.cost_per_age})


def _spent_share(state: CampaignState, name: str) -> float:
    """Part of the budget of the source's currencies that the source has used."""
    source = state.campaign.sources[name]
    used = 0.0
    for currency in {*source.cost, *source.cost_per_age}:
        amount = sum(
            (t.spent or t.reserved).get(currency, 0.0)
            for t in state.trials
            if t.proposal.source == name
        )
        used = max(used, amount / state.campaign.budget[currency])
    return used


def fit(belief: Belief) -> tuple[SourceModel, Guard]:
    """The model that the guard lets decide, and why."""
    n_channels = len(channels(belief.campaign))
    items, y = belief.items(), belief.values()
    coupled = SourceModel(items, y, n_channels)
    n_target = sum(d.channel == TARGET for d in belief.data)
    if n_target < N_PROOF or len(belief.data) - n_target < N_PROOF:
        return coupled, Guard(is_coupled=True, is_proven=False, gain=0.0)
    alone = SourceModel(items, y, n_channels, is_coupled=False)
    gain = float(_score(coupled) - _score(alone)) / n_target
    if gain < 0:
        return alone, Guard(is_coupled=False, is_proven=False, gain=gain)
    return coupled, Guard(is_coupled=True, is_proven=True, gain=gain)


def _score(model: SourceModel) -> Tensor:
    """Leave-one-out log predictive density of the target's values, summed."""
    inverse = torch.cholesky_inverse(model.lower)
    precision = inverse.diagonal(dim1=-2, dim2=-1)
    residual = model.alpha.squeeze(-1) / precision
    log_density = (
        -0.5 * precision * residual.square()
        + 0.5 * precision.log()
        - 0.5 * math.log(math.tau)
    )
    is_target = model.items.channel == TARGET
    mixed = torch.logsumexp(log_density + model.weight.log()[:, None], dim=0)
    return mixed[is_target].sum()
