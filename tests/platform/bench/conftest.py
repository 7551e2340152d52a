"""A small table with a known answer, and its benchmark document."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def rows() -> list[tuple[str, str, str, str]]:
    """12 designs, `rate` x `salt`; the best is 3 with FSI: 100 - (3-3)^2 + 10."""
    found = []
    for rate in range(6):
        for salt, more in (("FSI", 10), ("TFSI", 0)):
            life = 100 - (rate - 3) ** 2 + more
            found.append((str(rate), salt, str(life), str(life - rate / 2)))
    return found


def write(folder: Path, lines: list[tuple[str, str, str, str]]) -> Path:
    """The table and its document in a folder; the path of the document."""
    text = "rate,salt,life,guess\n" + "".join(",".join(row) + "\n" for row in lines)
    (folder / "smoke.csv").write_text(text)
    shutil.copy(HERE / "smoke.yaml", folder / "smoke.yaml")
    return folder / "smoke.yaml"


@pytest.fixture
def smoke(tmp_path: Path) -> Path:
    return write(tmp_path, rows())
