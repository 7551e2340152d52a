"""What a trial would teach, from the terms of its decision."""

from __future__ import annotations

from dataclasses import dataclass

from bigloop.contracts import Term, Trial
from bigloop.dashboard.wording import quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a decision says that a trial would teach; none where it does not say.

    Attributes:
        gain: expected rise of the best mean by this result.
        epistemic: standard deviation that falls with more data.
        aleatoric: standard deviation from specimen to specimen, which stays.
    """

    gain: Term | None
    epistemic: Term | None
    aleatoric: Term | None

    @property
    def epistemic_share(self) -> float | None:
        """Part of the variance of one result here that more data can remove."""
        if self.epistemic is None or self.aleatoric is None:
            return None
        known, stays = self.epistemic.value**2, self.aleatoric.value**2
        return known / (known + stays) if known + stays > 0 else None


def lesson_of(trial: Trial) -> Lesson:
    """The terms of a decision that say what the trial would teach."""
    terms = trial.decision.terms if trial.decision else {}
    return Lesson(
        gain=terms.get("gain"),
        epistemic=terms.get("sd_epistemic"),
        aleatoric=terms.get("sd_aleatoric"),
    )


def lesson(trial: Trial) -> str:
    """The same in one line."""
    found = lesson_of(trial)
    parts = []
    if (gain := found.gain) is not None:
        parts.append(f"gain {quantity(gain.value, gain.unit)} ({gain.note})")
    if (spread := found.epistemic) is not None:
        parts.append(
            f"epistemic uncertainty here {quantity(spread.value, spread.unit)}"
        )
    return "; ".join(parts) or "not stated by the decision"
