"""Linear constraints: told by their form; thin sets are filled evenly and at once."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from bigloop.contracts import Campaign, SpecError, parse
from bigloop.contracts.drawing import draw
from bigloop.contracts.linear import linear
from bigloop.contracts.polytope import Polytope, Row

LEVEL = 1e-4
UNITS = {"x": "hour", "z": "minute", "T": "degC"}

LINEAR: list[tuple[str, str, dict[str, float], float]] = [
    ("x", "minute", {"x": 60.0}, 0.0),
    ("x - 2*z/4", "minute", {"x": 60.0, "z": -0.5}, 0.0),
    ("-(x + x)*3", "hour", {"x": -6.0}, 0.0),
    ("x*2**3", "hour", {"x": 8.0}, 0.0),
    ("x + z - x", "minute", {"z": 1.0}, 0.0),
    ("T", "kelvin", {"T": 1.0}, 273.15),
    ("x*sqrt(4)", "hour", {"x": 2.0}, 0.0),
]


@pytest.mark.parametrize(("expression", "unit", "weights", "constant"), LINEAR)
def test_a_linear_form_is_read_off(
    expression: str, unit: str, weights: dict[str, float], constant: float
) -> None:
    found = linear(expression, UNITS, unit)
    assert found is not None
    assert found.weights == pytest.approx(weights)
    assert found.constant == pytest.approx(constant)


@pytest.mark.parametrize(
    "expression",
    ["x*z", "x/z", "x**2", "1/x", "min(x, z)", "abs(x)", "exp(x)", "x/0", "2**x"],
)
def test_no_other_form_is_taken_for_linear(expression: str) -> None:
    assert linear(expression, {"x": "", "z": ""}, "") is None


@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(-5, 5), st.floats(-5, 5))
def test_a_linear_form_has_the_value_of_its_expression(
    a: float, b: float, x: float, z: float
) -> None:
    from bigloop.contracts.expressions import evaluate_in

    text, units = f"({a!r})*x - (z - {b!r})/3 + 1", {"x": "", "z": ""}
    found = linear(text, units, "")
    assert found is not None
    value = found.constant + sum(
        found.weights.get(name, 0.0) * v for name, v in (("x", x), ("z", z))
    )
    assert value == pytest.approx(
        evaluate_in(text, {"x": x, "z": z}, units, ""), abs=1e-9
    )


def test_a_slab_across_a_cut_box_is_filled_evenly() -> None:
    names = [f"x{i}" for i in range(5)]
    thin = 1e-3
    slab = Row(weights=(("x0", 1.0), ("x1", -1.0)), at_least=-thin, at_most=thin)
    cut = Row(weights=tuple((name, 1.0) for name in names), at_most=1.5)
    inside = Polytope(dict.fromkeys(names, (0.0, 1.0)), (), [slab, cut])
    points = inside.draw(2000, np.random.default_rng(3))
    rng = np.random.default_rng(4)
    exact = rng.random((400_000, 5))
    exact[:, 1] = exact[:, 0] + thin * (2 * exact[:, 1] - 1)
    exact = exact[(exact[:, 1] >= 0) & (exact[:, 1] <= 1) & (exact.sum(axis=1) <= 1.5)]
    views = np.column_stack([np.eye(5), np.ones(5), np.eye(5)[0] - np.eye(5)[1]])
    for column, other in zip((points @ views).T, (exact @ views).T, strict=True):
        assert ks_2samp(column, other).pvalue > LEVEL


def test_a_composition_below_a_plane_is_filled_evenly() -> None:
    names = ["a", "b", "c", "d"]
    cut = Row(weights=(("a", 1.0), ("b", 2.0)), at_least=1.2)
    inside = Polytope(dict.fromkeys(names, (0.0, 1.0)), [(names, 1.0)], [cut])
    points = inside.draw(2000, np.random.default_rng(5))
    assert np.abs(points.sum(axis=1) - 1).max() < 1e-9
    exact = np.random.default_rng(6).dirichlet(np.ones(4), size=400_000)
    exact = exact[exact[:, 0] + 2 * exact[:, 1] >= 1.2]
    for column, other in zip(points.T, exact.T, strict=True):
        assert ks_2samp(column, other).pvalue > LEVEL


def test_a_way_out_ends_at_the_border() -> None:
    cut = Row(weights=(("x", 1.0), ("z", 1.0)), at_most=1.0)
    inside = Polytope({"x": (0.0, 1.0), "z": (0.0, 1.0)}, (), [cut])
    start = np.array([[0.25, 0.25], [0.25, 0.25], [0.5, 0.5]])
    end = np.array([[0.75, 0.75], [0.3, 0.2], [0.9, 0.1]])
    expected = np.array([[0.5, 0.5], [0.3, 0.2], [0.9, 0.1]])
    assert inside.inside(start, end) == pytest.approx(expected, abs=1e-9)


def cut_space(**constraints: dict[str, Any]) -> dict[str, Any]:
    names = [f"x{i}" for i in range(4)]
    return {
        "name": "cut",
        "parameters": {name: {"low": 0, "high": 1} for name in names},
        "constraints": constraints,
        "observables": {"y": {}},
        "objective": {"observable": "y", "source": "lab"},
        "sources": {"lab": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 1}}},
        "budget": {"EUR": 10},
    }


THIN = {"expression": "x0 + x1 + x2 + x3", "at_most": 0.12}
"""Holds for `0.12**4 / 24`, that is one of 115,000 random designs."""


def test_a_thin_linear_space_is_drawn_from_at_once() -> None:
    before = time.process_time()
    campaign = parse(Campaign, cut_space(thin=THIN), "cut.yaml")
    designs = draw(campaign, 192, 0)
    # A second and more by chance; this is no measure of speed but of not hanging.
    assert time.process_time() - before < 10
    assert len(designs) == 192
    assert all(campaign.is_feasible(design) for design in designs)


def test_what_is_not_linear_holds_on_top() -> None:
    curved = {"expression": "x0*x1", "at_least": 2e-4}
    campaign = parse(Campaign, cut_space(thin=THIN, curved=curved), "cut.yaml")
    designs = draw(campaign, 50, 0)
    assert len(designs) == 50
    assert all(campaign.is_feasible(design) for design in designs)


IMPOSSIBLE: list[tuple[dict[str, dict[str, Any]], str]] = [
    ({"low": {"expression": "x0 + x1", "at_most": -0.1}}, "constraints.low"),
    (
        {
            "a": {"expression": "x0", "at_most": 0.4},
            "b": {"expression": "x1 - x2", "at_least": 5},
        },
        "constraints.b",
    ),
    ({"same": {"expression": "x0 + x1", "at_most": 1, "at_least": 1}}, "border alone"),
    ({"thin": THIN, "curved": {"expression": "x0*x1", "at_least": 0.5}}, "none of 20,"),
]


@pytest.mark.parametrize(("constraints", "words"), IMPOSSIBLE)
def test_where_nothing_is_feasible_it_is_said(
    constraints: dict[str, dict[str, Any]], words: str
) -> None:
    bad = cut_space(**constraints)
    with pytest.raises(SpecError) as told:
        parse(Campaign, bad, "cut.yaml")
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_choices_alone_have_no_polytope() -> None:
    bad = cut_space(sum={"expression": "n + m", "at_most": 1.5})
    bad["parameters"] = {name: {"choices": ["1", "2"]} for name in ("n", "m")}
    with pytest.raises(SpecError, match="none of 20,000 random designs"):
        parse(Campaign, bad, "cut.yaml")
    bad["constraints"]["sum"]["at_most"] = 3.5
    campaign = parse(Campaign, bad, "cut.yaml")
    assert all(campaign.is_feasible(design) for design in draw(campaign, 20, 0))
