"""Observables that the campaign computes: values, spread, ages, and what has none."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from bigloop.contracts import (
    Campaign,
    Capabilities,
    FailureClass,
    Measurement,
    Outcome,
    Proposal,
    ResultError,
    SpecError,
)
from bigloop.loop.derived import compute, derived
from bigloop.loop.sources import check, settle

KNOWS = Capabilities(parameters={"x": ""}, observables={"d": "nanometer", "p": ""})


def campaign(
    expression: str = "(1 - p)/(1 + d/(8*nanometer))", **more: Any
) -> Campaign:
    return Campaign.model_validate(
        {
            "name": "films",
            "parameters": {"x": {"low": 0, "high": 1}},
            "observables": {
                "d": {"unit": "nanometer"},
                "p": {},
                "merit": {"expression": expression, **more},
            },
            "objective": {"observable": "merit", "source": "kmc"},
            "sources": {
                "kmc": {
                    "simulator": "forrester",
                    "observes": ["merit", "p"],
                    "cost": {"core_second": 1},
                }
            },
            "budget": {"core_second": 10},
        }
    )


def measured(d: float, p: float, **more: Any) -> list[Measurement]:
    return [
        Measurement(observable="d", value=d, unit="angstrom", **more),
        Measurement(observable="p", value=p, unit="", **more),
    ]


def test_value_in_the_declared_unit_whatever_the_inputs_come_in() -> None:
    spec = campaign()
    check(spec, "kmc", KNOWS)
    wanted = derived(spec, "kmc", KNOWS)
    (found,) = compute(spec, wanted, measured(80.0, 0.5))
    assert found.value == pytest.approx(0.25)
    assert (found.observable, found.unit, found.sd) == ("merit", "", None)


def test_spread_is_that_of_the_inputs_to_first_order() -> None:
    spec = campaign("p**2")
    wanted = derived(spec, "kmc", KNOWS)
    (found,) = compute(spec, wanted, measured(80.0, 0.5, sd=0.01))
    assert found.sd == pytest.approx(2 * 0.5 * 0.01, rel=1e-6)
    both = campaign("p + d/nanometer")
    (found,) = compute(both, derived(both, "kmc", KNOWS), measured(80.0, 0.5, sd=0.3))
    assert found.sd == pytest.approx(math.hypot(0.3, 0.03), rel=1e-6)


def test_each_age_has_its_own_and_censored_inputs_have_none() -> None:
    spec = campaign()
    wanted = derived(spec, "kmc", KNOWS)
    young, old = measured(80.0, 0.5, age=1.0), measured(160.0, 0.5, age=2.0)
    found = compute(spec, wanted, [*young, *old])
    assert [(m.age, round(m.value, 6)) for m in found] == [
        (1.0, 0.25),
        (2.0, round(0.5 / 3, 6)),
    ]
    assert compute(spec, wanted, [young[0], old[1]]) == []
    assert compute(spec, wanted, measured(80.0, 0.5, censored=True)) == []


def with_own(**expressions: str) -> Campaign:
    """That campaign, with formulas of the source's own."""
    data = campaign().model_dump(mode="json")
    data["sources"]["kmc"]["expressions"] = expressions
    return Campaign.model_validate(data)


def test_a_source_may_have_a_formula_of_its_own() -> None:
    spec = with_own(merit="1 - p")
    check(spec, "kmc", KNOWS)
    (found,) = compute(spec, derived(spec, "kmc", KNOWS), measured(80.0, 0.3))
    assert found.observable == "merit"
    assert found.value == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("expressions", "problem"),
    [
        ({"d": "8*nanometer"}, "'d' is not in observes; add it"),
        ({"merit": "d"}, "sources.kmc.expressions.merit: "),
        ({"merit": "merit"}, "'merit' is computed itself; write it out"),
        ({"merit": "q"}, "'q' is neither an observable nor a unit"),
    ],
)
def test_a_wrong_formula_of_a_source_is_named(
    expressions: dict[str, str], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        with_own(**expressions)


def test_a_source_that_yields_it_is_believed() -> None:
    knows = KNOWS.model_copy(update={"observables": {"merit": "", "p": ""}})
    assert derived(campaign(), "kmc", knows) == {}
    check(campaign(), "kmc", knows)


def test_a_source_without_the_inputs_is_refused() -> None:
    knows = KNOWS.model_copy(update={"observables": {"p": ""}})
    with pytest.raises(SpecError, match=r"does not yield 'd'"):
        check(campaign(), "kmc", knows)


@pytest.mark.parametrize(("expression", "p"), [("1/p", 0.0), ("log(p)", -1.0)])
def test_no_finite_value_is_a_failure_that_keeps_what_was_measured(
    expression: str, p: float
) -> None:
    spec = campaign(expression)
    with pytest.raises(ResultError, match="merit: "):
        compute(spec, derived(spec, "kmc", KNOWS), measured(80.0, p))
    proposal = Proposal(campaign="films", number=0, source="kmc", design={"x": 0.5})
    came = Outcome(status="success", measurements=tuple(measured(80.0, p)))
    found = settle(spec, proposal, came, KNOWS)
    assert (found.status, found.failure) == ("failure", FailureClass.QUALITY)
    assert found.message.startswith("merit: ")
    assert found.measurements == ()
    assert found.provenance["also_measured"] == {"d": 80.0, "p": p}
    assert found.cost == {"core_second": 1.0}


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("1 + d", "does not give"),
        ("q + 1", "'q' is neither an observable nor a unit"),
        ("merit + 1", "'merit' is computed itself"),
        ("p +", "cannot be read"),
        ("d", "does not give ''"),
    ],
)
def test_a_wrong_expression_is_refused_at_once(expression: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        campaign(expression)
