"""Cheap sources that show the objective are sent ahead, and look for their own best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import stdev

from bigloop.agents.actions import Free
from bigloop.agents.belief import to_model
from bigloop.contracts import (
    CALLED_OFF,
    Campaign,
    CampaignState,
    Design,
    Observation,
    Trial,
    key_of,
)

SCOUT_SHARE, SCOUT_PRICE = 0.05, 0.25
"""Of the budget, what scouting may cost; and a scout, of the target's price."""
LEAST_SCOUTS = 5
"""Of fewer designs the best says too little."""
SCOUTS, TURN = 10, 5
"""For every coefficient of a plane over the space: what is sent ahead at most, and what
a source may tell between two runs of the target. Five end a search half-way down."""
AGREEMENT = 0.1
"""Of the standard deviation of its values: as near comes to a scout what is as it said.
Where a source misled, a fifth of first runs came so near by chance."""


def ladder(campaign: Campaign) -> list[str]:
    """Sources that show the objective itself for a part of the price, cheapest first.

    Each costs at most a quarter of the next and the last of the target, and a part of
    the budget pays for enough designs. None where a predictor opens specimens, or where
    more than one observable decides: they may be right in one alone.
    """
    if campaign.predictor is not None or not campaign.is_plain:
        return []
    goal, target = campaign.objective, campaign.target.full_cost
    found = sorted(
        (cost[currency], name)
        for name, source in campaign.sources.items()
        for cost in [source.full_cost]
        for currency in target
        if name != goal.source
        and goal.observable in source.observes
        and set(cost) == set(target) == {currency}
        and cost[currency] <= SCOUT_PRICE * target[currency]
    )
    rungs: list[tuple[float, str]] = []
    for price, name in found:
        if not rungs or rungs[-1][0] <= SCOUT_PRICE * price:
            rungs.append((price, name))
    return [name for _, name in rungs if n_scouts(campaign, name)]


def n_scouts(campaign: Campaign, scout: str) -> int:
    """Designs it is sent to: `10 (d + 1)`, or as many as a part of the budget pays.

    None when that is too few to choose from.
    """
    ((currency, price),) = campaign.sources[scout].full_cost.items()
    affordable = int(SCOUT_SHARE * campaign.budget[currency] / price)
    n = min(SCOUTS * (campaign.degrees_of_freedom + 1), affordable)
    return n if n >= LEAST_SCOUTS else 0


def n_sent(state: CampaignState, source: str) -> int:
    """How often a source may have been sent ahead, by one team or two.

    Those of the second team run between the first two runs of the target.
    """
    campaign = state.campaign
    if source not in ladder(campaign):
        return 0
    ran = [t.proposal.source for t in _kept(state)]
    second = [n for n, name in enumerate(ran) if name == campaign.objective.source][1:2]
    before = ran[: (*second, None)[0]].count(source)
    one = n_scouts(campaign, source)
    return min(max(one, before), 2 * one)


def is_waiting(state: CampaignState, source: str) -> bool:
    """Whether a source has told enough since the target last began a run.

    What it tells next may be worth its price again and again where that is next to
    nothing; but a model is only as good as what the target last said of it, and every
    result makes it slower. So the target is run at the latest after `5 (d + 1)` results
    of it. Not so where a predictor makes early looks count.
    """
    target = state.campaign.objective.source
    if source == target or state.campaign.predictor is not None:
        return False
    run = 0
    for trial in reversed(_kept(state)):
        if trial.proposal.source == target:
            break
        run += trial.proposal.source == source
    return run >= TURN * (state.campaign.degrees_of_freedom + 1)


def sent_ahead(state: CampaignState) -> CampaignState:
    """The state as the source that is sent ahead now sees it; as it is, when none is.

    To that source it is the target, and the cheaper ones are sent ahead of it. Where
    the first run of the target is as its scout had said, others are sent out once more
    as if nothing were known: a search may end in a hollow that is not the deepest.
    """
    rungs = ladder(state.campaign)
    begun = (rungs and second_team(state, rungs[-1])) or state
    ahead = _sent_ahead(begun)
    return state if ahead is begun else ahead


def _sent_ahead(state: CampaignState) -> CampaignState:
    campaign = state.campaign
    ran = Counter(t.proposal.source for t in _kept(state))
    rungs = ladder(campaign)
    if not rungs or ran[campaign.objective.source] or _is_over(campaign, rungs, ran):
        return state
    return _sent_ahead(as_target(state, rungs[-1], rungs))


def second_team(state: CampaignState, scout: str) -> CampaignState | None:
    """What came since the first run of the target; none: no second team is out.

    Args:
        state: of the campaign.
        scout: the source that is sent ahead of the target.
    """
    campaign = state.campaign
    target = campaign.objective.source
    runs = [t for t in _kept(state) if t.proposal.source == target]
    if len(runs) != 1 or not _is_as_said(state, runs[0], scout):
        return None
    since = state.trials[state.trials.index(runs[0]) + 1 :]
    names = {t.id for t in since}
    return state.model_copy(
        update={
            "campaign": campaign.model_copy(update={"seed": campaign.seed + 1}),
            "trials": since,
            "observations": tuple(o for o in state.observations if o.trial in names),
        }
    )


def _is_as_said(state: CampaignState, run: Trial, scout: str) -> bool:
    """Whether a run of the target is what its scout had said, and not by chance."""

    def value(o: Observation) -> float:
        return to_model(state.campaign, o.observable, o.value)

    told = _told(state, scout)
    said = [value(o) for o in told if o.design == run.proposal.design]
    found = [value(o) for o in _told(state, run.proposal.source) if o.trial == run.id]
    if not said or not found or len(told) < LEAST_SCOUTS:
        return False
    return abs(found[0] - said[0]) <= AGREEMENT * stdev(value(o) for o in told)


def _is_over(campaign: Campaign, rungs: list[str], ran: Counter[str]) -> bool:
    """Whether the last of the rungs has been sent out, or their share is spent."""
    if ran[rungs[-1]] >= n_scouts(campaign, rungs[-1]):
        return True
    (currency,) = campaign.target.full_cost
    price = {name: campaign.sources[name].full_cost[currency] for name in rungs}
    spent = sum(ran[name] * price[name] for name in rungs)
    share = SCOUT_SHARE * len(rungs) * campaign.budget[currency]
    return spent + price[rungs[-1]] > share * (1 + 1e-9)


def as_target(
    state: CampaignState, source: str, sources: Sequence[str]
) -> CampaignState:
    """The campaign as if a source were the target, with some sources only."""
    campaign = state.campaign
    alone = campaign.model_copy(
        update={
            "objective": campaign.objective.model_copy(update={"source": source}),
            "sources": {name: campaign.sources[name] for name in sources},
        }
    )
    return state.model_copy(
        update={
            "campaign": alone,
            "trials": tuple(t for t in state.trials if t.proposal.source in sources),
            "observations": tuple(o for o in state.observations if o.source in sources),
        }
    )


def scouted(state: CampaignState, free: Free, scout: str) -> Design | None:
    """The best design that was scouted, of those that the target can run."""
    goal = state.campaign.objective
    best = min if goal.goal == "minimize" else max
    found = [o for o in _told(state, scout) if free.has(goal.source, key_of(o.design))]
    return best(found, key=lambda o: o.value).design if found else None


def _kept(state: CampaignState) -> list[Trial]:
    """Trials that were not called off, in their order."""
    return [t for t in state.trials if t.state not in CALLED_OFF]


def _told(state: CampaignState, source: str) -> list[Observation]:
    """What a source has said of the objective."""
    goal = state.campaign.objective
    return [
        o
        for o in state.observations
        if o.source == source and o.observable == goal.observable and not o.censored
    ]


def is_back(state: CampaignState, source: str) -> bool:
    """Whether a source has come back with anything, be it a failure."""
    seen = set(state.seen)
    return any(t.id in seen and t.proposal.source == source for t in _kept(state))
