"""The first trials: before a model can say anything, designs stand for the space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bigloop.agents.actions import Action, Free, continued, is_early, living
from bigloop.agents.belief import specimen_of
from bigloop.agents.pool import Pool
from bigloop.agents.space import Points, covering, points_of, spread
from bigloop.contracts import (
    CALLED_OFF,
    Campaign,
    CampaignState,
    Trial,
    key_of,
)

CONTRAST_SHARE = 0.25
"""Of the budget; what the target may spend on putting a scout to the proof."""
SCOUT_SHARE, SCOUT_PRICE = 0.05, 0.25
"""Of the budget, what scouting may cost; and a scout, of the target's price."""
N_PROOF = 4
"""Values of the target, and of cheap sources, that a comparison of them needs.

With two or three, values that were standardised by themselves are predicted badly from
one another, and anything that knows of both looks like a proof, noise too.
"""


def early_source(campaign: Campaign) -> str | None:
    """The source that opens specimens for the predictor, if there is one."""
    return next((name for name in campaign.sources if is_early(campaign, name)), None)


def n_labels(campaign: Campaign) -> int:
    """Measured ends that a predictor needs before its estimates are used."""
    return 1 + len(campaign.predictor.early) if campaign.predictor else 0


def n_contrast(campaign: Campaign) -> int:
    """Designs of a scout that are run at the target before a model decides.

    As many as a comparison needs, `d + 1` at most; two, or as many as a part of the
    budget pays for, when that is less.
    """
    affordable = min(
        (
            int(CONTRAST_SHARE * campaign.budget[currency] / amount)
            for currency, amount in campaign.target.full_cost.items()
        ),
        default=0,
    )
    return min(N_PROOF, campaign.degrees_of_freedom + 1, max(2, affordable))


def opening(state: CampaignState, pool: Pool, free: Free) -> list[Action] | None:
    """The actions that the opening allows; none when it is over, empty to wait.

    With a predictor, `2 (d + 1)` specimens are looked at early, then those with the
    most different early observables are run to their end, once all are known: they fix
    the predictor's slope best (D-optimality). Without one, the target runs the design
    that stands for most of the space, and the next such while nothing has come back: of
    one result a model makes more than a plan does of many. Where a cheap source shows
    the objective, it is sent ahead, and the target run where that tells most about it.
    """
    campaign = state.campaign
    d = campaign.degrees_of_freedom
    early = early_source(campaign)
    ran = [
        t
        for t in state.trials
        if t.state not in CALLED_OFF and not state.is_superseded(t)
    ]
    started = {t.proposal.source: 0 for t in ran}
    for trial in ran:
        started[trial.proposal.source] += 1
    if early is None:
        return _first(state, pool, free, started)
    if started.get(early, 0) < 2 * (d + 1):
        return _apart(state, pool, free, early)
    return _labels(state)


def _first(
    state: CampaignState, pool: Pool, free: Free, started: Mapping[str, int]
) -> list[Action] | None:
    """The opening without a predictor."""
    campaign = state.campaign
    target, n = campaign.objective.source, started.get(campaign.objective.source, 0)
    scout = scouting_source(campaign)
    if scout is None:
        return None if _is_back(state, target) else _amid(state, pool, free, target)
    if n >= n_contrast(campaign):
        return None
    if n == 0 and started.get(scout, 0) < n_scouts(campaign, scout):
        return _amid(state, pool, free, scout)
    chosen = scouted(state, free, scout, n)
    return _amid(state, pool, free, target) if chosen is None else chosen


def _is_back(state: CampaignState, source: str) -> bool:
    """Whether a source has come back with anything, be it a failure."""
    seen = set(state.seen)
    return any(
        t.id in seen and t.proposal.source == source and t.state not in CALLED_OFF
        for t in state.trials
    )


def scouting_source(campaign: Campaign) -> str | None:
    """The cheapest source that shows the objective itself for a part of the price.

    None where more than one observable decides: it may be right in one alone.
    """
    if not campaign.is_plain:
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
    """Designs that it is sent to: `2 (d + 1)`, or as many as a part of the budget pays.

    None when that is too few to choose from.
    """
    ((currency, price),) = campaign.sources[scout].full_cost.items()
    affordable = int(SCOUT_SHARE * campaign.budget[currency] / price)
    n = min(2 * (campaign.degrees_of_freedom + 1), affordable)
    return n if n > N_PROOF else 0


def scouted(
    state: CampaignState, free: Free, scout: str, number: int
) -> list[Action] | None:
    """Where the target is run first: the best that was scouted, and some for contrast.

    In turn the best, the middle one, the second best and one of the worse: enough of a
    range to see whether the scout is right. Empty to wait for the scout; none when it
    has not come back with enough.
    """
    campaign = state.campaign
    goal = campaign.objective
    if any(t.proposal.source == scout for t in state.pending):
        return []
    sign = -1.0 if goal.goal == "minimize" else 1.0
    values = {
        key_of(o.design): (sign * o.value, o.design)
        for o in state.observations
        if o.source == scout and o.observable == goal.observable and not o.censored
    }
    if len(values) < N_PROOF:
        return None
    ranked = sorted(values, key=lambda key: (-values[key][0], sorted(key)))
    n = len(ranked)
    order = [ranked[i] for i in (0, n // 2, 1, (3 * n) // 4)]
    for key in [*order[number:], *ranked]:
        if free.has(goal.source, key):
            return [Action(source=goal.source, design=values[key][1])]
    return None


def _left(pool: Pool, free: Free, source: str) -> list[int]:
    return [i for i, key in enumerate(pool.keys) if free.has(source, key)]


def _used(state: CampaignState) -> Points:
    return points_of(state.campaign, [t.proposal.design for t in state.trials])


def _apart(state: CampaignState, pool: Pool, free: Free, source: str) -> list[Action]:
    """A new specimen as unlike all others as can be; none when nothing is free.

    A predictor's slope is fixed best by extremes.
    """
    if not (left := _left(pool, free, source)):
        return []
    used = _used(state)
    points = np.concatenate([used, pool.points[left]])
    (farthest,) = spread(points, range(len(used)), 1, state.campaign.seed)
    return [Action(source=source, design=pool.designs[left[farthest - len(used)]])]


def _amid(state: CampaignState, pool: Pool, free: Free, source: str) -> list[Action]:
    """A new specimen that stands for most of the space; none when nothing is free."""
    if not (left := _left(pool, free, source)):
        return []
    best = left[covering(pool.points[left], _used(state), state.campaign.seed)]
    return [Action(source=source, design=pool.designs[best])]


def _labels(state: CampaignState) -> list[Action] | None:
    """Specimens to run to their end so that the predictor can learn."""
    campaign = state.campaign
    labelled = _labelled(state)
    if n_labels(campaign) <= len(labelled):
        pending = {t.id for t in state.pending}
        if sum(t.id not in pending for t in labelled) >= n_labels(campaign):
            return None
        return None if not pending else []
    if any(is_early(campaign, t.proposal.source) for t in state.pending):
        return []
    alive = living(state)
    going = [a for a in continued(state) if a.specimen in alive]
    if not going:
        return None if not state.pending else []
    features = _early_values(state)
    known = [specimen_of(t) for t in labelled]
    names = [a.specimen or "" for a in going if a.specimen in features]
    if not names:
        return going[:1]
    every = sorted(features)
    points = _standardised(np.array([features[name] for name in every]))
    chosen = [every.index(name) for name in known if name in features]
    if not chosen:
        far = np.square(points).sum(axis=-1)
        order = np.argsort(-far, kind="stable").tolist()
    else:
        order = spread(points, chosen, len(every), campaign.seed)
    best = next((every[i] for i in order if every[i] in names), names[0])
    return [a for a in going if a.specimen == best]


def _standardised(values: Points) -> Points:
    """Columns of `n x d` with mean 0 and standard deviation 1."""
    sd = values.std(axis=0, ddof=1) if len(values) > 1 else np.ones(values.shape[1])
    return np.asarray((values - values.mean(axis=0)) / np.maximum(sd, 1e-9))


def _labelled(state: CampaignState) -> list[Trial]:
    """Trials that have measured, or may yet measure, the end of a specimen."""
    target = state.campaign.objective
    ends = {
        o.trial
        for o in state.observations
        if o.observable == target.observable and not o.censored
    }
    pending = {t.id for t in state.pending}
    return [
        t
        for t in state.trials
        if t.proposal.source == target.source and (t.id in ends or t.id in pending)
    ]


def _early_values(state: CampaignState) -> dict[str, list[float]]:
    """Early observables of every specimen that has all of them."""
    campaign = state.campaign
    early = campaign.predictor.early if campaign.predictor else ()
    found: dict[str, dict[str, float]] = {}
    for o in state.observations:
        if o.observable in early and o.specimen is not None:
            found.setdefault(o.specimen, {})[o.observable] = o.value
    return {
        name: [values[e] for e in early]
        for name, values in found.items()
        if len(values) == len(early)
    }
