"""What a trial would teach, from the terms of its decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bigloop.contracts import Term, Trial
from bigloop.dashboard.wording import quantity

GAINS = ("gain", "volume_gain", "p_found")
"""Terms that may say what a result is worth; the first that a decision states."""
_EPISTEMIC, _ALEATORIC = "sd_epistemic", "sd_aleatoric"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is not known of one observable at the design of a trial.

    Attributes:
        observable: its name; empty where one alone decides.
        epistemic: standard deviation that falls with more data.
        aleatoric: standard deviation from specimen to specimen, which stays.
    """

    observable: str
    epistemic: Term
    aleatoric: Term | None

    @property
    def epistemic_share(self) -> float | None:
        """Part of the variance of one result here that more data can remove."""
        if self.aleatoric is None:
            return None
        known, stays = self.epistemic.value**2, self.aleatoric.value**2
        return known / (known + stays) if known + stays > 0 else None

    @property
    def whose(self) -> str:
        """`of NAME`, where several observables decide."""
        return f" of {self.observable}" if self.observable else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a decision says that a trial would teach.

    Attributes:
        gain: what its result is expected to add; none where it is not said.
        doubts: of every observable that decides, in the order of the decision; empty
            where none is said.
    """

    gain: Term | None
    doubts: tuple[Doubt, ...]


def lesson_of(trial: Trial) -> Lesson:
    """The terms of a decision that say what the trial would teach."""
    terms = trial.decision.terms if trial.decision else {}
    return Lesson(
        gain=next((terms[name] for name in GAINS if name in terms), None),
        doubts=tuple(
            _doubt(terms, name.removeprefix(_EPISTEMIC))
            for name in terms
            if name.startswith(_EPISTEMIC)
        ),
    )


def _doubt(terms: Mapping[str, Term], suffix: str) -> Doubt:
    return Doubt(
        observable=suffix.removeprefix("_"),
        epistemic=terms[f"{_EPISTEMIC}{suffix}"],
        aleatoric=terms.get(f"{_ALEATORIC}{suffix}"),
    )


def is_compared(name: str) -> bool:
    """Whether a term says what is expected here, or what it is worth."""
    stems = ("mean", _EPISTEMIC, _ALEATORIC)
    return name in (*GAINS, "p_feasible") or any(
        name == stem or name.startswith(f"{stem}_") for stem in stems
    )


def lesson(trial: Trial) -> str:
    """The same in one line."""
    found = lesson_of(trial)
    parts = []
    if (gain := found.gain) is not None:
        parts.append(f"gain {quantity(gain.value, gain.unit)} ({gain.note})")
    parts += [
        f"epistemic uncertainty{doubt.whose} here "
        f"{quantity(doubt.epistemic.value, doubt.epistemic.unit)}"
        for doubt in found.doubts
    ]
    return "; ".join(parts) or "not stated by the decision"
