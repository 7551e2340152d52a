r"""The guard: a cheap source informs the target only once it has proved to be right.

The multi-source model is compared with one in which the other channels are cut off
(`rho = 0`), by the leave-one-out log predictive density of the target's own values
[Sundararajan2001]_, eq. 9. Until coupling is better by a margin, the target is decided
as if the cheap source did not exist, so a misleading one can mislead nothing; it may
still be run to be put to the proof, at designs that the target has measured and within
a fixed share of a budget that it shares with the target, which bounds what it can waste
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

from bigloop.agents.actions import Action, Free, is_early
from bigloop.agents.belief import TARGET, Belief, channels
from bigloop.agents.opening import N_PROOF
from bigloop.agents.settled import Settled
from bigloop.agents.source_model import SourceModel
from bigloop.contracts import Campaign, CampaignState, key_of

MARGIN_NAT = 3.0
"""How much likelier (e^3 = 20 times) the target's values must become by coupling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The outcome of the comparison.

    Attributes:
        deciding: the model by which the target is decided.
        probing: the model by which cheap sources are valued.
        is_proven: whether the cheap channels may inform the target.
        is_refuted: whether the target's values became less likely by coupling.
        gain: log predictive density of all the target's values gained [nat].
    """

    deciding: SourceModel
    probing: SourceModel
    is_proven: bool
    is_refuted: bool
    gain: float

    def proofs(
        self,
        state: CampaignState,
        belief: Belief,
        free: Free,
        share: float,
    ) -> list[Action]:
        """What would put one source to the proof: its runs where the target was run.

        Pairs of results say most about what a source tells of the target, and the
        value of that is not in the gain of any one result. Of the cheapest source that
        is not proven, may be used, and shares a purse with the target; none if there
        is none, or all its pairs are there.
        """
        campaign = state.campaign
        if self.is_proven or self.is_refuted:
            return []
        there = {
            key_of(d.design): d.design
            for d in belief.data
            if d.channel == TARGET and not d.is_estimate
        }
        open_ = [
            name
            for name in campaign.sources
            if not is_trusted(campaign, name)
            and shares_purse(campaign, name)
            and _spent_share(state, name) < share
        ]
        for name in sorted(open_, key=lambda name: _price(campaign, name)):
            pairs = [
                Action(source=name, design=design)
                for key, design in there.items()
                if free.has(name, key)
            ]
            if pairs:
                return pairs
        return []

    def allows(self, campaign: Campaign, name: str) -> bool:
        """Whether a source may be used for what its results are worth.

        One that is not proven may not, if the target could have the money; it is put to
        the proof (`proofs`).
        """
        if is_trusted(campaign, name) or self.is_proven:
            return True
        return not self.is_refuted and not shares_purse(campaign, name)


def is_trusted(campaign: Campaign, name: str) -> bool:
    """Whether a source is the target, or speaks through a calibrated predictor."""
    return name == campaign.objective.source or is_early(campaign, name)


def shares_purse(campaign: Campaign, name: str) -> bool:
    """Whether a source spends what the target could spend."""
    source, target = campaign.sources[name], campaign.target
    mine = {*source.cost, *source.cost_per_age}
    return bool(mine & {*target.cost, *target.cost_per_age})


def _price(campaign: Campaign, name: str) -> float:
    """The largest share of a budget that one trial may cost."""
    cost = campaign.sources[name].full_cost
    return max(amount / campaign.budget[c] for c, amount in cost.items())


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


def fit(belief: Belief, settled: Settled | None = None) -> Guard:
    """Fit the models and compare them.

    Args:
        belief: the data.
        settled: keeps what is inferred for the next call; none: nothing is kept.
    """
    settled = settled or Settled()
    n_channels = len(channels(belief.campaign))
    items, y = belief.items(), belief.values()
    coupled = SourceModel(items, y, n_channels, settings=settled.of(belief, True))
    n_target = sum(d.channel == TARGET for d in belief.data)
    n_cheap = len(belief.data) - n_target
    if not n_cheap:
        return Guard(
            deciding=coupled,
            probing=coupled,
            is_proven=False,
            is_refuted=False,
            gain=0.0,
        )
    own = [d for d in belief.data if d.channel == TARGET]
    is_own = items.channel == TARGET
    alone = SourceModel(
        belief.items(own), y[is_own], n_channels, False, settled.of(belief, False)
    )
    gain = float(_score(coupled) - _score(alone))
    is_judged = min(n_target, n_cheap) >= N_PROOF
    is_proven = is_judged and gain > MARGIN_NAT
    return Guard(
        deciding=coupled if is_proven else alone,
        probing=coupled,
        is_proven=is_proven,
        is_refuted=is_judged and gain < 0,
        gain=gain,
    )


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
