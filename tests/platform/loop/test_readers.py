"""The contract of every reader that is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bigloop.contracts import Measurement, Reader, ResultError, plugins

GOOD = [
    Measurement(observable="life", value=-1.5e-3, unit="cycle", sd=0.5, age=3.0),
    Measurement(observable="early", value=7, unit="", censored=True),
]


def written(name: str, folder: Path, found: list[dict[str, Any]]) -> Path:
    path = folder / f"result.{name}"
    if name == "json":
        path.write_text(json.dumps(found))
        return path
    columns = list(GOOD[0].model_dump())
    lines = [",".join(columns)]
    for row in found:
        cells = ("" if row.get(c) is None else str(row[c]) for c in columns)
        lines.append(",".join(cells))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(params=plugins.available("readers"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reader(name: str) -> Reader:
    found = plugins.load("readers", name)()
    assert isinstance(found, Reader)
    return found


def test_there_are_the_two_that_come_with_it() -> None:
    assert {"csv", "json"} <= set(plugins.available("readers"))


def test_what_was_written_is_read(name: str, reader: Reader, tmp_path: Path) -> None:
    path = written(name, tmp_path, [m.model_dump() for m in GOOD])
    assert reader.read(path) == GOOD
    assert reader.read(path) == GOOD


@pytest.mark.parametrize(
    "change",
    [
        {"value": "long"},
        {"value": "NaN"},
        {"value": None},
        {"sd": -1.0},
        {"age": -1.0},
        {"censored": "perhaps"},
        {"observable": None},
    ],
)
def test_what_is_wrong_is_refused_in_one_line(
    name: str, reader: Reader, tmp_path: Path, change: dict[str, Any]
) -> None:
    path = written(name, tmp_path, [{**GOOD[0].model_dump(), **change}])
    with pytest.raises(ResultError) as refused:
        reader.read(path)
    text = str(refused.value)
    assert text.startswith(path.name)
    assert "\n" not in text


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{}", b"[]", b"a;b\n1;2"])
def test_what_is_no_such_file_is_refused(
    name: str, reader: Reader, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / f"x.{name}"
    path.write_bytes(content)
    with pytest.raises(ResultError, match=path.name):
        reader.read(path)


def test_a_file_that_is_missing_is_refused(reader: Reader, name: str) -> None:
    with pytest.raises(ResultError, match="check the path"):
        reader.read(Path(f"nowhere.{name}"))
