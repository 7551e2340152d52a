"""The recommendation as the store stands: the agent asked anew, nothing written."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.contracts import (
    TERMINAL,
    Agent,
    Campaign,
    Estimate,
    ModelVersion,
    Recommendation,
    Trial,
    plugins,
)
from bigloop.db import Store
from bigloop.loop.timeline import Timeline


def recommend(store: Store, campaign: str) -> Recommendation | None:
    """What the campaign's agent recommends now; none before a result at the target.

    Raises:
        NotFoundError: no such campaign, or its agent or model is not installed.
        SpecError: the champion's file is damaged.
    """
    spec = store.campaign(campaign)
    line = _line(spec, store.trials(campaign))
    seen = tuple(line.seen)
    state = line.view(store.state(campaign, seen))
    measured = any(
        o.observable == spec.objective.observable and o.source == spec.objective.source
        for o in state.observations
    )
    if not measured:
        return None
    champion = store.champion(campaign)
    state = state.model_copy(
        update={
            "estimates": _estimates(store, champion, seen),
            "model_version": None if champion is None else champion.id,
        }
    )
    agent: Agent = plugins.load("agents", spec.agent)(spec, **spec.agent_options)
    return agent.recommend(state)


def _line(spec: Campaign, trials: Sequence[Trial]) -> Timeline:
    """The order of a loop that has taken in everything that ended."""
    line = Timeline.of(spec, trials)
    for trial in sorted(line.open(trials), key=line.due_s):
        if trial.state in TERMINAL:
            line.take_in(trial)
    return line


def _estimates(
    store: Store, champion: ModelVersion | None, seen: tuple[str, ...]
) -> tuple[Estimate, ...]:
    if champion is None:
        return ()
    from bigloop.models.training import estimates

    spec = store.campaign(champion.campaign)
    snapshot = store.snapshot(champion.campaign, seen)
    return tuple(estimates(spec, champion, snapshot))
