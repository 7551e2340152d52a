"""The table document: round trip, and refusals that say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bigloop.contracts import SpecError, parse
from bigloop.simulators.table import TableSpec, read_spec

UNITS = st.sampled_from(["", "1/hour", "kelvin", "A*hour"])
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
# PyYAML itself does not write control and line separators so that it can read them.
TEXTS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"])
COLUMNS = st.text(TEXTS, min_size=1)


@st.composite
def specs(draw: st.DrawFn) -> TableSpec:
    ages = st.fixed_dictionaries({"end": COLUMNS, "unit": st.just("cycle")})
    age = draw(st.none() | ages)
    at = st.none() if age is None else st.none() | st.floats(1, 1e4)
    # "end " cannot be the age column by accident: it would tie the units together.
    observable = st.fixed_dictionaries(
        {"column": COLUMNS.map(lambda c: c + "*"), "unit": UNITS, "at": at}
    )
    number = st.fixed_dictionaries({"column": COLUMNS, "unit": UNITS})
    text = st.fixed_dictionaries({"column": COLUMNS, "type": st.just("text")})
    data: dict[str, Any] = {
        "name": draw(NAMES),
        "file": draw(COLUMNS),
        "specimen": draw(st.none() | COLUMNS),
        "batch": draw(st.none() | COLUMNS),
        "parameters": draw(st.dictionaries(NAMES, number | text, min_size=1)),
        "age": None if age is None else {**age, "end": age["end"] + "!"},
        "observables": draw(st.dictionaries(NAMES, observable, min_size=1)),
        "missing": draw(st.lists(st.text(TEXTS, max_size=4))),
        "duplicates": draw(st.sampled_from(["refuse", "keep", "drop"])),
    }
    return TableSpec.model_validate(data)


@given(specs())
def test_round_trip(spec: TableSpec) -> None:
    assert TableSpec.model_validate_json(spec.model_dump_json()) == spec
    text = yaml.safe_dump(spec.model_dump(mode="json"), allow_unicode=True)
    assert parse(TableSpec, yaml.safe_load(text), "here") == spec


GOOD: dict[str, Any] = {
    "name": "t",
    "file": "t.csv",
    "parameters": {"x": {"column": "x", "unit": "1/hour"}},
    "age": {"end": "n", "unit": "cycle"},
    "observables": {"life": {"column": "n", "unit": "cycle"}},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"specimens": "x"}, "specimens: unknown key; did you mean 'specimen'?"),
        ({"parameters": {"x": {"column": "x", "unit": "furlongs per"}}}, "unit"),
        ({"parameters": {"x": {"column": "x", "type": "text", "unit": "K"}}}, "text"),
        ({"parameters": {}}, "parameters"),
        ({"observables": {"life": {"column": "n", "unit": "hour"}}}, "does not fit"),
        (
            {"observables": {"life": {"column": "n", "unit": "cycle", "at": 3}}},
            "remove at",
        ),
        (
            {"age": None, "observables": {"y": {"column": "y", "at": 3}}},
            "the table has no age",
        ),
        ({"observables": {"y": {"column": "y", "at": -1}}}, "observables.y.at"),
        ({"header": ["a", "a"]}, "twice"),
        ({"file": None}, "file"),
    ],
)
def test_refused(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **change}), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
