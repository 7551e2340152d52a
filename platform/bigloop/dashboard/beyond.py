"""Trials beyond a limit that was set after they were proposed, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bigloop.contracts import CALLED_OFF, RAN, Campaign, Trial, TrialState


def beyond(spec: Campaign, trial: Trial) -> str:
    """Which limit of whom it breaks, and what follows; empty: none, or called off."""
    problem = spec.beyond_limit(trial.proposal.design)
    if not problem or trial.state in CALLED_OFF:
        return ""
    if trial.state is TrialState.AWAITING_APPROVAL:
        behind = " and ".join(trial.endorsed)
        kept = f"; it waits on: {behind} stood behind it before" if behind else ""
        return f"{problem}; it was proposed before{kept}"
    if trial.state in RAN:
        return f"{problem}; it was run all the same, and is not recommended"
    approved = "it was approved before, and is not withdrawn"
    return f"{problem}; {approved}: cancel it if it must not run"


def still_beyond(spec: Campaign, trials: Iterable[Trial]) -> Sequence[Trial]:
    """Trials that may yet be run although a limit excludes their design."""
    if not spec.limits:
        return []
    return [trial for trial in trials if trial.state not in RAN and beyond(spec, trial)]


def broken_by(spec: Campaign, name: str, trials: Iterable[Trial]) -> Sequence[Trial]:
    """Those of them that break one limit."""
    limit = spec.limits[name]
    return [
        t
        for t in still_beyond(spec, trials)
        if not limit.holds(t.proposal.design, spec.units)
    ]
