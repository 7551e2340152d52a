from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bigloop.bench.spec import Benchmark, read_benchmark
from bigloop.contracts import SpecError, parse

ROOT = Path(__file__).parents[3]
PROBLEMS = sorted((ROOT / "benchmarks" / "problems").glob("*.yaml"))

TABLE: dict[str, Any] = {
    "name": "t",
    "data": {"file": "t.csv"},
    "parameters": {"x": {"column": "x"}},
    "objective": {"column": "y"},
    "budget": {"trials": 5},
}
FUNCTION: dict[str, Any] = {"name": "f", "problem": "Branin", "budget": {"trials": 5}}


def test_a_table_without_sources_has_one_at_cost_one() -> None:
    spec = Benchmark.model_validate(TABLE)
    assert spec.target == "experiment"
    assert spec.priced["experiment"].cost == 1
    assert spec.limit == 5


def test_trials_are_counted_at_the_price_of_the_target() -> None:
    sources = {"a": {"column": "y", "cost": 3}, "b": {"column": "z", "cost": 1}}
    spec = Benchmark.model_validate(TABLE | {"sources": sources})
    assert (spec.target, spec.limit) == ("a", 15)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data": None}, "exactly one of data"),
        ({"problem": "Branin"}, "exactly one of data"),
        ({"parameters": {}}, "parameters: is empty"),
        ({"objective": None}, "objective: is missing"),
        ({"noise_sd": 1.0}, "noise_sd: a table"),
        (
            {"constraints": {"c": {"expression": "x + w", "at_most": 1}}},
            "constraints.c: parameter 'w' is not declared",
        ),
        ({"sources": {"a": {"column": "z", "cost": 1}}}, "0 of them"),
        ({"sources": {"a": {"cost": 1}}}, "needs column"),
        ({"sources": {"a": {"column": "y", "cost": 0}}}, "sources.a.cost"),
        ({"budget": {}}, "exactly one of trials and cost"),
        ({"budget": {"cost": 0.5}}, "does not pay for one result"),
        ({"currency": "shilling"}, "unit 'shilling' is not known"),
        ({"parameters": {"x": {"column": "x", "unit": "furz"}}}, "unit 'furz'"),
        ({"parameters": {"x": {"column": "x", "pattern": "("}}}, "mend it"),
        ({"parameters": {"x": {"column": "x", "pattern": "a"}}}, "0 groups"),
        ({"parameters": {"x": {"column": "x", "rol": "number"}}}, "mean 'role'"),
        (
            {"parameters": {"x": {"column": "x", "role": "choice", "log": True}}},
            "neither unit nor log",
        ),
        ({"data": {"file": "t.csv", "where": {"x": {}}}}, "either one_of"),
        ({"data": {"file": "t.csv", "header": ["x", "x"]}}, "stands twice"),
    ],
)
def test_a_wrong_table_is_one_line(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse(Benchmark, TABLE | change, "t.yaml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objective": {"column": "y"}}, "brings its parameters"),
        ({"sources": {"a": {"column": "y", "cost": 1}}}, "needs function"),
        ({"sources": {"a": {"function": "low", "cost": 1}}}, "0 of them are the true"),
        (
            {"sources": {"a": {"function": "true", "fidelity": 1, "cost": 1}}},
            "sources.a.fidelity",
        ),
    ],
)
def test_a_wrong_function_is_one_line(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=r"(?s)^f.yaml: ") as caught:
        parse(Benchmark, FUNCTION | change, "f.yaml")
    assert said in str(caught.value)


def test_texts_and_seeds_do_not_decide_about_a_run() -> None:
    content = Benchmark.model_validate(TABLE).content
    same = TABLE | {"title": "T", "description": "D", "seeds": 3, "batch": 1}
    assert Benchmark.model_validate(same).content == content
    for other in ({"batch": 2}, {"budget": {"trials": 6}}, {"replicates": "mean"}):
        assert Benchmark.model_validate(TABLE | other).content != content


def test_the_problems_of_the_repository_are_right() -> None:
    import jsonschema

    assert len(PROBLEMS) >= 18
    schema = Benchmark.model_json_schema()
    for path in PROBLEMS:
        assert read_benchmark(path).name == path.stem
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)


def test_the_schema_in_the_docs_is_current() -> None:
    path = ROOT / "docs" / "reference" / "benchmark.schema.json"
    assert json.loads(path.read_text()) == Benchmark.model_json_schema(), (
        "run `make schema`"
    )
