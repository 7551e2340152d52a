"""An action with what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

from bigloop.agents.actions import Action
from bigloop.agents.failures import Odds
from bigloop.contracts import Cost, Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Valued:
    """An action with everything that a decision states of it.

    `mean` and the standard deviations are those of the action's design on the
    standardised model scale of the target, `sd_batch` a part of `sd_aleatoric` (0 where
    no batches are told apart); `gain` is on the same scale, and
    `gain_note` says what it is a gain of. Where one observable alone does not decide,
    `terms` say what did.
    """

    action: Action
    gain: float
    gain_note: str
    odds: Odds
    share: float
    score: float
    until_age: float | None
    reserve: Cost
    expected: Cost
    mean: float
    sd_epistemic: float
    sd_aleatoric: float
    sd_batch: float = 0.0
    terms: dict[str, Term] | None = None

    @property
    def p_success(self) -> float:
        """Chance that it succeeds."""
        return self.odds.p_success
