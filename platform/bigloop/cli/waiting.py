"""What waits for a person, in lines."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.cli.place import place
from bigloop.contracts import Campaign, Trial
from bigloop.dashboard.beyond import beyond
from bigloop.dashboard.lesson import lesson
from bigloop.dashboard.wording import cost_text, design_text


def waiting_lines(spec: Campaign, trials: Sequence[Trial]) -> list[str]:
    """Three or four lines a trial, the highest priority first, and how to answer."""
    if not trials:
        return [f"{spec.name}: nothing waits for a person"]
    lines: list[str] = []
    trials = sorted(trials, key=lambda t: (-t.priority, t.proposal.number))
    for trial in trials:
        lines += [
            f"{trial.id}  {trial.proposal.source}  "
            f"{design_text(spec, trial.proposal.design)}",
            f"  asks because: {trial.reason or 'the rules say so'}; reserves "
            f"{cost_text(trial.reserved)}",
            f"  would teach: {lesson(trial)}",
        ]
        if limit := beyond(spec, trial):
            lines.append(f"  beyond a limit: {limit}")
        if said := place(trial):
            lines.append(f"  stands: {'; '.join(said)}")
    first = trials[0].id[:8]
    return [
        *lines,
        f"bigloop approve {first} | bigloop reject {first} --reason ... | "
        f"bigloop why {first}",
    ]
