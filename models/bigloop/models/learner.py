"""What trains the model behind a source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from bigloop.contracts import Learning, TrainingRow
from bigloop.models.lesson import Lesson, Task
from bigloop.models.scores import Held


@runtime_checkable
class Learner(Protocol):
    """Trains and judges; an entry point in `bigloop.models` that `learns.model` names.

    Built with `learns.options`, for one training or for judging.
    """

    def check(self, content: bytes) -> None:
        """Whether a file may be a version that a campaign begins with.

        Raises:
            SpecError: it is no such model, or of another architecture.
        """
        ...

    def learn(self, task: Task, learns: Learning, seed: int, device: str) -> Lesson:
        """A new version, judged against the champion on runs that neither was told.

        Raises:
            SpecError: too few rows, or nothing that varies.
            DivergenceError: the training diverged.
        """
        ...

    def judge(
        self, content: bytes, rows: Sequence[TrainingRow], task: Task
    ) -> list[list[Held]]:
        """What a version says of runs: for each run, one entry a property.

        Raises:
            SpecError: the file, or that of a run, cannot be read.
        """
        ...
