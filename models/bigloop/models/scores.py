"""How good predictions of held-out specimens were, with how many they were judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

LEVELS = (0.5, 0.8, 0.9, 0.95)
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One specimen and what was predicted of it by a model that had not seen it."""

    specimen: str
    batch: str | None
    truth: float
    """On the model scale, as are the others."""
    mean: float
    sd: float
    """Of a single specimen: aleatoric and epistemic together."""

    @property
    def log_score(self) -> float:
        """Log density of the truth under the Gaussian with this mean and spread."""
        z = (self.truth - self.mean) / self.sd
        return -0.5 * z**2 - math.log(self.sd) - 0.5 * math.log(2.0 * math.pi)

    def is_covered(self, level: float) -> bool:
        """Whether the truth lies in the central interval."""
        reach = _NORMAL.inv_cdf(0.5 + level / 2.0)
        return abs(self.truth - self.mean) <= reach * self.sd


def metrics(held: Sequence[Held], prefix: str, *, log: bool) -> dict[str, float]:
    """n, mean log score, RMSE and MAPE; nothing but n when there is no specimen.

    RMSE and MAPE are of the natural scale, where the prediction of a `log` observable
    is its median, the exponential of the mean.
    """
    found = {f"{prefix}_n": float(len(held))}
    if not held:
        return found
    pairs = [(_natural(h.truth, log), _natural(h.mean, log)) for h in held]
    square = sum((truth - guess) ** 2 for truth, guess in pairs)
    found[f"{prefix}_log_score"] = sum(h.log_score for h in held) / len(held)
    found[f"{prefix}_rmse"] = math.sqrt(square / len(held))
    relative = [abs(guess / truth - 1.0) for truth, guess in pairs if truth]
    if relative:
        found[f"{prefix}_mape_percent"] = 100.0 * sum(relative) / len(relative)
    return found


def calibration(held: Sequence[Held], scheme: str) -> list[dict[str, Any]]:
    """Coverage of central intervals, for all specimens and batch by batch.

    Each entry holds `scheme`, `group`, `n`, nominal `level`, `coverage`, its 95 %
    Wilson interval `low` to `high`, and `error = coverage - level`.
    """
    groups: dict[str, list[Held]] = {"all": list(held)} if held else {}
    named = [h for h in held if h.batch is not None]
    for h in sorted(named, key=lambda h: str(h.batch)):
        groups.setdefault(f"batch {h.batch}", []).append(h)
    return [
        _entry(members, scheme, group, level)
        for group, members in groups.items()
        for level in LEVELS
    ]


def wilson(hits: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share [Wilson1927]_.

    .. [Wilson1927] E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927).

    Examples:
        >>> [round(v, 2) for v in wilson(9, 10)]
        [0.6, 0.98]
    """
    z = _NORMAL.inv_cdf(0.975)
    share, shrink = hits / n, 1.0 + z**2 / n
    middle = (share + z**2 / (2 * n)) / shrink
    reach = z / shrink * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _entry(
    members: Sequence[Held], scheme: str, group: str, level: float
) -> dict[str, Any]:
    hits = sum(h.is_covered(level) for h in members)
    low, high = wilson(hits, len(members))
    return {
        "scheme": scheme,
        "group": group,
        "n": len(members),
        "level": level,
        "coverage": hits / len(members),
        "low": low,
        "high": high,
        "error": hits / len(members) - level,
    }


def _natural(value: float, log: bool) -> float:
    return math.exp(value) if log else value
