"""The recommendation as the store stands: the agent asked anew, nothing written."""

from __future__ import annotations

from collections.abc import Iterable

from bigloop.contracts import (
    Agent,
    Estimate,
    ModelVersion,
    Recommendation,
    Trial,
    plugins,
)
from bigloop.db import Store


def recommend(store: Store, campaign: str) -> Recommendation | None:
    """What the campaign's agent recommends now; none before a result at the target.

    Raises:
        NotFoundError: no such campaign, or its agent or model is not installed.
        SpecError: the champion's file is damaged.
    """
    spec = store.campaign(campaign)
    seen = taken_in(store.trials(campaign))
    state = store.state(campaign, seen)
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


def taken_in(trials: Iterable[Trial]) -> tuple[str, ...]:
    """Trials with an outcome: in the order in which the agent saw them, then the rest.

    The order decides among equal numbers only, but it makes the answer that of a loop
    which had taken in everything.
    """
    listed = list(trials)
    ended = {trial.id for trial in listed if trial.outcome is not None}
    order: dict[str, None] = {}
    for trial in listed:
        for name in trial.decision.seen if trial.decision else ():
            order[name] = None
    for trial in listed:
        order[trial.id] = None
    return tuple(name for name in order if name in ended)


def _estimates(
    store: Store, champion: ModelVersion | None, seen: tuple[str, ...]
) -> tuple[Estimate, ...]:
    if champion is None:
        return ()
    from bigloop.models.training import estimates

    spec = store.campaign(champion.campaign)
    snapshot = store.snapshot(champion.campaign, seen)
    return tuple(estimates(spec, champion, snapshot))
