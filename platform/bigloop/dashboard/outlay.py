"""What was paid for what, and when the budget ends at the present pace."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bigloop.contracts import Account, Campaign, Trial, TrialState

WINDOW = 20
"""Results that make the present pace."""
LEAST = 4
"""Results below which there is no pace."""
_ENDED = (TrialState.COMPLETED, TrialState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When what is left of a currency will be spent, at the pace of the last results.

    Attributes:
        per_hour: spent per hour over the window.
        error: relative standard error of the pace.
        ends_at: expected moment; `early` to `late` is its 90 % interval, of which the
            end is none where the pace could as well be zero.
        n: results in the window.
    """

    per_hour: float
    error: float
    ends_at: datetime
    early: datetime
    late: datetime | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlay:
    """What one source has cost in one currency.

    Attributes:
        n: trials that ended, failures too.
        mean: of one trial; `sd` is of single trials, none for one alone.
        share: part of the currency's budget, in percent.
    """

    source: str
    currency: str
    n: int
    spent: float
    reserved: float
    mean: float
    sd: float | None
    share: float


def forecast(
    trials: Sequence[Trial], account: Account, begun: datetime, now: datetime
) -> Forecast | None:
    """The end of a currency; none with fewer than four results, or nothing left.

    The pace is the sum of the last costs over the time in which they came in, up to
    now: while nothing comes in, it falls. Its relative variance is that of a
    renewal-reward process: the squared variation of costs plus that of the times
    between them, over n.

    Args:
        trials: of the campaign.
        account: of the currency.
        begun: when the campaign began, before the first result.
        now: the present moment.
    """
    currency = account.currency
    ended = sorted(
        (t.updated_at, t.spent[currency])
        for t in trials
        if t.state in _ENDED and t.spent.get(currency)
    )
    if len(ended) < LEAST or account.left + account.reserved <= 0:
        return None
    window = ended[-WINDOW:]
    before = ended[-WINDOW - 1][0] if len(ended) > WINDOW else begun
    now = max(now, window[-1][0])
    hours = (now - before).total_seconds() / 3600
    total = sum(amount for _, amount in window)
    if hours <= 0 or total <= 0:
        return None
    moments = [before, *(at for at, _ in window)]
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(moments)]
    error = math.sqrt(
        (_variation([c for _, c in window]) + _variation(gaps)) / len(window)
    )
    return _ending(account, now, total / hours, error, len(window))


def _ending(
    account: Account, now: datetime, pace: float, error: float, n: int
) -> Forecast:
    left = max(0.0, account.limit - account.spent)
    reach = 1.6448536269514722 * error
    slow = pace * (1 - reach)
    return Forecast(
        per_hour=pace,
        error=error,
        ends_at=now + timedelta(hours=left / pace),
        early=now + timedelta(hours=left / (pace * (1 + reach))),
        late=now + timedelta(hours=left / slow) if slow > 0.01 * pace else None,
        n=n,
    )


def _variation(values: Sequence[float]) -> float:
    """Squared coefficient of variation."""
    mean = statistics.fmean(values)
    return statistics.variance(values) / mean**2 if mean and len(values) > 1 else 0.0


def outlays(spec: Campaign, trials: Sequence[Trial]) -> list[Outlay]:
    """By source and currency, in the order of the campaign."""
    found = []
    for source, known in spec.sources.items():
        mine = [t for t in trials if t.proposal.source == source]
        for currency in dict.fromkeys([*known.cost, *known.cost_per_age]):
            found.append(_outlay(spec, source, currency, mine))
    return found


def _outlay(
    spec: Campaign, source: str, currency: str, trials: Sequence[Trial]
) -> Outlay:
    costs = [t.spent.get(currency, 0.0) for t in trials if t.state in _ENDED]
    spent = math.fsum(costs)
    held = math.fsum(t.reserved.get(currency, 0.0) for t in trials if not t.spent)
    return Outlay(
        source=source,
        currency=currency,
        n=len(costs),
        spent=spent,
        reserved=held,
        mean=spent / len(costs) if costs else 0.0,
        sd=statistics.stdev(costs) if len(costs) > 1 else None,
        share=100 * spent / spec.budget[currency] if spec.budget.get(currency) else 0.0,
    )
