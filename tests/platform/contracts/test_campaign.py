"""A campaign that is wrong is refused in one line: field, value, remedy."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigloop.contracts import (
    Campaign,
    Constraint,
    Cost,
    Observable,
    Parameter,
    Source,
    parse,
    read_campaign,
)
from bigloop.contracts.drawing import sample

CAMPAIGNS = sorted(Path(__file__).parents[3].glob("campaigns/*.yaml"))


class Spoil(Protocol):
    def __call__(self, path: str, value: Any) -> str: ...


BAD: list[tuple[str, Any, list[str]]] = [
    ("parameters.x.lwo", 1, ["parameters.x.lwo", "did you mean 'low'"]),
    ("sources.cell.capasity", 1, ["sources.cell.capasity", "'capacity'"]),
    ("budjet", {"EUR": 1}, ["budjet", "'budget'"]),
    ("parameters.x.unit", "hourz", ["parameters.x", "'hourz'", "pint"]),
    ("observables.y.unit", "volts/hur", ["observables.y", "'volts/hur'", "pint"]),
    ("sources.cell.cost", {"EURO_": 1}, ["sources.cell", "'EURO_'", "pint"]),
    ("constraints.limit.unit", "volt", ["constraints.limit", "'volt'", "correct"]),
    ("parameters.x.low", 2.0, ["parameters.x", "low 2", "high 1", "swap"]),
    ("parameters.x.high", 0.0, ["parameters.x", "low 0", "high 0"]),
    ("parameters.x.log", True, ["parameters.x", "log scale", "above 0", "not 0"]),
    ("parameters.x.choices", ["a"], ["parameters.x", "not both"]),
    ("observables.y", {"low": 2, "high": 1}, ["observables.y", "low 2", "high 1"]),
    ("constraints.limit.at_least", 95.0, ["constraints.limit", "95", "90", "swap"]),
    ("constraints.limit.at_most", -1.0, ["constraints.limit", "no design", "loosen"]),
    ("constraints.limit.expression", "2*q", ["constraints.limit", "'q'", "'x'"]),
    ("constraints.limit.expression", "2*", ["constraints.limit", "'2*'", "write"]),
    ("objective.source", "sell", ["objective.source", "'sell'", "'cell'"]),
    ("objective.source", "model", ["objective.source", "'model'", "'y'"]),
    ("objective.observable", "z", ["objective.observable", "'z'", "'y'"]),
    ("objective.goal", "best", ["objective.goal", "'best'", "'maximize'"]),
    ("candidates", "shelf", ["candidates", "'shelf'", "'cell'"]),
    ("approval", [{"source": "sell"}], ["approval.0.source", "'sell'", "'cell'"]),
    ("sources.cell.observes", ["y", "z"], ["sources.cell.observes", "'z'", "'y'"]),
    ("sources.cell.observes", [], ["sources.cell", "observes", "name"]),
    ("sources.cell.simulator", "s", ["sources.cell", "exactly one"]),
    ("sources.cell.cost", {"EUR": 0}, ["sources.cell", "EUR", "0 is not above 0"]),
    ("sources.cell.cost", {"EUR": -3}, ["sources.cell", "EUR", "-3 is not above 0"]),
    ("sources.cell.cost", {}, ["sources.cell", "give cost", "free"]),
    ("sources.cell.cost_per_age", {"EUR": 1}, ["sources.cell", "longest_age"]),
    ("sources.cell.capacity", 0, ["sources.cell.capacity", "0"]),
    ("budget.EUR", 9.0, ["budget.EUR", "9", "10", "raise it"]),
    ("budget.EUR", 0.0, ["budget.EUR", "0 is not above 0"]),
    ("budget", {"EUR": 100.0}, ["core_second", "add budget.core_second"]),
    ("budget", {}, ["budget", "currency"]),
    ("reference_cost", {"USD": 1}, ["reference_cost", "'USD'", "'EUR'"]),
    (
        "predictor",
        {"predicts": "z", "early": ["early"]},
        ["predictor", "'z'", "'early'"],
    ),
    ("predictor", {"predicts": "y", "early": ["q"]}, ["predictor", "'q'", "'early'"]),
    ("parameters.x.low", math.nan, ["parameters.x.low", "nan", "finite"]),
    ("parameters.x.high", math.inf, ["parameters.x.high", "inf", "finite"]),
    ("parameters.x.high", None, ["parameters.x", "give low and high"]),
    ("constraints.limit.at_most", math.nan, ["constraints.limit.at_most", "finite"]),
    ("sources.cell.cost", {"EUR": math.nan}, ["sources.cell.cost.EUR", "finite"]),
    ("budget.EUR", math.inf, ["budget.EUR", "inf", "finite"]),
    ("name", "no name", ["name", "'no name'", "letters"]),
    ("parameters.2x", {"low": 0, "high": 1}, ["parameters", "'2x'", "letter first"]),
    ("sources", {}, ["at least", "one source"]),
]


@pytest.mark.parametrize(("path", "value", "words"), BAD)
def test_what_is_wrong_is_said_in_one_line(
    refusal: Spoil, path: str, value: Any, words: list[str]
) -> None:
    message = refusal(path, value)
    assert "\n" not in message
    assert message.startswith("small.yaml: ")
    missing = [word for word in words if word not in message]
    assert not missing, message


def test_the_campaign_that_is_spoilt_is_good(spec: dict[str, Any]) -> None:
    assert parse(Campaign, spec, "small.yaml").target.cost == {"EUR": 10.0}


def test_all_problems_are_named_at_once(spec: dict[str, Any], refusal: Spoil) -> None:
    spec["parameters"]["x"]["lwo"] = 0
    message = refusal("observables.y.hihg", 1)
    assert "parameters.x.lwo" in message
    assert "observables.y.hihg" in message


def test_every_shipped_campaign_is_good() -> None:
    names = [read_campaign(path).name for path in CAMPAIGNS]
    assert "fast_charging" in names


finite = st.floats(-1e6, 1e6)
amounts = st.dictionaries(
    st.sampled_from(["EUR", "core_second"]), st.floats(1e-3, 1e3), min_size=1
)


def _range(bounds: list[float], log: bool) -> Parameter:
    low, high = sorted(bounds)
    return Parameter(low=low, high=high, log=log and low > 0, unit="minute")


parameters = st.builds(
    _range, st.lists(finite, min_size=2, max_size=2, unique=True), st.booleans()
) | st.builds(
    Parameter,
    choices=st.lists(st.text(min_size=1), min_size=1, unique=True).map(tuple),
)


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True)
    cost: Cost = draw(amounts)
    source = Source(
        simulator="s",
        observes=("y",),
        cost=cost,
        options=draw(st.dictionaries(st.text(), finite | st.text() | st.none())),
        capacity=draw(st.integers(1, 9)),
    )
    return Campaign.model_validate(
        {
            "name": draw(names),
            "title": draw(st.text()),
            "parameters": draw(st.dictionaries(names, parameters, min_size=1)),
            "observables": {"y": draw(st.builds(Observable, description=st.text()))},
            "objective": {"observable": "y", "source": "s"},
            "sources": {"s": source},
            "budget": {name: 2 * amount for name, amount in cost.items()},
        }
    )


@given(campaigns())
def test_a_campaign_survives_json(campaign: Campaign) -> None:
    assert Campaign.model_validate_json(campaign.model_dump_json()) == campaign
    assert Campaign.model_validate(campaign.model_dump(mode="json")) == campaign


@given(campaigns(), st.integers())
def test_a_sample_lies_inside_the_bounds(campaign: Campaign, seed: int) -> None:
    design = sample(campaign, random.Random(seed))
    assert campaign.why_infeasible(design) is None


def test_why_infeasible_names_what_is_broken(spec: dict[str, Any]) -> None:
    campaign = Campaign.model_validate(spec)
    assert campaign.is_feasible({"x": 0.75, "salt": "LiFSI"})
    broken: dict[str, dict[str, float | str]] = {
        "limit is 96 minute": {"x": 0.8, "salt": "LiFSI"},
        "outside 0 to 1": {"x": 1.5, "salt": "LiFSI"},
        "not a finite number": {"x": math.nan, "salt": "LiFSI"},
        "not one of": {"x": 0.5, "salt": "NaCl"},
        "exactly the parameters": {"x": 0.5},
    }
    for words, design in broken.items():
        assert words in str(campaign.why_infeasible(design))


def test_a_bound_is_kept_in_its_own_unit() -> None:
    rule = Constraint(expression="t", unit="minute", at_most=60)
    assert rule.holds({"t": 1.0}, {"t": "hour"})
    assert not rule.holds({"t": 1.01}, {"t": "hour"})


def test_division_by_zero_is_outside_every_bound() -> None:
    rule = Constraint(expression="1/x", at_most=1e300)
    assert not rule.holds({"x": 0.0}, {"x": ""})


def test_cost_runs_from_one_age_to_another() -> None:
    source = Source(
        lab="table",
        observes=("y",),
        cost={"EUR": 2.0},
        cost_per_age={"EUR": 0.5, "cell_cycle": 1.0},
        until_age=100,
    )
    assert source.full_cost == {"EUR": 52.0, "cell_cycle": 100.0}
    assert source.cost_of(60, 100) == {"EUR": 22.0, "cell_cycle": 40.0}
    assert source.cost_of(100, 60) == {"EUR": 2.0, "cell_cycle": 0.0}


def test_the_contracts_import_nothing_heavy() -> None:
    heavy = ["torch", "pandas", "sqlalchemy", "ray", "pint"]
    code = (
        "import sys, bigloop.contracts; "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
