from __future__ import annotations

from typing import Any

import pytest

from bigloop.contracts import Campaign, Design, Proposal, SpecError, limited

SPEC: dict[str, Any] = {
    "name": "cells",
    "parameters": {
        "C1": {"low": 1, "high": 8, "unit": "1/hour"},
        "Q1": {"low": 0, "high": 0.8},
        "salt": {"choices": ["LiPF6", "LiFSI"]},
    },
    "observables": {"life": {"unit": "cycle"}},
    "objective": {"observable": "life", "source": "bench"},
    "sources": {"bench": {"lab": "table", "observes": ["life"], "cost": {"EUR": 1}}},
    "budget": {"EUR": 10},
}
HERE: Design = {"C1": 7.0, "Q1": 0.4, "salt": "LiFSI"}


def rejecting(said: str, **changes: Any) -> Campaign:
    spec = Campaign.model_validate({**SPEC, **changes})
    proposal = Proposal(campaign="cells", number=7, source="bench", design=HERE)
    return limited(spec, said, proposal, "ada", "the cycler's limit")


@pytest.mark.parametrize(
    ("said", "text", "inside", "outside"),
    [
        ("C1 <= 6/hour", "C1 <= 6 1/hour", {"C1": 6.0}, {"C1": 6.1}),
        ("C1<=6", "C1 <= 6 1/hour", {"C1": 6.0}, {"C1": 6.1}),
        ("C1 <= 0.1 1/minute", "C1 <= 0.1 1/minute", {"C1": 6.0}, {"C1": 6.1}),
        ("Q1 >= 0.5", "Q1 >= 0.5", {"Q1": 0.5}, {"Q1": 0.49}),
        ("C1*Q1 <= 2e0/hour", "C1*Q1 <= 2 1/hour", {"C1": 4.9}, {"C1": 5.1}),
    ],
)
def test_a_limit_holds_like_a_constraint(
    said: str, text: str, inside: Design, outside: Design
) -> None:
    spec = rejecting(said)
    limit = spec.limits["limit_7"]
    assert (limit.text, limit.by) == (text, "ada")
    assert limit.description == "the cycler's limit"
    assert spec.is_feasible({**HERE, **inside})
    assert not spec.is_feasible({**HERE, **outside})
    assert spec.why_infeasible(HERE) == f"limit_7 of ada ({text}) does not hold"
    assert Campaign.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("C1 is large", "it cannot be read; write an expression"),
        ("C1 < 6/hour", "it cannot be read"),
        ("1 <= C1 <= 6", "it cannot be read"),
        ("C1 <= six", "it cannot be read"),
        ("C1 + <= 6/hour", "expression 'C1 +' cannot be read"),
        ("C1 <= 6 meter", "does not give 'meter'"),
        ("C1 <= 6 blub", "unit 'blub' is not known"),
        ("C2 <= 6/hour", "parameter 'C2' is not declared; there are ['C1', 'Q1'"),
        ("salt <= 1", "salt is one of ['LiPF6', 'LiFSI'], not a number"),
        ("1 + 1 <= 1", "it names no parameter"),
        ("C1 <= 8/hour", "would not exclude the rejected design, whose C1 is 7 1/hour"),
        ("C1 <= 0.5/hour", "no design satisfies it (with the others)"),
        ("log(Q1 - 0.5) <= -9", "has no value at"),
        ("exp(1000 + Q1) <= 9", "cannot be computed at any of 1,000 random"),
        ("max(sqrt(Q1 - 2), 1) <= 1", "cannot be computed at any of 1,000 random"),
        (f"Q1*1{'0' * 400} <= 1", "cannot be computed at any of 1,000 random"),
        ("C1**C1 <= 1", "limit"),
        ("min(C1, 3) <= 1", "cannot be computed at any of 1,000 random"),
        ("C1.__class__ <= 1", "is not allowed"),
        (f"C1 <= {'0' * 600}6", "it cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(said: str, problem: str) -> None:
    with pytest.raises(SpecError) as told:
        rejecting(said)
    assert str(told.value).startswith(f"limit {said[:80]!r}: ")
    assert problem in str(told.value)
    assert "\n" not in str(told.value)


def test_a_limit_must_leave_something_beside_the_constraints() -> None:
    least = {"fast": {"expression": "C1", "unit": "1/hour", "at_least": 6.5}}
    with pytest.raises(SpecError, match="no design satisfies it"):
        rejecting("C1 <= 6/hour", constraints=least)
