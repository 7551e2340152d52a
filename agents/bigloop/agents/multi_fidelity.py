"""The agent: value per cost over designs, sources and specimens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from bigloop.agents.actions import Free, specimens
from bigloop.agents.batches import unnamed
from bigloop.agents.belief import Belief, believe, recommendable
from bigloop.agents.explanation import explain
from bigloop.agents.opening import opening
from bigloop.agents.pool import Pool, anywhere
from bigloop.agents.scouting import sent_ahead
from bigloop.agents.unmeasured import by_prior, is_unmeasured
from bigloop.agents.valued import Valued
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Decision,
    Key,
    Limit,
    Proposal,
    Recommendation,
    Stock,
    Suggestion,
    Trial,
    TrialState,
)

if TYPE_CHECKING:
    from bigloop.agents.judge import Judge
    from bigloop.agents.several.judge import SeveralJudge


class _Listed(NamedTuple):
    """What a stock and the limits leave to choose from, and the fresh specimens."""

    stock: Sequence[Stock]
    limits: Mapping[str, Limit]
    pool: Pool
    fresh: Mapping[Key, int]


class MultiFidelityAgent:
    """Chooses the action whose result is worth most per share of its budget.

    A pure function of the state: it keeps nothing between calls but a cache. Before
    there is anything to learn from it needs no model, and loads no torch.

    Args:
        campaign: the specification; its seed fixes every random sequence.
        guard_share: part of what the target has spent that other sources may spend of
            the same before they have shown that they tell something about the target.
        batches: whether what a batch shares is told from the merit of its designs;
            false where it is to count as theirs, as when the specimens at hand are all
            that there will ever be.
    """

    def __init__(
        self, campaign: Campaign, *, guard_share: float = 0.05, batches: bool = True
    ) -> None:
        self.campaign = campaign
        self.guard_share, self.batches = guard_share, batches
        self._judges: dict[str, Judge | SeveralJudge] = {}
        self._stock: _Listed | None = None

    def propose(
        self, state: CampaignState, sources: Sequence[str], n: int = 1
    ) -> list[Suggestion]:
        """Up to `n` suggestions for the free `sources`; empty: wait, or stop."""
        state = self._told(state)
        found: list[Suggestion] = []
        for _ in range(n):
            suggestion = self._next(state, sources)
            if suggestion is None:
                break
            found.append(suggestion)
            state = _with(state, suggestion)
        return found

    def recommend(self, state: CampaignState) -> Recommendation | None:
        """The design with the best posterior mean at the target fidelity."""
        state = self._told(state)
        belief = believe(state)
        if not recommendable(belief):
            return None
        with self._judge(self.campaign) as judge:
            return judge.recommend(state, belief)

    def appraise(
        self, state: CampaignState, proposals: Sequence[Proposal]
    ) -> list[Decision | None]:
        """What the agent thinks of proposals that others made; it decides nothing.

        Each is valued as the agent values its own, among the designs that it would
        recommend from and these; none where what is left does not pay for it.
        """
        state = self._told(state)
        with self._judge(self.campaign) as judge:
            return judge.appraise(state, proposals, self._designs(state)[0])

    def _told(self, state: CampaignState) -> CampaignState:
        """What it looks at of a state."""
        return state if self.batches else unnamed(state)

    @contextmanager
    def _judge(self, campaign: Campaign) -> Iterator[Judge | SeveralJudge]:
        """What needs models, on one core: imported when it is first asked.

        One for each source that is looked at as the target.
        """
        from bigloop.models.threads import one_thread

        goal = campaign.objective.source
        if goal not in self._judges:
            self._judges[goal] = _judge_of(campaign, self.guard_share)
        with one_thread():
            yield self._judges[goal]

    def _designs(self, state: CampaignState) -> tuple[Pool, Mapping[Key, int] | None]:
        """Where to look, and the fresh specimens; a stock is looked at once."""
        stock = state.stock
        if stock is None:
            return anywhere(state), None
        campaign = state.campaign
        known = self._stock
        if known is None or known.stock is not stock or known.limits != campaign.limits:
            feasible = (s.design for s in stock if campaign.is_feasible(s.design))
            known = _Listed(
                stock, campaign.limits, Pool(campaign, feasible), specimens(stock) or {}
            )
            self._stock = known
        return known.pool, known.fresh

    def _next(self, state: CampaignState, sources: Sequence[str]) -> Suggestion | None:
        pool, fresh = self._designs(state)
        if not len(pool):
            return None
        free = Free(state, fresh)
        ahead = sent_ahead(state)
        found = self._as_seen(ahead, state, pool, free, sources)
        is_free = ahead.campaign.objective.source in sources and not ahead.pending
        if found is None and ahead is not state and is_free:
            # Nothing is left for it to look at.
            found = self._as_seen(state, state, pool, free, sources)
        return found

    def _as_seen(
        self,
        ahead: CampaignState,
        state: CampaignState,
        pool: Pool,
        free: Free,
        sources: Sequence[str],
    ) -> Suggestion | None:
        """The next trial of a state, as the source sees it that is sent ahead."""
        left = {name: account.left for name, account in state.accounts.items()}
        belief = believe(ahead)
        first = opening(ahead, pool, free)
        if first is not None:
            first = [action for action in first if action.source in sources]
            if not first:
                return None
            if is_unmeasured(ahead, belief):
                ranked = by_prior(ahead, first, left)
                return self._suggest(state, belief, ranked, "opening", 0.0)
        with self._judge(ahead.campaign) as judge:
            if first is not None:
                ranking = judge.opening(ahead, belief, first, left)
            else:
                ranking = judge.choose(ahead, belief, pool, free, left, sources)
        if first is None and ahead is not state:
            return self._suggest(state, belief, ranking.ranked, "scouting", 0.0)
        return self._suggest(state, belief, *ranking)

    def _suggest(
        self,
        state: CampaignState,
        belief: Belief,
        ranked: list[Valued],
        rule: str,
        log_odds: float,
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
        decision = explain(belief, ranked, log_odds, rule, state.model_version)
        return Suggestion(proposal=proposal, decision=decision, cost=best.reserve)


def _judge_of(campaign: Campaign, guard_share: float) -> Judge | SeveralJudge:
    """By one observable, or by several."""
    if campaign.is_plain:
        from bigloop.agents.judge import Judge

        return Judge(campaign, guard_share)
    from bigloop.agents.several.judge import SeveralJudge

    return SeveralJudge(campaign, guard_share)


def _with(state: CampaignState, suggestion: Suggestion) -> CampaignState:
    """The state in which a suggestion is on its way."""
    epoch = datetime.fromtimestamp(0, UTC)
    proposal = state.asked(suggestion.proposal)
    trial = Trial(
        id=proposal.id,
        campaign=state.campaign.name,
        proposal=proposal,
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
