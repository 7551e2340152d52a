"""Campaigns with several objectives and with requirements, on a table laboratory."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def table(nowhere: Any, cells: Any) -> Any:
    nowhere.folder.mkdir()
    return cells(nowhere.folder)


def run(shell: Any, table: Any, goals: str, name: str) -> Any:
    file = table.write(name, goals, 9)
    assert shell("validate", file).code == 0
    answer = shell("run", file, "--executor", "in-process")
    assert answer.code == 0, answer.err
    return answer


def bounded(table: Any, limit: str) -> str:
    goals: str = table.required(f"{{at_most: {limit}, unit: kilogram}}")
    return goals


def test_a_front_is_run_recommended_and_explained(nowhere: Any, table: Any) -> None:
    answer = run(nowhere, table, table.front, "front")
    assert "the compromise" in answer.out
    assert "beaten by no other that was tried" in answer.out
    found = nowhere("recommend", "--json").json
    assert len(found["front"]) > 1
    assert found["reference"]["mass"] == pytest.approx(9.0)
    assert sum(one["is_compromise"] for one in found["front"]) == 1
    status = nowhere("status")
    assert "not beaten; hypervolume" in status.out
    assert nowhere("status", "--json").json[0]["best"] is None
    last = found["front"][0]
    assert {e["observable"] for e in last["expected"]} == {"power", "mass"}
    trials = nowhere("export", "--what", "trials", "--to", table.folder / "t.csv")
    assert trials.code == 0
    trial = (table.folder / "t.csv").read_text().splitlines()[-1].split(",")[0]
    why = nowhere("why", trial).out
    assert "volume_gain" in why
    assert "reference_mass" in why


def test_a_requirement_is_kept_by_what_is_recommended(nowhere: Any, table: Any) -> None:
    answer = run(nowhere, table, bounded(table, "0.006"), "bound")
    assert "mass <= 0.006 kilogram holds with probability" in answer.out
    found = nowhere("recommend", "--json").json
    assert 4 + 3 * found["design"]["x"] + found["design"]["z"] <= 6.0
    assert found["p_feasible"] >= 0.9
    best = nowhere("status", "--json").json[0]["best"]
    assert 4 + 3 * best["design"]["x"] + best["design"]["z"] <= 6.0


def test_nothing_feasible_is_said(nowhere: Any, table: Any) -> None:
    answer = run(nowhere, table, bounded(table, "0.001"), "never")
    assert "none that keeps all requirements" in answer.out
    assert "none of 9 measured designs keeps all" in nowhere("status").out
    assert nowhere("recommend", "--json").out.strip() == "null"
