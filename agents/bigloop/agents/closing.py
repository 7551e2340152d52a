"""The last trials: what will be recommended is measured at the target."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.agents.actions import Action
from bigloop.agents.belief import Belief
from bigloop.agents.recommendation import best_tried
from bigloop.agents.source_model import SourceModel
from bigloop.agents.valuation import Valuation
from bigloop.agents.valued import Valued
from bigloop.contracts import CampaignState, Cost


def closing(
    state: CampaignState,
    belief: Belief,
    model: SourceModel,
    valuation: Valuation,
    chosen: Valued,
    actions: Sequence[Action],
) -> list[Valued] | None:
    """The confirmation of the incumbent, when `chosen` would leave no budget for it.

    Predictions and cheap sources say where to look; a recommendation should rest on at
    least one result of the target itself. The reserve of that trial is kept back, and
    spent when nothing else fits beside it.

    Returns:
        None while there is room, or when it is measured or being measured.
    """
    if not any(d.is_estimate for d in belief.data):
        return None
    campaign = state.campaign
    incumbent = best_tried(belief, model)
    target = campaign.objective.source
    if incumbent is None or belief.count(incumbent, is_estimate=False):
        return None
    if any(
        t.proposal.source == target and t.proposal.design == incumbent
        for t in state.pending
    ):
        return None
    confirming = [a for a in actions if a.source == target and a.design == incumbent]
    ranked = sorted(valuation.value(confirming), key=lambda v: v.share)
    if not ranked:
        return None
    kept = ranked[0].reserve
    room = _room(state, valuation)
    fits = all(
        room[c] - chosen.reserve.get(c, 0.0) >= amount for c, amount in kept.items()
    )
    return None if fits else ranked


def _room(state: CampaignState, valuation: Valuation) -> Cost:
    """What is left, with what pending trials are expected to give back."""
    room = dict(valuation.left)
    for trial in state.pending:
        proposal = trial.proposal
        source = state.campaign.sources[proposal.source]
        if source.until_age is not None or proposal.until_age is None:
            continue
        action = Action.of(proposal)
        ends = min(valuation.life(action)[0], proposal.until_age)
        for currency, amount in source.cost_of(ends, proposal.until_age).items():
            room[currency] += amount - source.cost.get(currency, 0.0)
    return room
