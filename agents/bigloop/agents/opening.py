"""The first trials: before a model can say anything, designs stand for the space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bigloop.agents.actions import Action, Free, continued, is_early, living
from bigloop.agents.belief import specimen_of
from bigloop.agents.pool import Pool
from bigloop.agents.scouting import is_back, ladder, scouted, second_team
from bigloop.agents.space import Points, covering, points_of, spread
from bigloop.contracts import (
    CALLED_OFF,
    Campaign,
    CampaignState,
    Trial,
)


def early_source(campaign: Campaign) -> str | None:
    """The source that opens specimens for the predictor, if there is one."""
    return next((name for name in campaign.sources if is_early(campaign, name)), None)


def n_labels(campaign: Campaign) -> int:
    """Measured ends that a predictor needs before its estimates are used."""
    return 1 + len(campaign.predictor.early) if campaign.predictor else 0


def opening(state: CampaignState, pool: Pool, free: Free) -> list[Action] | None:
    """The actions that the opening allows; none when it is over, empty to wait.

    With a predictor, `2 (d + 1)` specimens are looked at early, then those with the
    most different early observables are run to their end, once all are known: they fix
    the predictor's slope best (D-optimality). Without one, the target runs the design
    that stands for most of the space, and the next such while nothing has come back: of
    one result a model makes more than a plan does of many. Where a cheap source shows
    the objective, it is sent ahead (`scouting`); then the target runs its best design,
    and that of a second team, where that is better.
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
    target = campaign.objective.source
    rungs = ladder(campaign)
    if is_back(state, target):
        return _second(state, free, rungs[-1]) if rungs else None
    if rungs and not started.get(target):
        if any(t.proposal.source == rungs[-1] for t in state.pending):
            return []
        if best := scouted(state, free, rungs[-1]):
            return [Action(source=target, design=best)]
    return _amid(state, pool, free, target)


def _second(state: CampaignState, free: Free, scout: str) -> list[Action] | None:
    """The best of a second team, once all are back, if it is the best of both."""
    since = second_team(state, scout)
    if since is None or not is_back(since, scout):
        return None
    if any(t.proposal.source == scout for t in state.pending):
        return []
    best = scouted(state, free, scout)
    if best is None or best != scouted(since, free, scout):
        return None
    return [Action(source=state.campaign.objective.source, design=best)]


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
