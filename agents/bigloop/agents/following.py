"""A run of another source is of use as long as one of the target can follow."""

from __future__ import annotations

from collections.abc import Callable

from bigloop.agents.actions import Action, Plan, is_early
from bigloop.contracts import Campaign, Cost

Afford = Callable[[Action, Cost], Plan | None]
"""What an action takes out of what is left; none where that does not pay for it."""


def followed(
    campaign: Campaign, action: Action, left: Cost, afford: Afford
) -> Plan | None:
    """What an action takes; none where it, or what makes it of use, is too dear.

    Only what the target has run is recommended: what another source tells is of use
    as long as the target can be paid for one more run. Not so beside a predictor, by
    whose estimates designs are recommended, too.
    """
    plan = afford(action, left)
    goal = campaign.objective.source
    is_own = action.source == goal or is_early(campaign, action.source)
    if plan is None or is_own or campaign.predictor is not None:
        return plan
    _, reserve, _ = plan
    room = {c: amount - reserve.get(c, 0.0) for c, amount in left.items()}
    follower = Action(source=goal, design=action.design)
    return None if afford(follower, room) is None else plan
