"""How far a benchmark is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from bigloop.cli.output import PLAIN_EVERY_S


class RunsProgress:
    """Counts runs; writes to stderr, so that stdout holds the result alone."""

    def __init__(self, n_runs: int, n_done: int) -> None:
        self._n, self._done, self._before = n_runs, n_done, n_done
        self._began = self._said = time.monotonic()
        self._bar = self._new_bar() if sys.stderr.isatty() else None

    def __enter__(self) -> RunsProgress:
        """Show the bar."""
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._n, completed=self._done)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it as it is."""
        if self._bar is not None:
            self._bar.stop()

    def advance(self, what: str) -> None:
        """One more run; `what` names it."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=what)
        elif time.monotonic() - self._said >= PLAIN_EVERY_S:
            self._said = time.monotonic()
            print(self._line(what), file=sys.stderr, flush=True)

    def _line(self, what: str) -> str:
        spent = time.monotonic() - self._began
        rest = (self._n - self._done) * spent / (self._done - self._before)
        return (
            f"{self._done} of {self._n} runs ({what}), about {rest / 60:.0f} min left"
        )

    def _new_bar(self) -> Any:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        return Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
        )
