"""Units: a cycle is a cycle, offsets count, and what does not fit is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigloop.contracts import SpecError, convert
from bigloop.contracts.units import factor, parse_unit

FAMILIES = [
    ["second", "minute", "hour", "day"],
    ["degC", "kelvin", "degF"],
    ["cycle"],
    ["ampere_hour", "coulomb", "mA*hour"],
    ["volt", "mV"],
    ["1/hour", "1/second"],
    ["", "percent"],
]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str]:
    family = draw(st.sampled_from(FAMILIES))
    return draw(st.sampled_from(family)), draw(st.sampled_from(family))


@given(st.floats(-1e6, 1e6), pairs())
def test_there_and_back_is_the_same(value: float, units: tuple[str, str]) -> None:
    a, b = units
    back = convert(convert(value, a, b), b, a)
    assert back == pytest.approx(value, rel=1e-9, abs=1e-6)


@given(st.floats(), st.sampled_from([u for family in FAMILIES for u in family]))
def test_the_same_unit_changes_nothing(value: float, unit: str) -> None:
    assert repr(convert(value, unit, unit)) == repr(value)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (25.0, "degC", "kelvin", 298.15),
        (0.0, "kelvin", "degC", -273.15),
        (212.0, "degF", "degC", 100.0),
        (1.0, "ampere_hour", "coulomb", 3600.0),
        (80.0, "percent", "", 0.8),
        (6.0, "1/hour", "1/minute", 0.1),
        (3.0, "cycles", "cycle", 3.0),
        (2.0, "1", "", 2.0),
    ],
)
def test_known_conversions(
    value: float, source: str, target: str, expected: float
) -> None:
    assert convert(value, source, target) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("cycle", ""),
        ("cycle", "radian"),
        ("cell_cycle", "cycle"),
        ("core_second", "second"),
        ("EUR", ""),
        ("volt", "ampere"),
    ],
)
def test_what_measures_something_else_is_refused(source: str, target: str) -> None:
    with pytest.raises(SpecError) as error:
        factor(source, target)
    assert repr(source) in str(error.value)
    assert repr(target) in str(error.value)


@pytest.mark.parametrize("unit", ["parsec_per", "volt/", "3 volt", "x" * 300])
def test_an_unknown_unit_is_named_with_a_remedy(unit: str) -> None:
    with pytest.raises(SpecError) as error:
        parse_unit(unit)
    message = str(error.value)
    assert repr(unit) in message
    assert "write one that pint reads" in message
    assert "\n" not in message
