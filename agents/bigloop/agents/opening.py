"""The first trials: before a model can say anything, designs are spread out."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from bigloop.agents.actions import Action, is_early, living
from bigloop.agents.belief import specimen_of
from bigloop.agents.space import encode, spread
from bigloop.contracts import (
    CALLED_OFF,
    Campaign,
    CampaignState,
    Design,
    Trial,
    canonical_json,
)

OPENING_SHARE = 0.25
"""Of the budget; what the opening may spend at the target."""


def early_source(campaign: Campaign) -> str | None:
    """The source that opens specimens for the predictor, if there is one."""
    return next((name for name in campaign.sources if is_early(campaign, name)), None)


def n_labels(campaign: Campaign) -> int:
    """Measured ends that a predictor needs before its estimates are used."""
    return 1 + len(campaign.predictor.early) if campaign.predictor else 0


def n_spread(campaign: Campaign) -> int:
    """Designs that are run at the target before a model decides: `d + 1`.

    Two, or as many as a part of the budget pays for, when that is less: in many
    dimensions a dear target would else use up what the model is to decide about.
    """
    affordable = min(
        (
            int(OPENING_SHARE * campaign.budget[currency] / amount)
            for currency, amount in campaign.target.full_cost.items()
        ),
        default=0,
    )
    return min(len(campaign.parameters) + 1, max(2, affordable))


def opening(
    state: CampaignState, designs: Sequence[Design], actions: dict[str, list[Action]]
) -> list[Action] | None:
    """The actions that the opening allows; none when it is over, empty to wait.

    With a predictor, `2 (d + 1)` specimens are looked at early, then those with the
    most different early observables are run to their end, once all are known: they fix
    the predictor's slope best (D-optimality). Without one, `n_spread` designs run at
    the target.
    """
    campaign = state.campaign
    d = len(campaign.parameters)
    early = early_source(campaign)
    ran = [t for t in state.trials if t.state not in CALLED_OFF]
    started = {t.proposal.source: 0 for t in ran}
    for trial in ran:
        started[trial.proposal.source] += 1
    if early is None:
        target = campaign.objective.source
        if started.get(target, 0) < n_spread(campaign):
            return _spread(state, designs, actions[target])
        return None
    if started.get(early, 0) < 2 * (d + 1):
        return _spread(state, designs, actions[early])
    return _labels(state, actions)


def _spread(
    state: CampaignState, designs: Sequence[Design], actions: list[Action]
) -> list[Action]:
    fresh = {canonical_json(a.design): a for a in actions if a.specimen is None}
    if not fresh:
        return []
    points = encode(state.campaign, designs)
    keys = [canonical_json(design) for design in designs]
    used = {canonical_json(t.proposal.design) for t in state.trials}
    chosen = [i for i, key in enumerate(keys) if key in used]
    for index in spread(points, chosen, len(keys), state.campaign.seed):
        if keys[index] in fresh:
            return [fresh[keys[index]]]
    return list(fresh.values())[:1]


def _labels(
    state: CampaignState, actions: dict[str, list[Action]]
) -> list[Action] | None:
    """Specimens to run to their end so that the predictor can learn."""
    campaign = state.campaign
    target = campaign.objective.source
    labelled = _labelled(state)
    if n_labels(campaign) <= len(labelled):
        pending = {t.id for t in state.pending}
        if sum(t.id not in pending for t in labelled) >= n_labels(campaign):
            return None
        return None if not pending else []
    if any(is_early(campaign, t.proposal.source) for t in state.pending):
        return []
    alive = living(state)
    going = [a for a in actions[target] if a.specimen in alive]
    if not going:
        return None if not state.pending else []
    features = _early_values(state)
    known = [specimen_of(t) for t in labelled]
    names = [a.specimen or "" for a in going if a.specimen in features]
    if not names:
        return going[:1]
    every = sorted(features)
    points = torch.tensor([features[name] for name in every], dtype=torch.float64)
    points = (points - points.mean(0)) / points.std(0).clamp_min(1e-9)
    chosen = [every.index(name) for name in known if name in features]
    if not chosen:
        center = points - points.mean(0)
        order = center.square().sum(-1).argsort(descending=True).tolist()
    else:
        order = spread(points, chosen, len(every), campaign.seed)
    best = next((every[i] for i in order if every[i] in names), names[0])
    return [a for a in going if a.specimen == best]


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
