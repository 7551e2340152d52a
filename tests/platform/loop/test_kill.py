"""A few kills of the hundred that `make kill` does, and the control."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bigloop.contracts import Campaign

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "kill.py"


def kill(base: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--campaign", str(base / "campaign.yaml")]
    return subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=280
    )


@pytest.mark.parametrize("mode", ["loop", "worker"])
def test_kills_change_nothing(base: Path, campaign: Campaign, mode: str) -> None:
    found = kill(base, "--kills", "4", "--per-campaign", "4", "--modes", mode)
    assert found.returncode == 0, found.stdout + found.stderr[-2000:]
    assert found.stdout.splitlines()[-1] == "clean"


def test_without_the_protection_trials_run_twice(
    base: Path, campaign: Campaign
) -> None:
    """The control: if it were clean, the tests above would prove nothing."""
    options = ["--kills", "8", "--per-campaign", "8", "--modes", "loop", "--control"]
    found = kill(base, *options, "--pace-s", "0.5")
    assert found.returncode == 1, found.stdout + found.stderr[-2000:]
    assert '"double": 0' not in found.stdout
