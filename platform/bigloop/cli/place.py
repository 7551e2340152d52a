"""Where a trial stands in the queue, in words."""

from __future__ import annotations

from bigloop.contracts import Trial, TrialState


def place(trial: Trial) -> list[str]:
    """What is particular of a trial that was not claimed: persons, hold, priority."""
    said = []
    if trial.state == TrialState.AWAITING_APPROVAL and trial.persons > 1:
        who = f" ({', '.join(trial.endorsed)})" if trial.endorsed else ""
        said.append(f"{len(trial.endorsed)} of {trial.persons} persons agree{who}")
    if trial.state in (TrialState.AWAITING_APPROVAL, TrialState.APPROVED):
        said += [f"on hold: {trial.hold}"] if trial.hold else []
        said += [f"priority {trial.priority}"] if trial.priority else []
    return said
