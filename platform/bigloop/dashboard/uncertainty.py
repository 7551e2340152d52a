"""What the agent did not know of the designs that it chose, decision by decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bigloop.contracts import Trial
from bigloop.dashboard.timeline import Timeline, Training

Track = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """Standard deviations as the decisions state them.

    Attributes:
        first: decisions before the first result, which are left out: they state the
            prior alone, and would set the scale.
        epistemic: decision number and standard deviation that falls with more data.
        aleatoric: the same for what stays, specimen to specimen.
        trainings: of a predictor, after the first result.
        results: decision numbers at which a result at the target came in.
    """

    first: int
    unit: str
    epistemic: Track
    aleatoric: Track
    trainings: list[Training]
    results: list[int]


def uncertainty(trials: Sequence[Trial], line: Timeline) -> Uncertainty:
    """Read the terms of all decisions."""
    first = line.results[0].decision if line.results else 0
    return Uncertainty(
        first=first,
        unit=_unit(trials),
        epistemic=_terms(trials[first:], "sd_epistemic"),
        aleatoric=_terms(trials[first:], "sd_aleatoric"),
        trainings=[t for t in line.trainings if t.decision >= first],
        results=[r.decision for r in line.results],
    )


def _terms(trials: Sequence[Trial], name: str) -> Track:
    return [
        (float(t.proposal.number + 1), t.decision.terms[name].value)
        for t in trials
        if t.decision is not None and name in t.decision.terms
    ]


def _unit(trials: Sequence[Trial]) -> str:
    for trial in trials:
        if trial.decision and "sd_epistemic" in trial.decision.terms:
            return trial.decision.terms["sd_epistemic"].unit
    return ""
