from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from bigloop.contracts import (
    Claim,
    Measurement,
    Outcome,
    ResultError,
    Suggestion,
    TrialState,
    Verdict,
)
from bigloop.db import Store

Success = Callable[..., Outcome]


@pytest.fixture
def claim(store: Store, suggest: Callable[..., Suggestion], approve: Verdict) -> Claim:
    store.propose(suggest(0, specimen="cell 1"), approve, "loop")
    claim = store.take("w")
    assert claim is not None
    return claim


def measured(observable: str, value: float, unit: str, **more: Any) -> Outcome:
    # Not validated: a worker in another language might send NaN.
    m = Measurement.model_construct(
        observable=observable,
        value=value,
        unit=unit,
        sd=more.get("sd"),
        age=None,
        censored=False,
    )
    outcome = Outcome(status="success")
    return outcome.model_copy(update={"measurements": (m,)})


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (measured("slope", 1.0, "meter"), "slope = 1 meter: .*give it in a unit"),
        (measured("slope", 1.0, "bananas"), "slope = 1 bananas: .*is not known"),
        (
            measured("slope", 0.5, ""),
            "slope = 0.5 .*outside its physical range -8 to 0",
        ),
        (measured("slope", math.nan, ""), "slope = nan"),
        (measured("slope", -math.inf, ""), "slope = -inf"),
        (measured("warmth", 473.16, "kelvin"), "warmth = 200.01 degC: outside"),
        (measured("life", 5.0, "cycle"), "life = 5 cycle: source 'sim' does not"),
        (Outcome(status="success", specimen="cell 2"), "of 'cell 2', but .*'cell 1'"),
        (Outcome(status="success", executed={"speed": 1.0}), "executed: 'speed'"),
        (Outcome(status="success", cost={"EUR": 1.0}), "cost EUR = 1: .*no such"),
        (Outcome(status="success", cost={"core_second": -1.0}), "core_second = -1"),
    ],
)
def test_a_wrong_result_changes_nothing(
    store: Store, claim: Claim, outcome: Outcome, problem: str
) -> None:
    seq = store.last_seq()
    with pytest.raises(ResultError, match=problem) as caught:
        store.complete(claim, outcome)
    assert "\n" not in str(caught.value)
    assert store.last_seq() == seq
    assert store.trial(claim.trial.id).state == TrialState.RUNNING
    done = store.complete(claim, Outcome(status="success", specimen="cell 1"))
    assert done.state == TrialState.COMPLETED


def test_a_value_is_kept_in_the_unit_of_the_campaign(
    store: Store, claim: Claim
) -> None:
    store.complete(claim, measured("warmth", 300.0, "kelvin", sd=2.0))
    (found,) = store.observations("cells", claim.trial.id[:8])
    assert found.unit == "degC"
    assert found.value == pytest.approx(26.85)
    # A spread has no origin: 2 K are 2 degrees, not -271.
    assert found.sd == pytest.approx(2.0)


def test_whose_a_value_is(store: Store, claim: Claim, success: Success) -> None:
    executed = {"rate": 3.9}
    store.complete(claim, success(slope=-1.0, batch="b3", executed=executed))
    (found,) = store.observations("cells")
    assert (found.specimen, found.batch, found.source) == ("cell 1", "b3", "sim")
    assert found.design == claim.trial.proposal.design
    outcome = store.trial(claim.trial.id).outcome
    assert outcome is not None
    assert outcome.executed == executed
