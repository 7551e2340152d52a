"""Who said the last word on a trial."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.dashboard.chronicle import Entry

_WORDS = {
    "trial.approved": "approved",
    "trial.rejected": "rejected",
    "trial.cancelled": "cancelled",
    "trial.expired": "expired",
    "trial.endorsed": "endorsed",
    "trial.held": "held",
    "trial.unheld": "released",
}


def last_word(entries: Sequence[Entry]) -> Entry | None:
    """The last event in which somebody decided on a trial; none before."""
    return next((e for e in reversed(entries) if e.kind in _WORDS), None)


def verb(entry: Entry) -> str:
    """What was done, as a word."""
    return _WORDS.get(entry.kind, entry.kind.rpartition(".")[2])
