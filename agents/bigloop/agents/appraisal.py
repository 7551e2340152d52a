"""What the agent thinks of proposals that it did not make."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.agents.actions import Action
from bigloop.agents.belief import believe
from bigloop.agents.candidates import designs
from bigloop.agents.explanation import explain
from bigloop.agents.failures import failures
from bigloop.agents.guard import Guard, is_trusted
from bigloop.agents.pending import pending
from bigloop.agents.valuation import Valuation
from bigloop.contracts import CampaignState, Decision, Proposal, canonical_json


def appraise(
    state: CampaignState, proposals: Sequence[Proposal], guard: Guard
) -> list[Decision | None]:
    """Terms and score of each proposal, all by the same model; none: not affordable.

    A source that is not proven is valued by the model that is put to the proof, as
    the agent itself does.
    """
    belief = believe(state)
    known = {canonical_json(d): d for d in designs(state, belief)}
    known |= {canonical_json(p.design): p.design for p in proposals}
    left = {name: account.left for name, account in state.accounts.items()}
    coming, failed = pending(belief, state), failures(state)
    found: list[Decision | None] = []
    for proposal in proposals:
        trusted = guard.is_proven or is_trusted(state.campaign, proposal.source)
        model = guard.deciding if trusted else guard.probing
        among = Valuation(
            belief, model.believe(coming), list(known.values()), left, failed
        )
        action = Action(
            source=proposal.source,
            design=proposal.design,
            specimen=proposal.specimen,
            from_age=proposal.from_age,
        )
        valued = among.value([action])
        found.append(
            explain(belief, valued, guard, "appraisal", state.model_version)
            if valued
            else None
        )
    return found
