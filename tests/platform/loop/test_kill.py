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
        [*command, *options], capture_output=True, text=True, timeout=900
    )


def is_clean(found: subprocess.CompletedProcess[str]) -> bool:
    assert found.returncode == 0, found.stdout + found.stderr[-2000:]
    return found.stdout.splitlines()[-1] == "clean"


def test_kills_of_loop_and_worker_change_nothing(
    base: Path, campaign: Campaign
) -> None:
    options = ["--kills", "3", "--per-campaign", "3", "--modes", "worker"]
    assert is_clean(kill(base, *options, "--pace-s", "0.1"))


@pytest.mark.slow
def test_kills_of_a_loop_that_works_change_nothing(
    base: Path, campaign: Campaign
) -> None:
    options = ["--kills", "4", "--per-campaign", "4", "--modes", "loop"]
    assert is_clean(kill(base, *options))


@pytest.mark.slow
def test_without_the_protection_trials_run_twice(
    base: Path, campaign: Campaign
) -> None:
    """The control: if it were clean, the tests above would prove nothing."""
    options = ["--kills", "8", "--per-campaign", "8", "--modes", "loop", "--control"]
    found = kill(base, *options, "--pace-s", "0.5")
    assert found.returncode == 1, found.stdout + found.stderr[-2000:]
    assert '"double": 0' not in found.stdout
