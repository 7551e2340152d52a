"""What the agent did not know of the designs that it chose, decision by decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bigloop.contracts import Campaign, Trial
from bigloop.dashboard.fronts import decisive
from bigloop.dashboard.timeline import Timeline, Training

Track = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """Standard deviations as the decisions state them.

    Attributes:
        observable: of which; empty where one alone decides.
        first: decisions before the first result, which are left out: they state the
            prior alone, and would set the scale.
        epistemic: decision number and standard deviation that falls with more data.
        aleatoric: the same for what stays, specimen to specimen.
        trainings: of a predictor, after the first result.
        results: decision numbers at which a result at the target came in.
    """

    observable: str
    first: int
    unit: str
    epistemic: Track
    aleatoric: Track
    trainings: list[Training]
    results: list[int]

    @property
    def title(self) -> str:
        """With the observable, where several decide."""
        return f"Uncertainty{self.whose} over time"

    @property
    def whose(self) -> str:
        """`of NAME`, where several decide."""
        return f" of {self.observable}" if self.observable else ""

    @property
    def missing(self) -> str:
        """Why there is nothing to draw."""
        return (
            f"{len(self.epistemic)} decisions since the first result state it, and a "
            "line needs two: it begins when a model decides."
        )


def uncertainties(
    spec: Campaign, trials: Sequence[Trial], line: Timeline
) -> list[Uncertainty]:
    """Of every observable that decides, from the terms of all decisions."""
    if spec.is_plain:
        return [_uncertainty(trials, line, "", "")]
    # One objective keeps its plain terms beside requirements; see the agent's terms.
    alone = "" if spec.objectives else spec.objective.observable
    return [
        _uncertainty(trials, line, name, "" if name == alone else f"_{name}")
        for name in decisive(spec)
    ]


def _uncertainty(
    trials: Sequence[Trial], line: Timeline, observable: str, suffix: str
) -> Uncertainty:
    first = line.results[0].decision if line.results else 0
    epistemic = f"sd_epistemic{suffix}"
    return Uncertainty(
        observable=observable,
        first=first,
        unit=_unit(trials, epistemic),
        epistemic=_terms(trials[first:], epistemic),
        aleatoric=_terms(trials[first:], f"sd_aleatoric{suffix}"),
        trainings=[t for t in line.trainings if t.decision >= first],
        results=[r.decision for r in line.results],
    )


def _terms(trials: Sequence[Trial], name: str) -> Track:
    return [
        (float(t.proposal.number + 1), t.decision.terms[name].value)
        for t in trials
        if t.decision is not None and name in t.decision.terms
    ]


def _unit(trials: Sequence[Trial], name: str) -> str:
    for trial in trials:
        if trial.decision and name in trial.decision.terms:
            return trial.decision.terms[name].unit
    return ""
