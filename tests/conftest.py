"""How tests run here: a busy machine is no failure, a missing browser is told."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "bigloop", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("bigloop")


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
