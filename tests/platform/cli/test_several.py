"""Campaigns with several objectives and with requirements, on a table laboratory."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

TABLE = """\
kind: table
version: 1
name: cells
file: cells.csv
specimen: cell
parameters:
  x: {column: x}
  z: {column: z}
observables:
  power: {column: power, unit: watt}
  mass: {column: mass, unit: gram}
"""
CAMPAIGN = """\
kind: campaign
version: 1
name: NAME
ahead: 0
parameters:
  x: {low: 0, high: 1}
  z: {low: 0, high: 1}
candidates: bench
observables:
  power: {unit: watt}
  mass: {unit: gram}
sources:
  bench:
    lab: table
    options: {table: table.yaml}
    observes: [power, mass]
    cost: {specimen: 1}
budget: {specimen: 9}
approval:
  - {action: approve}
"""
FRONT = """\
objectives:
  - {observable: power, goal: maximize, source: bench}
  - {observable: mass, goal: minimize, source: bench, reference: 9}
"""
BOUND = """\
objective: {observable: power, goal: maximize, source: bench}
requirements:
  mass: {at_most: LIMIT, unit: kilogram}
"""


@pytest.fixture
def place(nowhere: Any) -> Path:
    folder: Path = nowhere.folder
    folder.mkdir()
    grid = [i / 4 for i in range(5)]
    rows = [
        f"c{n},{x},{z},{1 - (x - 0.8) ** 2 - (z - 0.2) ** 2},{4 + 3 * x + z}"
        for n, (x, z) in enumerate(itertools.product(grid, grid))
    ]
    (folder / "cells.csv").write_text("\n".join(["cell,x,z,power,mass", *rows]))
    (folder / "table.yaml").write_text(TABLE)
    return folder


def run(shell: Any, place: Path, goals: str, name: str) -> Any:
    file = place / f"{name}.yaml"
    file.write_text(CAMPAIGN.replace("NAME", name) + goals)
    assert shell("validate", file).code == 0
    answer = shell("run", file, "--executor", "in-process")
    assert answer.code == 0, answer.err
    return answer


def test_a_front_is_run_recommended_and_explained(nowhere: Any, place: Path) -> None:
    answer = run(nowhere, place, FRONT, "front")
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
    trials = nowhere("export", "--what", "trials", "--to", place / "t.csv")
    assert trials.code == 0
    trial = (place / "t.csv").read_text().splitlines()[-1].split(",")[0]
    why = nowhere("why", trial).out
    assert "volume_gain" in why
    assert "reference_mass" in why


def test_a_requirement_is_kept_by_what_is_recommended(
    nowhere: Any, place: Path
) -> None:
    answer = run(nowhere, place, BOUND.replace("LIMIT", "0.006"), "bound")
    assert "mass <= 0.006 kilogram holds with probability" in answer.out
    found = nowhere("recommend", "--json").json
    assert 4 + 3 * found["design"]["x"] + found["design"]["z"] <= 6.0
    assert found["p_feasible"] >= 0.9
    best = nowhere("status", "--json").json[0]["best"]
    assert 4 + 3 * best["design"]["x"] + best["design"]["z"] <= 6.0


def test_nothing_feasible_is_said(nowhere: Any, place: Path) -> None:
    answer = run(nowhere, place, BOUND.replace("LIMIT", "0.001"), "never")
    assert "none that keeps all requirements" in answer.out
    assert "none of 9 measured designs keeps all" in nowhere("status").out
    assert nowhere("recommend", "--json").out.strip() == "null"
