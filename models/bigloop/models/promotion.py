"""Whether a challenger takes the champion's place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from bigloop.models.scores import Held

ENOUGH = 5
"""New labels from which the mean gain decides alone."""
ODDS = 20.0
"""With fewer labels, how many times likelier they must be under the champion to keep
it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Champion and challenger on specimens whose labels neither had seen."""

    n: int
    is_promoted: bool
    reason: str
    champion_log_score: float | None = None
    challenger_log_score: float | None = None
    gain_se: float | None = None
    """Standard error of the mean gain in log score; none with fewer than two."""

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers that are there, named for a model version."""
        found = {
            "new_n": float(self.n),
            "new_log_score_champion": self.champion_log_score,
            "new_log_score_challenger": self.challenger_log_score,
            "new_log_score_gain_se": self.gain_se,
        }
        return {name: value for name, value in found.items() if value is not None}


def compare(champion: Sequence[Held], challenger: Sequence[Held]) -> Comparison:
    """Judge by the log score on labels that are new to the champion.

    The champion predicts them as it is; the challenger, which was trained on them,
    predicts each with that one left out.
    """
    return judge(
        {held.specimen: held.log_score for held in champion},
        {held.specimen: held.log_score for held in challenger},
    )


def judge(champion: Mapping[str, float], challenger: Mapping[str, float]) -> Comparison:
    """Judge by log scores, by specimen, of what neither of both had been told.

    - no new label: the champion stays, as there is nothing to judge by;
    - fewer than `ENOUGH`: the challenger, which has seen more, wins unless the new
      labels are more than `ODDS` times likelier under the champion (of a single new
      label both say the same: left out, nothing separates them);
    - else: the challenger wins if its mean log score is higher.
    """
    old = champion
    new = {name: score for name, score in challenger.items() if name in old}
    if not new:
        return Comparison(
            n=0, is_promoted=False, reason="no label is new to the champion; it stays"
        )
    gains = [new[name] - old[name] for name in new]
    n, gain = len(gains), fmean(gains)
    if n < ENOUGH:
        wins = sum(gains) >= -math.log(ODDS)
        rule = f"fewer than {ENOUGH}, so it wins unless {ODDS:g} times less likely"
    else:
        wins, rule = gain > 0, "the higher mean log score wins"
    return Comparison(
        n=n,
        is_promoted=wins,
        reason=(
            f"the challenger gains {gain:+.3g} in log score on each of {n} new "
            f"label(s); {rule}: {'promoted' if wins else 'the champion stays'}"
        ),
        champion_log_score=fmean(old[name] for name in new),
        challenger_log_score=fmean(new.values()),
        gain_se=stdev(gains) / math.sqrt(n) if n > 1 else None,
    )
