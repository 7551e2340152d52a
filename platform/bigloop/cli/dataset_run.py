"""Making a data set shard by shard, in this process or on Ray."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigloop.cli.output import PLAIN_EVERY_S, say
from bigloop.contracts import SourceError
from bigloop.simulators.sei import dataset
from bigloop.simulators.sei.dataset import Settings


@dataclass(slots=True)
class DatasetRun:
    """One call of `bigloop dataset sei`."""

    settings: Settings
    folder: Path
    executor: str
    ray_address: str = ""
    is_stopping: bool = field(default=False, init=False)

    def run(self) -> bool:
        """Make what is missing; whether the data set is complete now."""
        found = dataset.begin(self.settings, self.folder)
        stored = dataset.read_manifest(self.folder)
        if not found and stored is not None and stored["complete"]:
            say(f"{self.folder}: complete, {self.settings.n} runs; nothing to do")
            return True
        before = self.settings.n_shards - len(found)
        if before:
            say(f"{self.folder}: {before} of {self.settings.n_shards} shards are there")
        self._make(found)
        if self.is_stopping and dataset.begin(self.settings, self.folder):
            say(f"{self.folder}: interrupted; the same command goes on")
            return False
        manifest = dataset.finish(self.settings, self.folder)
        ends = ", ".join(f"{n} by {end}" for end, n in manifest["ends"].items())
        say(f"{self.folder}: complete, {self.settings.n} runs; ended {ends}")
        return True

    def stop(self) -> None:
        """End after the shards that are running."""
        self.is_stopping = True

    def _make(self, shards: Sequence[int]) -> None:
        done_before = self.settings.n_shards - len(shards)
        on_ray = self.executor == "ray"
        made = self._on_ray(shards) if on_ray else self._here(shards)
        with _Progress(self.settings, done_before) as progress:
            for events in made:
                progress.advance(events)

    def _here(self, shards: Sequence[int]) -> Iterator[int]:
        for shard in shards:
            if self.is_stopping:
                return
            yield dataset.make_shard(self.settings, self.folder, shard)

    def _on_ray(self, shards: Sequence[int]) -> Iterator[int]:
        from bigloop.loop.cluster import connect

        ray = connect(self.ray_address)
        task = ray.remote(max_retries=0, num_cpus=1)(dataset.make_shard)
        # Two a core keep every core busy; all at once would fill the memory of Ray.
        most = 2 * max(1, int(ray.cluster_resources().get("CPU", os.cpu_count() or 1)))
        left, running = list(shards), list[Any]()
        folder = self.folder.absolute()
        while left or running:
            while left and len(running) < most and not self.is_stopping:
                running.append(task.remote(self.settings, folder, left.pop(0)))
            if not running:
                return
            (ready,), running = ray.wait(running, num_returns=1)
            try:
                yield ray.get(ready)
            except ray.exceptions.RayError as error:
                name = type(error).__name__
                raise SourceError(
                    f"a worker of Ray failed ({name}); the same command goes on"
                ) from error


class _Progress:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, settings: Settings, done: int) -> None:
        self._settings, self._done, self._before = settings, done, done
        self._began = self._said = time.monotonic()
        self._events = 0
        self._bar = self._new_bar() if sys.stderr.isatty() else None

    def __enter__(self) -> _Progress:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task(
                "shards", total=self._settings.n_shards, completed=self._done
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, events: int) -> None:
        """One more shard."""
        self._done, self._events = self._done + 1, self._events + events
        if self._bar is not None:
            self._bar.update(self._task, advance=1)
        elif time.monotonic() - self._said >= PLAIN_EVERY_S:
            self._said = time.monotonic()
            say(self._line())

    def _line(self) -> str:
        spent = time.monotonic() - self._began
        left = self._settings.n_shards - self._done
        rest = left * spent / (self._done - self._before)
        return (
            f"{self._done} of {self._settings.n_shards} shards, "
            f"{self._events / spent / 1e6:.1f} million events a second, "
            f"about {rest / 60:.0f} min left"
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
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
