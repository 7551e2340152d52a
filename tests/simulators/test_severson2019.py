"""The packaged cells: counts of the study, and where the data come from."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

import pytest

from bigloop.simulators.table import Row, locate, packaged, read_table

FOLDER = files("bigloop.simulators") / "data" / "severson2019"
LIMIT_MIN = 10.1


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    return read_table(locate("severson2019")).rows


def t80_min(row: Row) -> float:
    c1, q1, c2 = (float(row.design[k]) for k in ("C1", "Q1", "C2"))
    return 60 * (q1 / c1 + (0.8 - q1) / c2)


def policies(rows: list[Row]) -> set[tuple[tuple[str, float | str], ...]]:
    return {tuple(row.design.items()) for row in rows}


def test_is_packaged() -> None:
    assert "severson2019" in packaged()
    for name in ("LICENSE", "SOURCE.md", "cells.csv", "table.yaml"):
        assert (FOLDER / name).is_file()
    assert "MIT License" in (FOLDER / "LICENSE").read_text()


def test_the_hash_is_that_of_the_source_note() -> None:
    known = re.findall(r"[0-9a-f]{64}", (FOLDER / "SOURCE.md").read_text())
    assert hashlib.sha256((FOLDER / "cells.csv").read_bytes()).hexdigest() in known


def test_the_exhaustive_study(rows: tuple[Row, ...]) -> None:
    assert len(rows) == 124
    assert len(policies(list(rows))) == 68
    assert sum(row.end or 0 for row in rows) == 99_403
    assert {row.batch for row in rows} == {"2017-05-12", "2017-06-30", "2018-04-12"}
    assert min(row.end or 0 for row in rows) == 148
    assert all(len(row.values) == 12 for row in rows)


def test_the_policies_that_are_fast_enough(rows: tuple[Row, ...]) -> None:
    fast = [row for row in rows if t80_min(row) <= LIMIT_MIN + 1e-9]
    assert len(policies(fast)) == 52
    assert len(fast) == 92
    assert sum(row.end or 0 for row in fast) == 65_110


def test_the_early_feature_predicts_life(rows: tuple[Row, ...]) -> None:
    """Severson et al. report r = -0.93 between log life and log var dQ."""
    from math import log10
    from statistics import correlation

    life = [log10(row.values["life"]) for row in rows]
    feature = [row.values["log10_var_dQ"] for row in rows]
    assert -0.95 < correlation(life, feature) < -0.90
