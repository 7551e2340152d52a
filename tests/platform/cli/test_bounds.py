"""Constraints without a value: one line, or not satisfied, and never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

NOWHERE = [
    "exp(1000 + x)",
    "1/(x - x)",
    "log(0 - x)",
    "log(0*x)",
    "sqrt(x - 2)",
    "(0 - 1 - x)**0.5",
    "9**9**9*x",
    "0**(0 - 1 - x)",
    "abs((0 - 1 - x)**0.5)",
    "exp(800 + x) - exp(800 + x)",
    "1e308*(x + 1)*10 - 1e308*(x + 1)*10",
    "exp",
    "exp(x, z)",
    "log()",
    "x / 'z'",
    "+".join(["x"] * 900),
]
SOMEWHERE = [
    "exp(1000*x)",
    "0 - exp(1000*x)",
    "1/(x - 1)",
    "x**(0 - 100)",
    "log(0.6 - x)",
    "sqrt(0.6 - x)",
    "max(1/x, log(x))",
    "x**z**x**z",
]


@pytest.fixture
def table(nowhere: Any, cells: Any) -> Any:
    nowhere.folder.mkdir()
    return cells(nowhere.folder)


def campaign(table: Any, *expressions: str, budget: int = 2) -> Path:
    """With constraints that keep everything that has a value."""
    lines = [
        f'  c{n}: {{expression: "{text}", at_most: 1e300, at_least: -1e300}}'
        for n, text in enumerate(expressions)
    ]
    goals = "\n".join([f"{table.one}agent: random\nconstraints:", *lines, ""])
    file: Path = table.write("one", goals, budget)
    return file


@pytest.mark.parametrize("text", NOWHERE)
@pytest.mark.parametrize("command", ["validate", "run"])
def test_what_has_a_value_nowhere_is_refused_in_one_line(
    nowhere: Any, table: Any, text: str, command: str
) -> None:
    file = campaign(table, text)
    answer = nowhere(command, file)
    assert answer.code == 2
    assert answer.err.startswith(f"error: {file}: constraints.c0")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("text", SOMEWHERE)
def test_what_has_a_value_somewhere_is_valid(
    nowhere: Any, table: Any, text: str
) -> None:
    file = campaign(table, text)
    answer = nowhere("validate", file)
    assert (answer.code, answer.err) == (0, "")


def test_designs_without_a_value_are_not_run(nowhere: Any, table: Any) -> None:
    """Of the grid, x = 0.25 and 0.5 alone have a value in all of them."""
    file = campaign(table, *SOMEWHERE, budget=12)
    answer = nowhere("run", file, "--executor", "in-process")
    assert answer.code == 0, answer.err
    found = nowhere("export", "--what", "trials", "--to", table.folder / "t.csv")
    assert found.code == 0
    rows = (table.folder / "t.csv").read_text().splitlines()
    head = rows[0].split(",")
    tried = {float(r.split(",")[head.index("x")]) for r in rows[1:]}
    assert tried == {0.25, 0.5}
    first = nowhere("edit", rows[1].split(",")[0], "--set", "x=1", "--reason", "try")
    assert first.code in (2, 3)
    assert first.err.count("\n") == 1


def test_a_stock_without_a_design_that_has_a_value_is_told(
    nowhere: Any, table: Any
) -> None:
    file = campaign(table, "sqrt(0.01 - (x - 0.125)**2)")
    answer = nowhere("run", file, "--executor", "in-process")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert (
        "none of 25 designs keeps the constraints; of the first, c0 has" in answer.err
    )
