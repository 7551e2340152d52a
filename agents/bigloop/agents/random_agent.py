"""Random search at the target source: the baseline of every comparison."""

from __future__ import annotations

import random
from collections.abc import Sequence

from bigloop.agents.actions import Free, specimens
from bigloop.agents.belief import believe, recommendable
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Decision,
    Design,
    Proposal,
    Recommendation,
    Suggestion,
    Term,
    key_of,
)
from bigloop.contracts.drawing import draw


class RandomAgent:
    """Proposes uniformly drawn designs at the target source until the budget ends."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign

    def propose(
        self, state: CampaignState, sources: Sequence[str], n: int = 1
    ) -> list[Suggestion]:
        """Up to `n` random designs, when the target source is free and affordable."""
        target = self.campaign.objective.source
        if target not in sources:
            return []
        left = {name: account.left for name, account in state.accounts.items()}
        cost = self.campaign.target.full_cost
        found = []
        for number in range(len(state.trials), len(state.trials) + n):
            design = self._design(state, number)
            if design is None or any(left[c] < cost[c] for c in cost):
                break
            left = {c: left[c] - cost.get(c, 0.0) for c in left}
            found.append(self._suggestion(number, design))
        return found

    def recommend(self, state: CampaignState) -> Recommendation | None:
        """The design with the best posterior mean, as the multi-fidelity agent."""
        belief = believe(state)
        if not recommendable(belief):
            return None
        if not self.campaign.is_plain:
            from bigloop.agents.several.judge import SeveralJudge

            return SeveralJudge(self.campaign, 0.0).recommend(state, belief)
        from bigloop.agents.guard import fit
        from bigloop.agents.recommendation import recommend

        return recommend(belief, fit(belief).model, state.stock)

    def _design(self, state: CampaignState, number: int) -> Design | None:
        seed = self.campaign.seed * 100_003 + number
        if state.stock is None:
            return next(iter(draw(state.campaign, 1, seed)), None)
        free, target = (
            Free(state, specimens(state.stock)),
            self.campaign.objective.source,
        )
        designs = [
            s.design
            for s in state.stock
            if state.campaign.is_feasible(s.design)
            and free.has(target, key_of(s.design))
        ]
        return random.Random(seed).choice(designs) if designs else None

    def _suggestion(self, number: int, design: Design) -> Suggestion:
        source = self.campaign.target
        proposal = Proposal(
            campaign=self.campaign.name,
            number=number,
            source=self.campaign.objective.source,
            design=design,
            until_age=source.until_age or source.longest_age,
            seed=self.campaign.seed,
        )
        decision = Decision(
            agent="random",
            score=0.0,
            terms={"score": Term(value=0.0, note="drawn at random")},
            flips="another seed",
        )
        return Suggestion(proposal=proposal, decision=decision, cost=source.full_cost)
