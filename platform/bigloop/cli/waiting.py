"""What waits for a person, in lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bigloop.cli.place import place
from bigloop.contracts import Campaign, Trial
from bigloop.dashboard.beyond import beyond
from bigloop.dashboard.lesson import lesson
from bigloop.dashboard.outdated import outdated
from bigloop.dashboard.wording import cost_text, design_text


def waiting_lines(
    spec: Campaign, trials: Sequence[Trial], versions: Mapping[str, str] | None = None
) -> list[str]:
    """Three lines a trial or more, the highest priority first, and how to answer.

    Args:
        spec: the campaign.
        trials: that wait.
        versions: of models in use, by source.
    """
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
        if old := outdated(trial, versions or {}):
            lines.append(f"  {old}")
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
