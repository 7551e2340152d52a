r"""The guard: how far the target is decided by what cheap sources say.

Two accounts of the target's values are weighed: that the other channels tell of it, and
that they tell nothing (`rho = 0`). The odds are those before any pair of results, times
what the target's values gain in evidence [MacKay1992]_, each marginal likelihood by
Laplace's approximation,

$$ \log O = \log O_0 + \log p(y_t \mid y_c, \mathrm{told}) - \log p(y_t). $$

The model that decides is the mixture of both. Until a source is proven it may use but
a small part of what the target has used, which bounds what it can waste, and a refuted
one is left out altogether (the idea of rMFBO [Mikkola2023]_).

.. [MacKay1992] MacKay: Bayesian interpolation. Neural Comput. 4 (1992) 415.
.. [Mikkola2023] Mikkola, Martinelli, Filstroff, Kaski: Multi-fidelity Bayesian
   optimization with unreliable information sources. AISTATS 2023.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bigloop.agents.actions import Action, Free, is_early
from bigloop.agents.belief import TARGET, Belief, channels
from bigloop.agents.scouting import n_sent
from bigloop.agents.settled import Settled
from bigloop.agents.source_model import SourceModel
from bigloop.contracts import Campaign, CampaignState, key_of

PRIOR_NAT = 2.0
"""Log odds before any result: who writes a source into a campaign believes in it."""
MARGIN_NAT = 3.0
"""How much likelier (e^3 = 20 times) results must make it that proves a source."""
N_PROOF = 4
"""Values of the target, and of other sources, before a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The outcome of the comparison.

    Attributes:
        model: by which everything is decided.
        log_odds: that the cheap channels tell of the target [nat].
        is_proven: whether cheap sources may be used as far as they are worth it.
        is_refuted: whether they are left out.
        is_led: whether there are results of cheap sources that may lead the target; not
            beside a predictor, whose estimates make designs recommendable, too.
    """

    model: SourceModel
    log_odds: float
    is_proven: bool = False
    is_refuted: bool = False
    is_led: bool = False

    def proofs(
        self, state: CampaignState, belief: Belief, free: Free, share: float
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
            and _spends_within(state, name, share)
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


def _spends_within(state: CampaignState, name: str, share: float) -> bool:
    """Whether a further trial keeps a source within a share of the target's spending.

    What it may spend on scouting does not count.
    """
    campaign = state.campaign
    spent, sent = _spent(state, name), n_sent(state, name)
    for currency, amount in campaign.sources[name].full_cost.items():
        scouting = amount * sent
        most = share * _spent(state, campaign.objective.source).get(currency, 0.0)
        if spent.get(currency, 0.0) - scouting + amount > most + 1e-9:
            return False
    return True


def _spent(state: CampaignState, name: str) -> dict[str, float]:
    """What the trials of a source have cost, or may yet cost, by currency."""
    found: dict[str, float] = {}
    for trial in state.trials:
        if trial.proposal.source == name:
            for currency, amount in (trial.spent or trial.reserved).items():
                found[currency] = found.get(currency, 0.0) + amount
    return found


def fit(belief: Belief, settled: Settled | None = None) -> Guard:
    """Fit both accounts and mix them.

    Args:
        belief: the data.
        settled: keeps what is inferred for the next call; none: nothing is kept.
    """
    settled = settled or Settled()
    n_channels = len(channels(belief.campaign))
    items, y = belief.items(), belief.values()
    coupled = settled.of(belief, "all")
    n_target = sum(d.channel == TARGET for d in belief.data)
    n_others = len(belief.data) - n_target
    if not n_others:
        model = SourceModel(items, y, n_channels, settings=coupled)
        return Guard(model=model, log_odds=PRIOR_NAT * (n_channels > 1))
    alone, others = settled.of(belief, "target"), settled.of(belief, "others")
    gain = coupled.evidence - others.evidence - alone.evidence
    log_odds = PRIOR_NAT + gain
    is_judged = min(n_target, n_others) >= N_PROOF
    is_refuted = is_judged and log_odds < 0
    trust = 0.0 if is_refuted else 1 / (1 + math.exp(-min(50.0, max(-50.0, log_odds))))
    mixed = coupled.mixed(alone, trust)
    return Guard(
        model=SourceModel(items, y, n_channels, settings=mixed),
        log_odds=log_odds,
        is_proven=is_judged and gain > MARGIN_NAT,
        is_refuted=is_refuted,
        is_led=not is_refuted and belief.campaign.predictor is None,
    )
