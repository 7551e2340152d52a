"""A watcher that redraws the terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from bigloop.cli.event_lines import ended_line, proposed_line, trained_line
from bigloop.cli.screen import screen
from bigloop.contracts import Campaign, ModelVersion, Trial
from bigloop.loop.watcher import Progress

_REMEMBERED = 50
_PER_SECOND = 4


class LiveWatcher:
    """Draws the standing of a campaign in place while its block runs."""

    def __init__(self, spec: Campaign, console: Console) -> None:
        self._spec = spec
        self._progress: Progress | None = None
        self._recent: deque[Text] = deque(maxlen=_REMEMBERED)
        self._live = Live(
            self,
            console=console,
            refresh_per_second=_PER_SECOND,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Draw once more and leave the cursor below."""
        self._live.stop()

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """The screen at its present size; called by the drawing thread."""
        height = max(1, console.size.height - 1)
        recent = tuple(self._recent)
        yield from screen(self._spec, self._progress, recent, options.max_width, height)

    def proposed(self, trial: Trial) -> None:
        """Remember a line."""
        self._recent.append(Text(proposed_line(self._spec, trial)))

    def ended(self, trial: Trial) -> None:
        """Remember a line; a failure in red."""
        style = "red" if trial.outcome is None or trial.outcome.failure else "green"
        self._recent.append(Text(ended_line(trial), style=style))

    def trained(self, version: ModelVersion) -> None:
        """Remember a line."""
        self._recent.append(Text(trained_line(version), style="magenta"))

    def waiting(self, trials: Sequence[Trial]) -> None:
        """Remember a line, once."""
        shown = " ".join(trial.id[:8] for trial in trials)
        line = f"waiting for a person: {shown}; in another terminal: bigloop queue"
        if not self._recent or self._recent[-1].plain != line:
            self._recent.append(Text(line, style="bold yellow"))

    def note(self, text: str) -> None:
        """Remember a line."""
        self._recent.append(Text(f"note {text}", style="dim"))

    def progress(self, progress: Progress) -> None:
        """Remember where the campaign stands."""
        self._progress = progress
