"""What a loop tells whoever watches it; called from the loop's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bigloop.contracts import Account, ModelVersion, Recommendation, Trial


class Ending(StrEnum):
    """Why a loop came back."""

    FINISHED = "finished"
    """Budget used, target reached, or nothing left that is worth its cost."""
    WAITING = "waiting"
    """Nothing can go on before a person decides."""
    INTERRUPTED = "interrupted"
    """Asked to stop; the campaign can be resumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a campaign stands."""

    n_trials: int
    n_running: int
    n_waiting: int
    n_failed: int
    accounts: dict[str, Account] = field(default_factory=dict)
    recommendation: Recommendation | None = None


class Watcher(Protocol):
    """Told of everything that happens; must return quickly and never raise."""

    def proposed(self, trial: Trial) -> None:
        """A proposal was recorded, with its decision and its state."""
        ...

    def ended(self, trial: Trial) -> None:
        """The result of a trial was taken in."""
        ...

    def trained(self, version: ModelVersion) -> None:
        """A predictor was trained; its status says whether it is champion."""
        ...

    def waiting(self, trials: Sequence[Trial]) -> None:
        """These trials wait for a person and nothing else can be done."""
        ...

    def note(self, text: str) -> None:
        """Something that a person should know, in one line."""
        ...

    def progress(self, progress: Progress) -> None:
        """Where the campaign stands, after every step."""
        ...


class Silent:
    """A watcher that says nothing."""

    def proposed(self, trial: Trial) -> None:
        """Nothing."""

    def ended(self, trial: Trial) -> None:
        """Nothing."""

    def trained(self, version: ModelVersion) -> None:
        """Nothing."""

    def waiting(self, trials: Sequence[Trial]) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""
