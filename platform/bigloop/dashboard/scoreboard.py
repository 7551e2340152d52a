"""What each source tells of the target, and at what price."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bigloop.contracts import Campaign, Observation, Trial, TrialState, canonical_json
from bigloop.dashboard.association import Association, rank_correlation
from bigloop.dashboard.fronts import decisive
from bigloop.dashboard.trust import Coverage

_ENDED = (TrialState.COMPLETED, TrialState.FAILED)
Means = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """Mean difference to the target on the designs that both measured.

    Attributes:
        value: difference in the unit, or relative where the observable is `log`.
        reach: half of its 95 % interval (normal); none for fewer than two designs.
    """

    value: float
    reach: float | None
    unit: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One observable of one source beside the target.

    Attributes:
        is_target: the target itself, against which the others are held.
        n_designs: designs that it measured; `n_shared` of them the target did, too.
        bias: where it measures the same observable as the target does.
        rank: rank correlation of the means per design with those of the target.
        coverage: of 90 % intervals, where a calibrated predictor speaks for it.
        value_per_cost: median score of the decisions that chose this source: expected
            gain x chance of success per share of the budget.
        n_trials: trials that ended; `n_failed` of them with a failure.
    """

    source: str
    observable: str
    is_target: bool
    n_designs: int
    n_shared: int
    bias: Bias | None
    rank: Association | None
    coverage: Coverage | None
    value_per_cost: float | None
    n_decisions: int
    n_trials: int
    n_failed: int


def scoreboard(
    spec: Campaign,
    trials: Sequence[Trial],
    observations: Iterable[Observation],
    early: Coverage | None = None,
) -> list[Score]:
    """The target first, then every other source's observables.

    Args:
        spec: the campaign.
        trials: all of them.
        observations: all of them; late and censored ones do not count.
        early: coverage of the predictor, which speaks for the early sources.
    """
    goal = (spec.objective.source, spec.objective.observable)
    means = _means(observations)
    deciding = decisive(spec)

    def _of(key: tuple[str, str]) -> tuple[str, str]:
        """What it is compared with: the same at the target, or the objective."""
        return (goal[0], key[1]) if key[1] in deciding else goal

    keys = [(goal[0], name) for name in deciding] + [
        (name, observable)
        for name, source in spec.sources.items()
        for observable in source.observes
        if (name, observable) != goal and name != goal[0]
    ]
    return [
        _score(spec, key, means.get(key, {}), means.get(_of(key), {}), trials, early)
        for key in keys
    ]


def _means(observations: Iterable[Observation]) -> dict[tuple[str, str], Means]:
    groups: dict[tuple[str, str], dict[str, list[float]]] = {}
    for o in observations:
        if o.solicited and not o.censored:
            group = groups.setdefault((o.source, o.observable), {})
            group.setdefault(canonical_json(o.design), []).append(o.value)
    return {
        key: {design: statistics.fmean(v) for design, v in group.items()}
        for key, group in groups.items()
    }


def _score(
    spec: Campaign,
    key: tuple[str, str],
    mine: Means,
    target: Means,
    trials: Sequence[Trial],
    early: Coverage | None,
) -> Score:
    source, observable = key
    is_target = source == spec.objective.source
    shared = sorted(set(mine) & set(target))
    ran = [t for t in trials if t.proposal.source == source]
    scores = [t.decision.score for t in ran if t.decision and t.decision.score > 0]
    return Score(
        source=source,
        observable=observable,
        is_target=is_target,
        n_designs=len(mine),
        n_shared=len(shared),
        bias=None if is_target else bias(spec, key, mine, target, shared),
        rank=None
        if is_target
        else rank_correlation([mine[d] for d in shared], [target[d] for d in shared]),
        coverage=early if _is_early(spec, source) else None,
        value_per_cost=statistics.median(scores) if scores else None,
        n_decisions=len(scores),
        n_trials=sum(t.state in _ENDED for t in ran),
        n_failed=sum(t.state is TrialState.FAILED for t in ran),
    )


def _is_early(spec: Campaign, source: str) -> bool:
    if spec.predictor is None or source == spec.objective.source:
        return False
    return set(spec.predictor.early) <= set(spec.sources[source].observes)


def bias(
    spec: Campaign,
    key: tuple[str, str],
    mine: Means,
    target: Means,
    shared: Sequence[str],
) -> Bias | None:
    """Mean difference over the shared designs; none where another thing is measured.

    Relative, as exp(mean of log ratios) - 1, where the observable is `log`.
    """
    if key[1] not in decisive(spec) or not shared:
        return None
    observable = spec.observables[key[1]]
    if observable.log:
        off = [math.log(mine[d] / target[d]) for d in shared]
    else:
        off = [mine[d] - target[d] for d in shared]
    middle = statistics.fmean(off)
    reach = (
        1.959963984540054 * statistics.stdev(off) / math.sqrt(len(off))
        if len(off) > 1
        else None
    )
    if observable.log:
        high = None if reach is None else math.exp(middle + reach) - math.exp(middle)
        return Bias(value=math.exp(middle) - 1, reach=high, unit="relative", n=len(off))
    return Bias(value=middle, reach=reach, unit=observable.unit, n=len(off))
