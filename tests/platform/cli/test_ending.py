"""A run that is told to end, by SIGTERM as by Ctrl-C, with Ray's processes below it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bigloop.contracts import TrialState
from bigloop.db import Store

CAMPAIGN = """\
kind: campaign
version: 1
name: endless
agent: random
parameters:
  x: {low: 0, high: 1}
observables:
  y: {unit: ""}
objective: {observable: y, goal: minimize, source: exact}
sources:
  exact: {simulator: forrester, observes: [y], cost: {core_second: 1}}
budget: {core_second: 1000000}
approval:
  - {action: approve}
"""


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_run_on_ray_ends_after_what_runs(tmp_path: Path, number: int) -> None:
    file = tmp_path / "endless.yaml"
    file.write_text(CAMPAIGN)
    folder = tmp_path / "folder"
    line = [sys.executable, "-c", "from bigloop.cli import main; exit(main())"]
    line += ["--folder", str(folder), "run", str(file), "--executor", "ray"]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any(text.startswith("completed") for text in process.stdout)
        process.send_signal(number)
        out, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert error == "ending after this step; Ctrl-C again ends at once\n"
    assert "interrupted; the same command goes on" in out
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        held = (TrialState.CLAIMED, TrialState.RUNNING)
        assert store.trials("endless", held) == []
        assert store.verify().problems == ()
