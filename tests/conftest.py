"""How tests run here: a busy machine is no failure, a missing browser is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

settings.register_profile(
    "bigloop", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("bigloop")


TRAINED = ("tests/agents/inverse", "tests/models/interphase", "tests/models/prvae")
"""Folders whose tests share a model, which each process would train for itself."""


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Each file to one process; all that share a trained model to the same."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        folder = scope.rpartition("/")[0]
        return folder if folder in TRAINED else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """For `--dist loadfile`; the other ways stay as they are."""
    if config.getoption("dist") != "loadfile":
        return None
    return ByFile(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that the browser tests did not run."""
    missed = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "no Chromium was found" in str(report.longrepr)
    ]
    if missed:
        terminalreporter.section("THE PAGES WERE NOT TESTED", sep="!", red=True)
        terminalreporter.line(
            f"{len(missed)} browser tests did not run: no Chromium was found. Install "
            "one (apt-get install chromium, or playwright install chromium).",
            red=True,
        )
