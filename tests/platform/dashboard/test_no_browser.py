from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_missing_browser_is_told_loudly() -> None:
    """Nowhere to look for a system's Chromium, and none of Playwright's."""
    env = {**os.environ, "PATH": "/nowhere", "PLAYWRIGHT_BROWSERS_PATH": "/nowhere"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("tests/platform/dashboard/browser", "-k", "keys_are_listed"),
        ],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "THE PAGES WERE NOT TESTED" in done.stdout
    assert "1 browser tests did not run" in done.stdout
