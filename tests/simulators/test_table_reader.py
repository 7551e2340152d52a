"""Bad tables: one line with file, line, column, value and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from bigloop.contracts import SpecError
from bigloop.simulators.table import Table, read_table

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
    },
}
GOOD = "cell,batch,x,n,y\na,b1,1,100,0.5\nb,b1,1,90,0.4\nc,,2,80,NA\n"


def write(folder: Path, content: bytes | str, **change: Any) -> Path:
    raw = content.encode() if isinstance(content, str) else content
    (folder / "t.csv").write_bytes(raw)
    path = folder / "t.yaml"
    path.write_text(yaml.safe_dump({**SPEC, **change}), encoding="utf-8")
    return path


def read(folder: Path, content: bytes | str, **change: Any) -> Table:
    return read_table(write(folder, content, **change))


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", " , "),
        GOOD + "\n",
    ],
    ids=["plain", "bom", "crlf", "spaces", "blank line"],
)
def test_good(tmp_path: Path, content: str) -> None:
    rows = read(tmp_path, content).rows
    assert [row.specimen for row in rows] == ["a", "b", "c"]
    assert [row.batch for row in rows] == ["b1", "b1", None]
    assert [row.line for row in rows] == [2, 3, 4]
    assert rows[0].values == {"life": 100.0, "y": 0.5}
    assert rows[2].values == {"life": 80.0}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", ["the file is empty"]),
        ("cell,batch,x,n,y\n", ["there are no rows"]),
        (
            GOOD.replace(",x,", ",X,"),
            ["parameters.x", "'x'", "there are cell, batch, X, n, y"],
        ),
        (GOOD.replace(",x,", ",b'x',"), ["b'x'", "bytes literal", "rename"]),
        (GOOD.replace(",", ";"), ["delimiter", "';'"]),
        (GOOD.replace(",x,", ",n,"), ["'n' stands twice"]),
        (GOOD + "d,b1,1,3\n", ["line 5", "4 cells under 5 columns"]),
        (GOOD + "d,b1,1,3,0,9\n", ["line 5", "6 cells under 5 columns"]),
        (GOOD + "d,b1,nan,3,1\n", ["line 5", "column 'x'", "'nan'", "finite"]),
        (GOOD + "d,b1,inf,3,1\n", ["line 5", "column 'x'", "'inf'"]),
        (GOOD + "d,b1,,3,1\n", ["line 5", "column 'x'", "''"]),
        (GOOD + 'd,b1,"1,5",3,1\n', ["line 5", "'1,5'", "point for the decimals"]),
        (GOOD + "d,b1,1_0,3,1\n", ["'1_0'"]),
        (GOOD + "d,b1,1,NaN,1\n", ["line 5", "column 'n'", "'NaN'"]),
        (GOOD + "d,b1,1,-3,1\n", ["line 5", "column 'n'", "'-3'", "above 0"]),
        (GOOD + "d,b1,1,3,inf\n", ["line 5", "column 'y'", "'inf'"]),
        (GOOD + "d,b1,1,3,<5\n", ["line 5", "column 'y'", "'<5'"]),
        (GOOD + "b,b1,1,3,0\n", ["line 5", "'b'", "line 3", "one row"]),
        (GOOD + ",b1,1,3,0\n", ["line 5", "column 'cell'", "missing"]),
        (GOOD + "c,,2,80,NA\n", ["line 5", "repeats line 4", "duplicates"]),
        (GOOD.encode("utf-16"), ["UTF-8"]),
        (GOOD + 'd,"b1,1,3,0\n', ["line 5"]),
    ],
)
def test_bad(tmp_path: Path, content: bytes | str, says: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, content)
    message = str(caught.value)
    assert str(tmp_path / "t.csv") in message
    assert "\n" not in message
    for part in says:
        assert part in message


def test_all_problems_are_counted(tmp_path: Path) -> None:
    bad = "".join(f"d{i},b1,oops,3,1\n" for i in range(10))
    with pytest.raises(SpecError, match=r"line 5.*line 6.*line 7.*and 7 more"):
        read(tmp_path, GOOD + bad)


def test_duplicates_by_choice(tmp_path: Path) -> None:
    again = GOOD + "c,,2,80,NA\n"
    assert len(read(tmp_path, again, duplicates="drop").rows) == 3
    kept = read(tmp_path, again, duplicates="keep", specimen=None)
    assert [row.specimen for row in kept.rows] == ["row2", "row3", "row4", "row5"]


def test_bytes_literals_can_be_asked_for(tmp_path: Path) -> None:
    parameters = {"x": {"column": "b'x'", "unit": "1/hour"}}
    table = read(tmp_path, GOOD.replace(",x,", ",b'x',"), parameters=parameters)
    assert table.rows[0].design == {"x": 1.0}


def test_without_header(tmp_path: Path) -> None:
    header, body = GOOD.split("\n", 1)
    rows = read(tmp_path, body, header=header.split(",")).rows
    assert [row.line for row in rows] == [1, 2, 3]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nothing\.csv"):
        read(tmp_path, GOOD, file="nothing.csv")


def test_parquet_is_the_same_table(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "cell": ["a", "b", "c"],
            "batch": ["b1", "b1", None],
            "x": [1.0, 1.0, 2.0],
            "n": [100, 90, 80],
            "y": [0.1 + 0.2, 0.4, None],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    rows = read(tmp_path, GOOD, file="t.parquet").rows
    assert [row.line for row in rows] == [1, 2, 3]
    assert rows[0].values == {"life": 100.0, "y": 0.1 + 0.2}
    assert rows[2].values == {"life": 80.0}
    (tmp_path / "t.parquet").write_text("no")
    with pytest.raises(SpecError, match="not a Parquet file"):
        read(tmp_path, GOOD, file="t.parquet")
