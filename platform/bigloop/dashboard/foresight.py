"""What predictors said of specimens before they were told: honest parity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bigloop.contracts import (
    BigloopError,
    Campaign,
    ModelVersion,
    Snapshot,
    TrainingRow,
)

_Z90 = 1.6448536269514722


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """One specimen: predicted, and then measured, on the natural scale.

    Attributes:
        truth: what was measured on the model's scale (the logarithm where the
            observable is `log`); `mean` and `sd` are of the prediction there.
    """

    specimen: str
    measured: float
    expected: float
    low: float
    high: float
    truth: float
    mean: float
    sd: float

    @property
    def is_covered(self) -> bool:
        """Whether the 90 % interval held the measured value."""
        return self.low <= self.measured <= self.high


def foresights(
    spec: Campaign, versions: Sequence[ModelVersion], snapshot: Snapshot
) -> list[Foresight]:
    """Each measured specimen as predicted by the last version that did not know it.

    Specimens that every version knew are left out. A version that cannot be used is
    passed over.
    """
    rows = {r.specimen: r for r in snapshot.rows if r.value and not r.censored}
    found: dict[str, Foresight] = {}
    for version in versions:
        known, said = _said(spec, version, list(rows.values()))
        for item in said:
            if item.specimen not in known:
                found[item.specimen] = item
    return [found[name] for name in rows if name in found]


def _said(
    spec: Campaign, version: ModelVersion, rows: list[TrainingRow]
) -> tuple[set[str], list[Foresight]]:
    from bigloop.models.holdout import score
    from bigloop.models.training import restore

    predictor = spec.predictor
    if predictor is None or not rows:
        return set(), []
    log = spec.observables[predictor.predicts].log
    try:
        model = restore(version)
        held = score(model, rows, log=log)
    except BigloopError:
        return set(), []
    natural = math.exp if log else float
    said = [
        Foresight(
            specimen=h.specimen,
            measured=natural(h.truth),
            expected=natural(h.mean),
            low=natural(h.mean - _Z90 * h.sd),
            high=natural(h.mean + _Z90 * h.sd),
            truth=h.truth,
            mean=h.mean,
            sd=h.sd,
        )
        for h in held
    ]
    return set(model.labelled), said
