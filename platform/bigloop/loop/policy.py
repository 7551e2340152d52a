"""The approval policy: rules by source and cost, the first that fits decides."""

from __future__ import annotations

from dataclasses import dataclass

from bigloop.contracts import CampaignState, Cost, Proposal, Rule, Verdict


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """Follows the campaign's `approval` rules; without a rule that fits, it asks.

    A campaign without any rules approves nothing by itself.
    """

    def review(self, proposal: Proposal, cost: Cost, state: CampaignState) -> Verdict:
        """The verdict of the first rule that fits the source and the reserved cost."""
        for rule in state.campaign.approval:
            if _fits(rule, proposal, cost):
                return Verdict(
                    action=rule.action,
                    who=rule.who,
                    reason=rule.reason,
                    persons=rule.persons,
                )
        return Verdict(action="ask", who="scientist", reason="no rule approves it")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveAll:
    """Stands in for the person: approves what the rules would ask about.

    Attributes:
        rules: the policy that is overruled.
        who: in whose name.
    """

    rules: RulePolicy
    who: str

    def review(self, proposal: Proposal, cost: Cost, state: CampaignState) -> Verdict:
        """As the rules say, but `ask` becomes `approve`, with the reason kept.

        One person is no two: what needs several persons is asked about all the same.
        """
        verdict = self.rules.review(proposal, cost, state)
        if verdict.action != "ask" or verdict.persons > 1:
            return verdict
        reason = f"approved beforehand for {self.who}: {verdict.reason}"
        return Verdict(action="approve", who=self.who, reason=reason)


def _fits(rule: Rule, proposal: Proposal, cost: Cost) -> bool:
    if rule.source is not None and rule.source != proposal.source:
        return False
    return all(cost.get(name, 0.0) <= most for name, most in rule.cost_up_to.items())
