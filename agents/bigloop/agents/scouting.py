"""A cheap source that shows the objective is sent ahead, and looks for its own best."""

from __future__ import annotations

from collections import Counter

from bigloop.agents.actions import Free
from bigloop.contracts import (
    CALLED_OFF,
    Campaign,
    CampaignState,
    Design,
    key_of,
)

SCOUT_SHARE, SCOUT_PRICE = 0.05, 0.25
"""Of the budget, what scouting may cost; and a scout, of the target's price."""
LEAST_SCOUTS = 5
"""Of fewer designs the best says too little."""


def scouting_source(campaign: Campaign) -> str | None:
    """The cheapest source that shows the objective itself for a part of the price.

    None where a predictor opens specimens, or where more than one observable decides:
    it may be right in one alone.
    """
    if campaign.predictor is not None or not campaign.is_plain:
        return None
    goal, target = campaign.objective, campaign.target.full_cost
    found = [
        (cost[currency], name)
        for name, source in campaign.sources.items()
        for cost in [source.full_cost]
        for currency in target
        if name != goal.source
        and goal.observable in source.observes
        and set(cost) == set(target) == {currency}
        and cost[currency] <= SCOUT_PRICE * target[currency]
    ]
    return min(found)[1] if found else None


def n_scouts(campaign: Campaign, scout: str) -> int:
    """Designs that it is sent to: `5 (d + 1)`, or as many as a part of the budget pays.

    None when that is too few to choose from.
    """
    ((currency, price),) = campaign.sources[scout].full_cost.items()
    affordable = int(SCOUT_SHARE * campaign.budget[currency] / price)
    n = min(5 * (campaign.degrees_of_freedom + 1), affordable)
    return n if n >= LEAST_SCOUTS else 0


def scouting(state: CampaignState) -> str | None:
    """The source that is sent ahead, once it has come back with something.

    From then on it looks for its own best design, as the target will.
    """
    campaign = state.campaign
    ran = Counter(t.proposal.source for t in state.trials if t.state not in CALLED_OFF)
    scout = scouting_source(campaign)
    if scout is None or ran[campaign.objective.source]:
        return None
    is_sent = ran[scout] < n_scouts(campaign, scout)
    return scout if is_sent and is_back(state, scout) else None


def as_target(state: CampaignState, source: str) -> CampaignState:
    """The campaign as if a source were the target, and the only one."""
    campaign = state.campaign
    alone = campaign.model_copy(
        update={
            "objective": campaign.objective.model_copy(update={"source": source}),
            "sources": {source: campaign.sources[source]},
        }
    )
    return state.model_copy(
        update={
            "campaign": alone,
            "trials": tuple(t for t in state.trials if t.proposal.source == source),
            "observations": tuple(o for o in state.observations if o.source == source),
        }
    )


def scouted(state: CampaignState, free: Free, scout: str) -> Design | None:
    """The best design that was scouted, of those that the target can run."""
    goal = state.campaign.objective
    sign = -1.0 if goal.goal == "minimize" else 1.0
    found = [
        (sign * o.value, o.design)
        for o in state.observations
        if o.source == scout
        and o.observable == goal.observable
        and not o.censored
        and free.has(goal.source, key_of(o.design))
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def is_back(state: CampaignState, source: str) -> bool:
    """Whether a source has come back with anything, be it a failure."""
    seen = set(state.seen)
    return any(
        t.id in seen and t.proposal.source == source and t.state not in CALLED_OFF
        for t in state.trials
    )
