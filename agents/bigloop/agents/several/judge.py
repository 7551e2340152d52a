"""The judge of campaigns with several objectives or with requirements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bigloop.agents.actions import Action, Free, possible
from bigloop.agents.belief import Belief, believe
from bigloop.agents.explanation import explain
from bigloop.agents.failures import failures
from bigloop.agents.guard import Guard, fit
from bigloop.agents.judge import Ranking, best_purse
from bigloop.agents.pending import pending
from bigloop.agents.pool import Pool
from bigloop.agents.scouting import is_waiting
from bigloop.agents.settled import Settled
from bigloop.agents.several.learned import Learned
from bigloop.agents.several.outputs import outputs
from bigloop.agents.several.promise import worthwhile
from bigloop.agents.several.recommendation import recommend
from bigloop.agents.several.standing import Standing, stand
from bigloop.agents.several.valuation import Valuation
from bigloop.agents.valued import Valued
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Cost,
    Decision,
    Proposal,
    Recommendation,
)


class SeveralJudge:
    """As `Judge`, by one model an output; it keeps the last that were fitted.

    Args:
        campaign: the specification.
        guard_share: part of what the target has spent that other sources may spend of
            the same before they have shown that they tell something about an output.
    """

    def __init__(self, campaign: Campaign, guard_share: float) -> None:
        self.campaign, self.guard_share = campaign, guard_share
        self.outputs = outputs(campaign)
        self._settled = [Settled() for _ in self.outputs]
        self._fitted: list[tuple[Belief, Guard] | None] = [None for _ in self.outputs]

    def recommend(self, state: CampaignState, _: Belief) -> Recommendation | None:
        """What is not beaten among the designs that keep the requirements."""
        learned = self._learn(state, is_believing=False)
        return recommend(learned, stand(learned), state.stock)

    def appraise(
        self, state: CampaignState, proposals: Sequence[Proposal], pool: Pool
    ) -> list[Decision | None]:
        """Terms and score of proposals that others made; none: not affordable."""
        left = {name: account.left for name, account in state.accounts.items()}
        valuation = self._valuation(state, pool, left)
        found: list[Decision | None] = []
        for proposal in proposals:
            valued = [valuation.told(v) for v in valuation.value([Action.of(proposal)])]
            belief = valuation.learned[0].belief
            found.append(
                explain(belief, valued, 0.0, "appraisal", state.model_version)
                if valued
                else None
            )
        return found

    def opening(
        self, state: CampaignState, _: Belief, first: Sequence[Action], left: Cost
    ) -> Ranking:
        """The actions of the opening, in their order; they are not chosen by worth."""
        opened = Pool(self.campaign, [action.design for action in first])
        valuation = self._valuation(state, opened, left)
        by_action = [v for a in first for v in valuation.value([a])]
        valued = [replace(v, gain=0.0, score=0.0) for v in by_action]
        return Ranking([valuation.told(v) for v in valued], "opening", 0.0)

    def choose(
        self,
        state: CampaignState,
        _: Belief,
        pool: Pool,
        free: Free,
        left: Cost,
        sources: Sequence[str],
    ) -> Ranking:
        """The best action that the free `sources` could do now; none: wait, or stop."""
        valuation = self._valuation(state, pool, left)
        proofs = self._proofs(state, valuation.learned, free)
        ranked = [v for v in valuation.value(proofs) if v.action.source in sources]
        rule = "proof"
        if not ranked:
            valued: list[Valued] = []
            for source, actions in possible(state, valuation.pool, free).items():
                if is_waiting(state, source):
                    continue
                if self._may_use(valuation.learned, source):
                    valued += valuation.value(actions)
            ranked = best_purse(self.campaign, valued, sources)
            rule = self._rule(valuation.standing)
        return Ranking(
            [valuation.told(ranked[0]), *ranked[1:]] if ranked else [], rule, 0.0
        )

    def _rule(self, standing: Standing) -> str:
        if not standing.front:
            return "search for a feasible design"
        return "hypervolume" if self.campaign.objectives else "feasible improvement"

    def _valuation(self, state: CampaignState, pool: Pool, left: Cost) -> Valuation:
        learned = self._learn(state, is_believing=True)
        target = self.campaign.objective.source
        coming = [
            t.proposal.design for t in state.pending if t.proposal.source == target
        ]
        standing = stand(learned, coming)
        close = worthwhile(state, learned, standing, pool)
        return Valuation(learned, standing, close, left, failures(state))

    def _may_use(self, learned: Sequence[Learned], source: str) -> bool:
        """Whether a source may be used for what it tells of one of the outputs."""
        return any(one.guard.allows(one.output.view, source) for one in learned)

    def _proofs(
        self, state: CampaignState, learned: Sequence[Learned], free: Free
    ) -> list[Action]:
        """What would put a source to the proof for the first output that lacks one."""
        for one in learned:
            seen = one.output.of(state)
            found = one.guard.proofs(seen, one.belief, free, self.guard_share)
            observing = [a for a in found if one.output.view.sources[a.source].observes]
            if observing:
                return observing
        return []

    def _learn(self, state: CampaignState, *, is_believing: bool) -> list[Learned]:
        found = []
        for number, output in enumerate(self.outputs):
            seen = output.of(state)
            belief = believe(seen)
            known = self._fitted[number]
            if known is None or known[0].data != belief.data:
                known = belief, fit(belief, self._settled[number])
                self._fitted[number] = known
            guard = known[1]
            model = guard.model
            if is_believing:
                model = model.believe(pending(belief, seen))
            found.append(
                Learned(output=output, belief=belief, guard=guard, model=model)
            )
        return found
