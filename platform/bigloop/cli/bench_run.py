"""Running benchmarks: what is missing is made, what is there is shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bigloop.bench.crew import Task, perform
from bigloop.bench.figures import Figures, figures
from bigloop.bench.journal import Journal
from bigloop.bench.methods import find, why_not
from bigloop.bench.problem import Problem, campaign, load
from bigloop.bench.run import Run, key_of
from bigloop.cli.bench_progress import RunsProgress
from bigloop.contracts import SpecError


@dataclass(slots=True, kw_only=True)
class BenchRun:
    """One call of `bigloop bench`."""

    files: Sequence[Path]
    methods: Sequence[str]
    n_seeds: int | None
    first_seed: int
    n_processes: int
    journal: Journal
    skipped: list[str] = field(default_factory=list, init=False)
    """What was not run, and why."""
    is_stopping: bool = field(default=False, init=False)
    _problems: dict[Path, Problem] = field(default_factory=dict, init=False)
    _broken: list[Run] = field(default_factory=list, init=False)

    def prepare(self) -> None:
        """Read all documents and tables before anything runs.

        Raises:
            SpecError: a document or a table is wrong, or two have one name.
            NotFoundError: a method does not exist.
        """
        for name in self.methods:
            find(name)
        for file in self.files:
            self._problems[file] = load(file)
        names = [p.spec.name for p in self._problems.values()]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise SpecError(
                f"name: {min(twice)!r} is the name of two benchmarks; rename one"
            )

    def run(self) -> None:
        """Make the runs that the journal does not have."""
        tasks = self._tasks()
        todo = [task for task in tasks if self._key(task) not in self.journal.runs]
        with RunsProgress(len(tasks), len(tasks) - len(todo)) as progress:
            for run in perform(
                todo, self._problems, self.n_processes, lambda: self.is_stopping
            ):
                self.journal.add(run)
                self._failed(run)
                progress.advance(f"{run.benchmark} {run.method} seed {run.seed}")

    @property
    def n_missing(self) -> int:
        """Runs that were asked for and are not in the journal."""
        keys = [self._key(task) for task in self._tasks()]
        return sum(key not in self.journal.runs for key in keys)

    def stop(self) -> None:
        """End before the next ask; what is finished is kept."""
        self.is_stopping = True

    def figures(self) -> list[Figures]:
        """The figures of every benchmark that has runs."""
        found = []
        tasks = self._tasks()
        for file, problem in self._problems.items():
            keys = [self._key(task) for task in tasks if task.path == file]
            runs = [self.journal.runs[k] for k in keys if k in self.journal.runs]
            runs += [run for run in self._broken if run.key in keys]
            if runs:
                found.append(figures(problem, runs))
        return found

    def _failed(self, run: Run) -> None:
        if run.error:
            self._broken.append(run)
            print(
                f"{run.benchmark}: {run.method} broke down at seed {run.seed} "
                f"({run.error})",
                file=sys.stderr,
            )

    def _key(self, task: Task) -> str:
        return key_of(self._problems[task.path], task.method, task.seed)

    def _tasks(self) -> list[Task]:
        """Seed by seed, so that an interrupted benchmark compares equal seeds."""
        self.skipped.clear()
        tasks = []
        for file, problem in self._problems.items():
            able = [name for name in self.methods if self._is_able(name, problem)]
            n = self.n_seeds or problem.spec.seeds
            for seed in range(self.first_seed, self.first_seed + n):
                tasks += [Task(path=file, method=m, seed=seed) for m in able]
        return tasks

    def _is_able(self, name: str, problem: Problem) -> bool:
        reason = why_not(name, campaign(problem, 0))
        if reason is not None:
            self.skipped.append(f"{problem.spec.name}: {name} is skipped: {reason}")
        return reason is None
