"""The agent: knowledge gradient per cost over designs, sources and specimens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bigloop.agents.actions import Free, possible, specimens
from bigloop.agents.appraisal import appraise
from bigloop.agents.belief import TARGET, Belief, believe
from bigloop.agents.candidates import anywhere, worthwhile
from bigloop.agents.closing import closing
from bigloop.agents.explanation import explain
from bigloop.agents.failures import failures
from bigloop.agents.guard import Guard, fit, is_trusted
from bigloop.agents.opening import opening
from bigloop.agents.pending import pending
from bigloop.agents.pool import Key, Pool
from bigloop.agents.recommendation import recommend
from bigloop.agents.settled import Settled
from bigloop.agents.valuation import Valuation, Valued
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Decision,
    Proposal,
    Recommendation,
    Stock,
    Suggestion,
    Trial,
    TrialState,
)
from bigloop.models.threads import one_thread


class MultiFidelityAgent:
    """Chooses the action whose result is worth most per share of its budget.

    A pure function of the state: it keeps nothing between calls but a cache.

    Args:
        campaign: the specification; its seed fixes every random sequence.
        guard_share: part of the budget that sources cheaper than the target may use
            before they have shown that they tell something about the target.
    """

    def __init__(self, campaign: Campaign, *, guard_share: float = 0.1) -> None:
        self.campaign = campaign
        self.guard_share = guard_share
        self._fitted: tuple[Belief, Guard] | None = None
        self._settled = Settled()
        self._stock: tuple[Sequence[Stock], Pool, Mapping[Key, int]] | None = None

    def propose(
        self, state: CampaignState, sources: Sequence[str], n: int = 1
    ) -> list[Suggestion]:
        """Up to `n` suggestions for the free `sources`; empty: wait, or stop."""
        found: list[Suggestion] = []
        with one_thread():
            for _ in range(n):
                suggestion = self._next(state, sources)
                if suggestion is None:
                    break
                found.append(suggestion)
                state = _with(state, suggestion)
        return found

    def recommend(self, state: CampaignState) -> Recommendation | None:
        """The design with the best posterior mean at the target fidelity."""
        belief = believe(state)
        if not any(d.channel == TARGET for d in belief.data):
            return None
        with one_thread():
            return recommend(belief, self._fit(belief).deciding, state.stock)

    def appraise(
        self, state: CampaignState, proposals: Sequence[Proposal]
    ) -> list[Decision | None]:
        """What the agent thinks of proposals that others made; it decides nothing.

        Each is valued as the agent values its own, among the designs that it would
        recommend from and these; none where what is left does not pay for it.
        """
        with one_thread():
            belief = believe(state)
            guard = self._fit(belief)
            pool, _ = self._designs(state)
            return appraise(state, proposals, belief, guard, pool)

    def _fit(self, belief: Belief) -> Guard:
        """The models of a belief; kept for the next call, which often has the same."""
        if self._fitted is None or self._fitted[0].data != belief.data:
            self._fitted = belief, fit(belief, self._settled)
        return self._fitted[1]

    def _designs(self, state: CampaignState) -> tuple[Pool, Mapping[Key, int] | None]:
        """Where to look, and the fresh specimens; a stock is looked at once."""
        stock = state.stock
        if stock is None:
            return anywhere(state), None
        if self._stock is None or self._stock[0] is not stock:
            feasible = (s.design for s in stock if self.campaign.is_feasible(s.design))
            pool = Pool(self.campaign, feasible)
            self._stock = stock, pool, specimens(stock) or {}
        return self._stock[1:]

    def _next(self, state: CampaignState, sources: Sequence[str]) -> Suggestion | None:
        left = {name: account.left for name, account in state.accounts.items()}
        belief = believe(state)
        pool, fresh = self._designs(state)
        free = Free(state, fresh)
        guard = self._fit(belief)
        coming, failed = pending(belief, state), failures(state)
        model = guard.deciding.believe(coming)
        first = opening(state, pool, free)
        if first is not None:
            opened = Pool(self.campaign, [action.design for action in first])
            ranked = Valuation(belief, model, opened, left, failed).value(first)
            ranked = [v for v in ranked if v.action.source in sources]
            return self._suggest(state, belief, ranked, guard, "opening")
        pool = worthwhile(state, belief, model, pool)
        actions = possible(state, pool, free)
        valuation = Valuation(belief, model, pool, left, failed)
        probing = valuation
        if guard.probing is not guard.deciding:
            rival = guard.probing.believe(coming)
            probing = Valuation(belief, rival, pool, left, failed)
        proofs = guard.proofs(state, belief, free, self.guard_share)
        ranked = [v for v in probing.value(proofs) if v.action.source in sources]
        if ranked:
            return self._suggest(state, belief, ranked, guard, "proof")
        valued: list[Valued] = []
        for name, group in actions.items():
            if guard.allows(self.campaign, name):
                by = valuation if is_trusted(self.campaign, name) else probing
                valued += by.value(group)
        ranked = _best_purse(self.campaign, valued, sources)
        if ranked:
            target = actions[self.campaign.objective.source]
            last = closing(state, belief, model, valuation, ranked[0], target)
            if last is not None:
                last = [v for v in last if v.action.source in sources]
                return self._suggest(state, belief, last, guard, "closing")
        return self._suggest(state, belief, ranked, guard, "knowledge gradient")

    def _suggest(
        self,
        state: CampaignState,
        belief: Belief,
        ranked: list[Valued],
        guard: Guard,
        rule: str,
    ) -> Suggestion | None:
        if not ranked:
            return None
        best = ranked[0]
        proposal = Proposal(
            campaign=self.campaign.name,
            number=len(state.trials),
            source=best.action.source,
            design=best.action.design,
            specimen=best.action.specimen,
            from_age=best.action.from_age,
            until_age=best.until_age,
            seed=self.campaign.seed,
        )
        decision = explain(belief, ranked, guard, rule, state.model_version)
        return Suggestion(proposal=proposal, decision=decision, cost=best.reserve)


def _with(state: CampaignState, suggestion: Suggestion) -> CampaignState:
    """The state in which a suggestion is on its way."""
    epoch = datetime.fromtimestamp(0, UTC)
    trial = Trial(
        id=suggestion.proposal.id,
        campaign=state.campaign.name,
        proposal=suggestion.proposal,
        state=TrialState.PROPOSED,
        reserved=suggestion.cost,
        created_at=epoch,
        updated_at=epoch,
    )
    accounts = {
        name: account.model_copy(
            update={"reserved": account.reserved + suggestion.cost.get(name, 0.0)}
        )
        for name, account in state.accounts.items()
    }
    return state.model_copy(
        update={"trials": (*state.trials, trial), "accounts": accounts}
    )


def _best_purse(
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
