"""What the agent thinks of proposals that it did not make."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.agents.actions import Action
from bigloop.agents.belief import Belief
from bigloop.agents.candidates import worthwhile
from bigloop.agents.explanation import explain
from bigloop.agents.failures import failures
from bigloop.agents.guard import Guard
from bigloop.agents.pending import pending
from bigloop.agents.pool import Pool
from bigloop.agents.valuation import Valuation
from bigloop.contracts import CampaignState, Decision, Proposal


def appraise(
    state: CampaignState,
    proposals: Sequence[Proposal],
    belief: Belief,
    guard: Guard,
    pool: Pool,
) -> list[Decision | None]:
    """Terms and score of each proposal, all by the same model; none: not affordable.

    Args:
        state: of the campaign.
        proposals: what others made.
        belief: the data of the state.
        guard: the models fitted to it.
        pool: where the agent looks.
    """
    left = {name: account.left for name, account in state.accounts.items()}
    coming, failed = pending(belief, state), failures(state)
    model = guard.model.believe(coming)
    close = worthwhile(state, belief, model, pool)
    made = [p.design for p in proposals]
    known = Pool(state.campaign, [*close.designs, *made])
    among = Valuation(belief, model, known, left, failed, guard.is_led)
    found: list[Decision | None] = []
    for proposal in proposals:
        valued = among.value([Action.of(proposal)])
        found.append(
            explain(belief, valued, guard.log_odds, "appraisal", state.model_version)
            if valued
            else None
        )
    return found
