"""Several objectives and requirements in a campaign document."""

from __future__ import annotations

from typing import Any

import pytest

from bigloop.contracts import Campaign, Requirement, SpecError, parse

GOALS: list[dict[str, Any]] = [
    {"observable": "y", "goal": "maximize", "source": "cell"},
    {"observable": "early", "goal": "minimize", "source": "cell", "reference": 3.0},
]


def several(spec: dict[str, Any]) -> dict[str, Any]:
    spec.pop("objective")
    return {**spec, "objectives": GOALS}


def test_objectives_take_the_place_of_objective(spec: dict[str, Any]) -> None:
    campaign = parse(Campaign, several(spec), "small.yaml")
    assert [g.observable for g in campaign.goals] == ["y", "early"]
    assert campaign.objective == campaign.objectives[0]
    assert not campaign.is_plain
    again = Campaign.model_validate_json(campaign.model_dump_json())
    assert again == campaign


def test_one_objective_stays_as_it_was(spec: dict[str, Any]) -> None:
    campaign = parse(Campaign, spec, "small.yaml")
    assert campaign.goals == (campaign.objective,)
    assert campaign.is_plain


def test_a_requirement_converts_its_unit(spec: dict[str, Any]) -> None:
    spec["requirements"] = {"y": {"at_least": 1500.0, "unit": "millivolt"}}
    campaign = parse(Campaign, spec, "small.yaml")
    low, high = campaign.requirements["y"].window("volt")
    assert low == pytest.approx(1.5)
    assert high == float("inf")
    assert campaign.requirements["y"].holds(1.5, "volt")
    assert not campaign.requirements["y"].holds(1.49, "volt")
    assert not campaign.is_plain


def test_a_bound_is_written_with_its_own_unit() -> None:
    both = Requirement(at_least=1, at_most=2, unit="kilogram")
    assert both.text("m", "gram") == "m >= 1 kilogram and m <= 2 kilogram"
    assert Requirement(at_most=0.1).text("eta", "volt") == "eta <= 0.1 volt"


REFUSED: list[tuple[str, Any, list[str]]] = [
    ("objectives", GOALS, ["objectives", "remove"]),
    ("objective.reference", 1.0, ["objective.reference", "requirements"]),
    ("requirements.z", {"at_most": 1.0}, ["requirements.z", "'early'", "'y'"]),
    ("requirements.y", {}, ["requirements.y", "at_least"]),
    ("requirements.y", {"at_least": 2, "at_most": 1}, ["at_least 2", "below"]),
    ("requirements.y", {"at_most": 1, "unit": "gram"}, ["requirements.y.unit"]),
    ("requirements.y", {"at_most": 1, "probability": 1.0}, ["probability"]),
    ("requirements.y", {"at_most": float("nan")}, ["at_most"]),
]


@pytest.mark.parametrize(("path", "value", "said"), REFUSED)
def test_what_does_not_fit_is_refused(
    refusal: Any, path: str, value: Any, said: list[str]
) -> None:
    message = refusal(path, value)
    for part in said:
        assert part in message


TWISTED: list[tuple[str, Any, str]] = [
    ("source", "model", "one source"),
    ("observable", "y", "stands twice"),
    ("observable", "none", "objectives.1.observable"),
    ("reference", float("inf"), "reference"),
]


@pytest.mark.parametrize(("key", "value", "said"), TWISTED)
def test_objectives_that_do_not_fit_are_refused(
    spec: dict[str, Any], key: str, value: Any, said: str
) -> None:
    data = several(spec)
    data["objectives"] = [GOALS[0], {**GOALS[1], key: value}]
    with pytest.raises(SpecError, match=said):
        parse(Campaign, data, "small.yaml")


def test_a_single_entry_is_no_list(spec: dict[str, Any]) -> None:
    data = several(spec)
    data["objectives"] = GOALS[:1]
    with pytest.raises(SpecError, match="write it as objective"):
        parse(Campaign, data, "small.yaml")


def test_a_predictor_is_refused(spec: dict[str, Any]) -> None:
    spec["requirements"] = {"y": {"at_least": 1.0}}
    spec["predictor"] = {"predicts": "y", "early": ["early"]}
    with pytest.raises(SpecError, match="predictor: does not go with requirements"):
        parse(Campaign, spec, "small.yaml")


def test_an_open_end_is_refused(spec: dict[str, Any]) -> None:
    data = several(spec)
    cell = data["sources"]["cell"]
    del cell["cost"]
    cell |= {"cost_per_age": {"EUR": 1.0}, "longest_age": 10.0}
    with pytest.raises(SpecError, match=r"sources\.cell\.until_age"):
        parse(Campaign, data, "small.yaml")


def test_a_bound_without_logarithm_is_refused(spec: dict[str, Any]) -> None:
    spec["observables"]["y"] = {"unit": "volt", "low": 0, "log": True}
    spec["requirements"] = {"y": {"at_most": 0.0}}
    with pytest.raises(SpecError, match="no logarithm"):
        parse(Campaign, spec, "small.yaml")
