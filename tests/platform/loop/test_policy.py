from __future__ import annotations

from collections.abc import Callable

import pytest

from bigloop.contracts import Campaign, CampaignState, Policy, Proposal
from bigloop.loop.policy import ApproveAll, RulePolicy

Change = Callable[..., Campaign]


def review(policy: Policy, campaign: Campaign, source: str, cost: float) -> str:
    proposal = Proposal(
        campaign="toy", number=0, source=source, design={"a": 0.1, "b": 0.2}
    )
    state = CampaignState(
        campaign=campaign, trials=(), seen=(), observations=(), accounts={}
    )
    return policy.review(proposal, {"cell_cycle": cost}, state).action


@pytest.mark.parametrize(
    ("source", "cost", "action"),
    [
        ("look", 9e9, "approve"),
        ("to_death", 100.0, "approve"),
        ("to_death", 101.0, "ask"),
        ("to_death", 1001.0, "refuse"),
    ],
)
def test_the_first_rule_that_fits_decides(
    change: Change, source: str, cost: float, action: str
) -> None:
    campaign = change(
        approval=[
            {"source": "look", "action": "approve"},
            {"cost_up_to": {"cell_cycle": 100}, "action": "approve"},
            {"cost_up_to": {"cell_cycle": 1000}, "action": "ask"},
            {"action": "refuse", "reason": "too dear"},
        ]
    )
    assert review(RulePolicy(), campaign, source, cost) == action


def test_without_a_rule_a_person_is_asked(change: Change) -> None:
    assert review(RulePolicy(), change(approval=[]), "look", 1.0) == "ask"


def test_approve_all_overrules_questions_but_no_refusal(change: Change) -> None:
    rules = [
        {"source": "look", "action": "ask"},
        {"action": "refuse", "reason": "never"},
    ]
    policy = ApproveAll(rules=RulePolicy(), who="ada")
    assert review(policy, change(approval=rules), "look", 1.0) == "approve"
    assert review(policy, change(approval=rules), "to_death", 1.0) == "refuse"
    assert isinstance(policy, Policy)


def test_one_person_beforehand_is_no_two(change: Change) -> None:
    rules = [{"action": "ask", "persons": 2}]
    policy = ApproveAll(rules=RulePolicy(), who="ada")
    assert review(policy, change(approval=rules), "look", 1.0) == "ask"
    with pytest.raises(ValueError, match="persons 2 needs action ask"):
        change(approval=[{"action": "approve", "persons": 2}])
