"""Replay of measured specimens: ages, ends, censoring, failures, order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bigloop.contracts import FailureClass, Outcome, Request, SourceError, SpecError
from bigloop.contracts.protocols import Laboratory
from bigloop.simulators.table import TableLaboratory

SPEC: dict[str, Any] = {
    "name": "t",
    "file": "t.csv",
    "specimen": "cell",
    "batch": "batch",
    "parameters": {"x": {"column": "x", "unit": "1/hour"}},
    "age": {"end": "n", "unit": "cycle"},
    "observables": {
        "life": {"column": "n", "unit": "cycle"},
        "y": {"column": "y", "at": 10},
        "z": {"column": "z", "at": 50},
        "final": {"column": "w"},
    },
}
ROWS = """cell,batch,x,n,y,z,w
a,b1,1,100,0.5,5,7
b,b1,1,90,0.4,6,8
c,b1,1,80,0.3,7,9
d,b2,2,40,0.2,NA,NA
e,b2,3,200,NA,NA,NA
"""


@pytest.fixture
def table(tmp_path: Path) -> str:
    (tmp_path / "t.csv").write_text(ROWS)
    path = tmp_path / "t.yaml"
    path.write_text(yaml.safe_dump(SPEC))
    return str(path)


@pytest.fixture
def lab(table: str) -> TableLaboratory:
    return TableLaboratory(table)


def ask(trial: str, x: float = 1.0, **more: Any) -> Request:
    return Request(trial=trial, design={"x": x}, **more)


def values(outcome: Outcome) -> dict[str, float]:
    return {m.observable: m.value for m in outcome.measurements if not m.censored}


def test_is_a_laboratory(lab: TableLaboratory) -> None:
    assert isinstance(lab, Laboratory)
    capabilities = lab.capabilities()
    assert capabilities.parameters == {"x": "1/hour"}
    assert capabilities.observables == {"life": "cycle", "y": "", "z": "", "final": ""}
    assert capabilities.age_unit == "cycle"
    assert capabilities.is_physical


def test_the_stock_says_of_which_batch_a_design_is(table: str, tmp_path: Path) -> None:
    found = {s.design["x"]: s.batch for s in TableLaboratory(table).stock()}
    assert found == {1.0: "b1", 2.0: "b2", 3.0: "b2"}
    (tmp_path / "t.csv").write_text(ROWS.replace("b,b1,1", "b,b2,1"))
    found = {s.design["x"]: s.batch for s in TableLaboratory(table).stock()}
    assert found == {1.0: None, 2.0: "b2", 3.0: "b2"}


def test_to_the_end(lab: TableLaboratory) -> None:
    outcome = lab.evaluate(ask("1", specimen="a"))
    assert outcome.status == "success"
    assert values(outcome) == {"life": 100.0, "y": 0.5, "z": 5.0, "final": 7.0}
    assert {m.observable: m.age for m in outcome.measurements} == {
        "life": 100.0,
        "y": 10.0,
        "z": 50.0,
        "final": 100.0,
    }
    assert (outcome.specimen, outcome.batch) == ("a", "b1")
    assert (outcome.age, outcome.ended) == (100.0, True)
    assert outcome.executed == {"x": 1.0}
    assert outcome.cost == {}
    assert outcome.provenance["line"] == 2
    assert outcome.provenance["from_age"] == 0.0


def test_stopped_early_is_censored(lab: TableLaboratory) -> None:
    outcome = lab.evaluate(ask("1", specimen="a", until_age=10))
    assert values(outcome) == {"y": 0.5}
    (censored,) = [m for m in outcome.measurements if m.censored]
    assert (censored.observable, censored.value, censored.age) == ("life", 10.0, 10.0)
    assert (outcome.age, outcome.ended) == (10.0, False)


def test_stages_add_up_to_the_whole(lab: TableLaboratory, table: str) -> None:
    whole = values(TableLaboratory(table).evaluate(ask("1", specimen="a")))
    parts: list[dict[str, float]] = []
    for start, stop in [(0, 9), (9, 10), (10, 49), (49, 99), (99, None)]:
        request = ask(f"to{stop}", specimen="a", from_age=start, until_age=stop)
        parts.append(values(lab.evaluate(request)))
    assert [set(part) for part in parts] == [
        set(),
        {"y"},
        set(),
        {"z"},
        {"life", "final"},
    ]
    assert {k: v for part in parts for k, v in part.items()} == whole


def test_death_before_the_planned_age_is_data(lab: TableLaboratory) -> None:
    outcome = lab.evaluate(ask("1", x=2, until_age=50))
    assert outcome.status == "success"
    assert values(outcome) == {"life": 40.0, "y": 0.2}
    assert (outcome.age, outcome.ended) == (40.0, True)
    assert not any(m.censored for m in outcome.measurements)


def test_stopped_at_the_age_of_death_has_ended(lab: TableLaboratory) -> None:
    outcome = lab.evaluate(ask("1", x=2, until_age=40))
    assert outcome.ended
    assert values(outcome)["life"] == 40.0


def test_nothing_measured_is_a_failure_of_quality(table: str) -> None:
    spec = {**SPEC, "observables": {"y": SPEC["observables"]["y"]}}
    Path(table).write_text(yaml.safe_dump(spec))
    outcome = TableLaboratory(table).evaluate(ask("1", x=3, until_age=20))
    assert (outcome.status, outcome.failure) == ("failure", FailureClass.QUALITY)
    assert (outcome.age, outcome.specimen) == (20.0, "e")
    assert "y" in outcome.message


def test_nothing_due_is_no_failure(table: str) -> None:
    spec = {**SPEC, "observables": {"y": SPEC["observables"]["y"]}}
    Path(table).write_text(yaml.safe_dump(spec))
    outcome = TableLaboratory(table).evaluate(ask("1", x=3, until_age=5))
    assert (outcome.status, outcome.measurements) == ("success", ())


def test_unknown_design_names_the_nearest(lab: TableLaboratory) -> None:
    outcome = lab.evaluate(ask("1", x=2.2))
    assert outcome.failure is FailureClass.INPUT
    assert outcome.message == (
        "x 2.2 is not in table 't'; the nearest that was measured is x 2"
    )
    assert lab.runs("1") == 0


def test_rounding_on_the_way_is_forgiven(lab: TableLaboratory) -> None:
    outcome = lab.evaluate(ask("1", x=3.0 * (1 + 1e-15) + 1e-15))
    assert outcome.specimen == "e"
    assert outcome.executed == {"x": 3.0}


def test_out_of_specimens(lab: TableLaboratory) -> None:
    got = [lab.evaluate(ask(str(i))) for i in range(4)]
    assert {o.specimen for o in got[:3]} == {"a", "b", "c"}
    assert got[3].failure is FailureClass.EQUIPMENT
    assert "all 3 specimens of x 1" in got[3].message
    assert got[3].age is None


def order(table: str, seed: int) -> list[str | None]:
    lab = TableLaboratory(table, seed=seed)
    return [lab.evaluate(ask(str(i))).specimen for i in range(3)]


def test_order_follows_from_the_seed(table: str) -> None:
    orders = [order(table, seed) for seed in range(20)]
    assert orders == [order(table, seed) for seed in range(20)]
    assert len({tuple(o) for o in orders}) > 1


def test_order_does_not_depend_on_that_of_the_rows(table: str) -> None:
    before = [order(table, seed) for seed in range(5)]
    header, *rows = ROWS.splitlines()
    Path(table).with_suffix(".csv").write_text("\n".join([header, *rows[::-1]]))
    assert [order(table, seed) for seed in range(5)] == before


def test_stock_is_the_initial_one(lab: TableLaboratory) -> None:
    before = lab.stock()
    lab.evaluate(ask("1"))
    assert {(s.design["x"], s.specimens) for s in before} == {(1, 3), (2, 1), (3, 1)}
    assert lab.stock() == before


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (ask("2", specimen="d"), "not of this design"),
        (ask("2", specimen="nobody"), "not of this design"),
        (ask("2", specimen="a", from_age=20), "10 old, not 20"),
        (ask("2", specimen="a"), "10 old, not 0"),
        (ask("2", specimen="b", from_age=20), "0 old, not 20"),
        (ask("2", specimen="c", from_age=80), "has ended, at 80"),
    ],
)
def test_going_on_needs_the_right_specimen(
    lab: TableLaboratory, request_: Request, says: str
) -> None:
    lab.evaluate(ask("1", specimen="a", until_age=10))
    lab.evaluate(ask("0", specimen="c"))
    outcome = lab.evaluate(request_)
    assert outcome.failure is FailureClass.INPUT
    assert says in outcome.message
    assert lab.runs("2") == 0


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request(trial="1", design={"X": 1.0}), "not known here"),
        (Request(trial="1", design={}), "x missing"),
        (ask("1", from_age=5), "name the specimen"),
        (ask("1", from_age=-5), "0 or more"),
        (ask("1", specimen="a", from_age=5, until_age=5), "not above"),
    ],
)
def test_misuse_raises(lab: TableLaboratory, request_: Request, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        lab.evaluate(request_)


def test_a_table_without_ages(table: str) -> None:
    spec = {**SPEC, "age": None, "observables": {"y": {"column": "y"}}}
    Path(table).write_text(yaml.safe_dump(spec))
    lab = TableLaboratory(table)
    outcome = lab.evaluate(ask("1", x=2))
    assert (values(outcome), outcome.age, outcome.ended) == ({"y": 0.2}, None, True)
    with pytest.raises(SpecError, match="no ages"):
        lab.evaluate(ask("2", until_age=5))


def test_text_parameters(table: str) -> None:
    spec = {**SPEC, "parameters": {"salt": {"column": "batch", "type": "text"}}}
    Path(table).write_text(yaml.safe_dump(spec))
    lab = TableLaboratory(table)
    outcome = lab.evaluate(Request(trial="1", design={"salt": "b2"}))
    assert outcome.specimen in {"d", "e"}
    outcome = lab.evaluate(Request(trial="2", design={"salt": "b9"}))
    assert outcome.failure is FailureClass.INPUT


def test_unknown_table_lists_the_packaged() -> None:
    with pytest.raises(SpecError, match=r"severson2019.*did you mean 'severson2019'"):
        TableLaboratory("severson2018")


def test_a_changed_table_is_refused(table: str, tmp_path: Path) -> None:
    journal = str(tmp_path / "journal")
    TableLaboratory(table, journal=journal).journal.close()
    Path(table).with_suffix(".csv").write_text(ROWS.replace("100", "101"))
    with pytest.raises(SourceError, match="no longer the one"):
        TableLaboratory(table, journal=journal)
