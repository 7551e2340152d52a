"""The recommendation as the store stands: the agent asked anew, nothing written."""

from __future__ import annotations

from bigloop.contracts import Recommendation
from bigloop.db import Store
from bigloop.loop.deciders import agent_of
from bigloop.loop.sight import sight


def recommend(store: Store, campaign: str) -> Recommendation | None:
    """What the campaign's agent recommends now; none before a result at the target.

    Raises:
        NotFoundError: no such campaign, or its agent or model is not installed.
        SpecError: the champion's file is damaged.
    """
    spec = store.campaign(campaign)
    goal = spec.objective
    if not any(
        o.observable == goal.observable and o.source == goal.source
        for o in store.observations(campaign)
    ):
        return None
    return agent_of(spec).recommend(sight(store, campaign).state)
