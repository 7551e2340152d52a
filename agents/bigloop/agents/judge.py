"""What fitted models make of a state: which action is worth most, what to recommend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from bigloop.agents.actions import Action, Free, possible
from bigloop.agents.appraisal import appraise
from bigloop.agents.belief import Belief, believe
from bigloop.agents.candidates import worthwhile
from bigloop.agents.closing import closing
from bigloop.agents.failures import failures
from bigloop.agents.guard import Guard, fit
from bigloop.agents.pending import pending
from bigloop.agents.pool import Pool
from bigloop.agents.recommendation import recommend
from bigloop.agents.scouting import is_waiting
from bigloop.agents.settled import Settled
from bigloop.agents.valuation import Valuation
from bigloop.agents.valued import Valued
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Cost,
    Decision,
    Proposal,
    Recommendation,
)


class Ranking(NamedTuple):
    """Actions, best first, the rule that ranked them, and the guard's log odds."""

    ranked: list[Valued]
    rule: str
    log_odds: float


class Judge:
    """The part of the agent that needs models; it keeps the last that were fitted.

    Args:
        campaign: the specification.
        guard_share: part of what the target has spent that other sources may spend of
            the same before they have shown that they tell something about the target.
    """

    def __init__(self, campaign: Campaign, guard_share: float) -> None:
        self.campaign, self.guard_share = campaign, guard_share
        self._fitted: tuple[Belief, Guard] | None = None
        self._settled = Settled()

    def recommend(self, state: CampaignState, belief: Belief) -> Recommendation:
        """The design with the best posterior mean at the target fidelity."""
        return recommend(belief, self._fit(belief).model, state.stock)

    def appraise(
        self, state: CampaignState, proposals: Sequence[Proposal], pool: Pool
    ) -> list[Decision | None]:
        """Terms and score of proposals that others made."""
        belief = believe(state)
        return appraise(state, proposals, belief, self._fit(belief), pool)

    def opening(
        self, state: CampaignState, belief: Belief, first: Sequence[Action], left: Cost
    ) -> Ranking:
        """The actions of the opening, in their order; they are not chosen by worth."""
        guard = self._fit(belief)
        model = guard.model.believe(pending(belief, state))
        opened = Pool(self.campaign, [action.design for action in first])
        valuation = Valuation(belief, model, opened, left, failures(state))
        valued = [replace(v, gain=0.0, score=0.0) for v in valuation.value(first)]
        return Ranking(valued, "opening", guard.log_odds)

    def choose(
        self,
        state: CampaignState,
        belief: Belief,
        pool: Pool,
        free: Free,
        left: Cost,
        sources: Sequence[str],
    ) -> Ranking:
        """The best action that the free `sources` could do now; none: wait, or stop."""
        guard = self._fit(belief)
        coming, failed = pending(belief, state), failures(state)
        model = guard.model.believe(coming)
        pool = worthwhile(state, belief, model, pool)
        actions = possible(state, pool, free)
        valuation = Valuation(belief, model, pool, left, failed, guard.is_led)
        proofs = guard.proofs(state, belief, free, self.guard_share)
        ranked = [v for v in valuation.value(proofs) if v.action.source in sources]
        if ranked:
            return Ranking(ranked, "proof", guard.log_odds)
        valued: list[Valued] = []
        for name, group in actions.items():
            if guard.allows(self.campaign, name) and not is_waiting(state, name):
                valued += valuation.value(group)
        ranked = best_purse(self.campaign, valued, sources)
        if ranked:
            target = actions[self.campaign.objective.source]
            last = closing(state, belief, model, valuation, ranked[0], target)
            if last is not None:
                last = [v for v in last if v.action.source in sources]
                return Ranking(last, "closing", guard.log_odds)
        rule = "improvement" if guard.is_led else "knowledge gradient"
        return Ranking(ranked, rule, guard.log_odds)

    def _fit(self, belief: Belief) -> Guard:
        """The models of a belief; kept for the next call, which often has the same."""
        known = self._fitted
        if known is None or _differs(known[0], belief):
            self._fitted = belief, fit(belief, self._settled)
            return self._fitted[1]
        return known[1]


def _differs(known: Belief, belief: Belief) -> bool:
    """Whether there are other data, or a source more."""
    return known.data != belief.data or len(known.center) != len(belief.center)


def best_purse(
    campaign: Campaign, valued: list[Valued], sources: Sequence[str]
) -> list[Valued]:
    """Actions of the purse to spend from, best first; empty: better to wait.

    Sources that share a currency share a purse: a free source does not get a trial
    while a busy one of the same purse would use the budget better.
    """
    best: list[Valued] = []
    for purse in purses(campaign):
        group = sorted(
            (v for v in valued if v.action.source in purse), key=lambda v: -v.score
        )
        if not group or group[0].score <= 0 or group[0].action.source not in sources:
            continue
        if not best or group[0].score > best[0].score:
            best = group
    return best


def purses(campaign: Campaign) -> list[set[str]]:
    """Sources grouped by the currencies that they share."""
    groups: list[tuple[set[str], set[str]]] = []
    for name, source in campaign.sources.items():
        currencies = {*source.cost, *source.cost_per_age}
        names = {name}
        rest = []
        for other_names, other in groups:
            if other & currencies:
                names |= other_names
                currencies |= other
            else:
                rest.append((other_names, other))
        groups = [*rest, (names, currencies)]
    return [names for names, _ in groups]
