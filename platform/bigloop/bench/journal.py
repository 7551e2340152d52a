"""Finished runs, one JSON line each: what is there is not run again."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from bigloop.bench.run import Run
from bigloop.contracts import SpecError

_FILE = "runs.jsonl"


class Journal:
    """A file that only grows; written by one process.

    A line that a crash cut short is passed over, and its run made again.

    Args:
        folder: where `runs.jsonl` is, or will be.

    Raises:
        SpecError: the folder or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / _FILE
        self.runs: dict[str, Run] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(
                f"--journal: {self.path}: cannot be used ({error}); give another folder"
            ) from None
        for line in text.splitlines():
            self._take(line)
        self._is_cut = bool(text) and not text.endswith("\n")

    def _take(self, line: str) -> None:
        try:
            run = Run.model_validate_json(line)
        except ValidationError:
            return
        if not run.error:
            self.runs[run.key] = run

    def add(self, run: Run) -> None:
        """Write a run down before anything else happens."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n" * self._is_cut + run.model_dump_json() + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._is_cut = False
        if not run.error:
            self.runs[run.key] = run
