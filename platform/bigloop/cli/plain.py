"""A watcher that prints a line an event: for logs, pipes and `grep`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bigloop.cli.event_lines import ended_line, proposed_line, trained_line
from bigloop.contracts import Campaign, ModelVersion, Trial, TrialState
from bigloop.loop.watcher import Progress


class PlainWatcher:
    """Prints to stdout; a closed pipe ends the printing, never the campaign."""

    def __init__(self, spec: Campaign) -> None:
        self._spec = spec
        self._is_open = True
        self._waiting: set[str] = set()

    def proposed(self, trial: Trial) -> None:
        """One line."""
        self._print(proposed_line(self._spec, trial))

    def ended(self, trial: Trial) -> None:
        """One line."""
        self._print(ended_line(trial))

    def trained(self, version: ModelVersion) -> None:
        """One line."""
        self._print(trained_line(version))

    def waiting(self, trials: Sequence[Trial]) -> None:
        """One line, once for each trial that waits."""
        found = {t.id for t in trials if t.state == TrialState.AWAITING_APPROVAL}
        if found - self._waiting:
            shown = " ".join(trial.id[:8] for trial in trials)
            self._print(f"waiting for a person: {shown}; bigloop queue")
        self._waiting = found

    def note(self, text: str) -> None:
        """One line."""
        self._print(f"note {text}")

    def progress(self, progress: Progress) -> None:
        """Nothing: every change has its line already."""

    def _print(self, line: str) -> None:
        if not self._is_open:
            return
        try:
            print(" ".join(line.split()), flush=True)
        except (BrokenPipeError, ValueError):
            self._is_open = False
            sys.stdout = sys.__stderr__ or sys.stderr
