"""What every training shows while it runs and leaves behind when it ends."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bigloop.cli.output import PLAIN_EVERY_S, say


class ProgressLine:
    """One line that is written over on a terminal, one now and then elsewhere."""

    def __init__(self) -> None:
        self._said = 0.0

    def show(self, text: str) -> None:
        """Where it stands now."""
        if sys.stderr.isatty():
            print(f"\r{text}  ", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._said >= PLAIN_EVERY_S:
            self._said = time.monotonic()
            say(text)

    def end(self) -> None:
        """Leave the line, so that what follows begins on its own."""
        if sys.stderr.isatty():
            print(file=sys.stderr)


def write_model(out: Path, content: bytes, report: Mapping[str, Any]) -> list[Path]:
    """Write a model file and the report beside it, each whole or not at all.

    Returns:
        Both paths.
    """
    beside = report_path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    for path, body in (
        (out, content),
        (beside, (json.dumps(report, indent=1) + "\n").encode()),
    ):
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(body)
        part.replace(path)
    return [out, beside]


def report_path(model: Path) -> Path:
    """Where the report of a model file is."""
    return model.with_suffix(".json")
