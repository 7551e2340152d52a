from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bigloop.cli import main


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Calls the command line in this process, on one folder."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capture = folder, capture

    def __call__(self, *arguments: str | Path, before: Sequence[str] = ()) -> Answer:
        given = ["--folder", str(self.folder), "--as", "ann", *before]
        code = main([*given, *map(str, arguments)])
        out, err = self._capture.readouterr()
        return Answer(code, out, err)

    def ids(self, state: str) -> list[str]:
        rows = self("export", "--what", "trials", "--to", self.folder / "t.csv")
        assert rows.code == 0
        lines = (self.folder / "t.csv").read_text().splitlines()[1:]
        return [c[0] for line in lines if (c := line.split(","))[2] == state]


@pytest.fixture
def shell(
    filled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """On a copy of the filled store."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "copy"
    shutil.copytree(filled, folder)
    return Shell(folder, capsys)


@pytest.fixture
def nowhere(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """On a folder without a store."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path / "nothing", capsys)
