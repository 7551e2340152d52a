"""Expressions: arithmetic and nothing else."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigloop.contracts import Constraint, SpecError
from bigloop.contracts.expressions import check_unit, evaluate, evaluate_in, names

numbers = st.floats(-100, 100)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "__import__('os').system('true')",
        "x.real",
        "x.__class__.__mro__",
        "[a for a in x]",
        "{a: 1 for a in x}",
        "(lambda: x)()",
        "x if x else 1",
        "x[0]",
        "f'{x}'",
        "'text'",
        "True",
        "1j",
        "x and 1",
        "x < 1",
        "exp(x=1)",
        "exp(*x)",
        "open('f')",
        "x @ x",
        "x // 1",
        "~1",
        "(x := 1)",
    ],
)
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="is not allowed"):
        evaluate(text, {"x": 1.0})


@pytest.mark.parametrize(
    "text", ["", "x +", "x; x", "import os", "x = 1", "x\0", "((x"]
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        evaluate(text, {"x": 1.0})


@pytest.mark.parametrize("text", ["(" * 500 + "x" + ")" * 500, "-" * 9000 + "x"])
def test_a_bottomless_expression_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        names(text)


@pytest.mark.parametrize("text", ["9**9**9", "9**9**9**9", "10.0**400", "exp(1e9)"])
def test_a_huge_number_is_infinite_at_once(text: str) -> None:
    before = time.perf_counter()
    assert evaluate_in(text, {}, {}, "") == math.inf
    assert time.perf_counter() - before < 1.0


def test_a_constraint_with_a_huge_power_holds_nowhere() -> None:
    rule = Constraint(expression="x * 9**9**9", at_most=1)
    assert not rule.holds({"x": 1.0}, {"x": ""})


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("exp(1000*x)", 1.0),
        ("-exp(1000*x)", 1.0),
        ("1/(1 + exp(1000*x))", 1.0),
        ("1/(x - 1)", 1.0),
        ("0**(0 - x)", 1.0),
        ("(x*1e300)**2", 1.0),
        ("1e308*x*10 - 1e308*x*10", 1.0),
        ("log(x)", 0.0),
        ("log(0 - x)", 1.0),
        ("sqrt(x - 2)", 1.0),
        ("abs((x - 2)**0.5)", 1.0),
    ],
)
def test_a_bound_does_not_hold_where_there_is_no_value(text: str, at: float) -> None:
    """On neither side: nobody knows on which the value would lie."""
    for bound in ({"at_most": 1e9}, {"at_least": -1e9}):
        rule = Constraint.model_validate({"expression": text, **bound})
        assert rule.holds({"x": at}, {"x": ""}) is False
        assert "no finite value" in rule.why_not({"x": at}, {"x": ""})


def test_a_sum_of_hundreds_is_refused_and_one_of_a_hundred_is_not() -> None:
    assert evaluate("+".join(["x"] * 100), {"x": 1.0}) == 100
    with pytest.raises(SpecError, match="too deep"):
        evaluate("+".join(["x"] * 900), {"x": 1.0})


@pytest.mark.parametrize("text", ["exp(1000*x)", "x/(x - x)", "log(0 - abs(x))"])
def test_units_are_tried_where_there_is_a_value(text: str) -> None:
    """Of observables, whose range is not known, nothing is said where none is found."""
    check_unit(text, {"x": ""}, "")
    with pytest.raises(SpecError, match="cannot be computed at any of 2 random"):
        check_unit(text, {"x": ""}, "", [{"x": 1.0}, {"x": 2.0}])


def test_a_wrong_unit_is_found_where_the_first_place_has_no_value() -> None:
    places = [{"x": 0.0, "t": 1.0}, {"x": 1.0, "t": 1.0}]
    with pytest.raises(SpecError, match="correct the unit"):
        check_unit("t*log(x)", {"x": "", "t": "hour"}, "volt", places)


def test_an_undefined_value_is_outside_every_bound() -> None:
    rule = Constraint(expression="1e308*x*10 - 1e308*x*10", at_most=1)
    assert not rule.holds({"x": 1.0}, {"x": ""})


@pytest.mark.parametrize("text", ["exp()", "exp(x, x)", "log(0)", "sqrt(0-x)", "abs()"])
def test_a_call_without_a_value_is_a_spec_error(text: str) -> None:
    with pytest.raises(SpecError):
        evaluate_in(text, {"x": 1.0}, {"x": ""}, "")


def test_a_root_of_a_negative_number_is_a_spec_error() -> None:
    with pytest.raises(SpecError):
        evaluate_in("(0 - x)**0.5", {"x": 1.0}, {"x": ""}, "")


@given(numbers, numbers)
def test_arithmetic_is_that_of_python(x: float, z: float) -> None:
    values = {"x": x, "z": z}
    assert evaluate("x + 2*z - x*z", values) == x + 2 * z - x * z
    assert evaluate("-x + +z", values) == -x + z
    assert evaluate("max(x, z) - min(x, z)", values) == max(x, z) - min(x, z)
    assert evaluate("abs(x)**2", values) == abs(x) ** 2


@given(st.floats(0.1, 10), st.floats(0, 1))
def test_units_are_taken_into_account(rate: float, share: float) -> None:
    units = {"c": "1/hour", "q": ""}
    found = evaluate_in("q / c", {"c": rate, "q": share}, units, "minute")
    assert found == pytest.approx(60 * share / rate)


def test_names_leave_functions_out() -> None:
    assert names("exp(x) + max(a, b)") == {"x", "a", "b"}


@pytest.mark.parametrize("text", ["x + t", "x", "exp(x)"])
def test_dimensions_that_do_not_fit_are_refused(text: str) -> None:
    with pytest.raises(SpecError, match="correct the unit"):
        check_unit(text, {"x": "volt", "t": "hour"}, "hour")


@pytest.mark.parametrize("text", ["sqrt(x*x)", "max(x, 2*x)", "abs(x - 2*x)"])
def test_functions_keep_their_dimension(text: str) -> None:
    check_unit(text, {"x": "volt"}, "volt")
