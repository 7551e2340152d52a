"""The example of the page runs as it stands there."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from bigloop.bench.problem import load
from bigloop.bench.run import run

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "benchmark-on-your-table.md"


@pytest.mark.parametrize("method", ["bigloop", "random"])
def test_the_example_runs(method: str, tmp_path: Path) -> None:
    blocks = dict(
        re.findall(r"^ *```(csv|yaml)\n(.*?)^ *```", PAGE.read_text(), re.M | re.S)
    )
    (tmp_path / "cells.csv").write_text(textwrap.dedent(blocks["csv"]))
    (tmp_path / "cells.yaml").write_text(blocks["yaml"])
    problem = load(tmp_path / "cells.yaml")
    assert "8 designs" in problem.notes
    found = run(problem, method, 0)
    assert found.error == ""
    assert found.recommended is not None
