"""The figures of a benchmark: cost to find, regret against cost, ranks, coverage."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from bigloop.bench.problem import LEVELS, Problem
from bigloop.bench.run import Run
from bigloop.contracts import Document
from bigloop.models.scores import wilson

N_GRID = 60
"""Points of the curve of regret against cost."""
_SLACK = 1e-12


class Spread(Document):
    """Median and quartiles over seeds; none: not reached within the budget."""

    low: float | None
    median: float | None
    high: float | None


class Reached(Document):
    """The cost at which a level was reached."""

    level: float
    n_reached: int
    """Seeds in which it was, of all that were run."""
    cost: Spread
    costs: tuple[float, ...] = ()
    """Of the seeds in which it was, ascending."""


class Coverage(Document):
    """How many results of the target lay inside the 90 % interval stated before."""

    n: int
    n_inside: int
    share: float
    low: float
    high: float
    """95 % Wilson interval of the share."""


class MethodFigures(Document):
    """One method on one benchmark."""

    method: str
    version: str
    n_seeds: int
    n_failed: int = 0
    """Seeds in which the method broke down; in no other figure."""
    error: str = ""
    """Of the first that did."""
    reached: tuple[Reached, ...] = ()
    regret: Spread | None = None
    """Of the best design measured, at the end of the budget."""
    recommended: Spread | None = None
    """Of the design that is recommended."""
    n_best: float = 0.0
    """Seeds in which it was the first to find; shared among equals."""
    n_compared: int = 0
    """Seeds that all methods have in common."""
    core_s: Spread | None = None
    """Processor time of an ask."""
    slowest_s: float = 0.0
    n_asks: int = 0
    cheap_share: float = 0.0
    """Of the cost, what went to sources other than the target."""
    coverage: Coverage | None = None
    curve: tuple[tuple[float, float | None, float | None, float | None], ...] = ()
    """Cost, and lower quartile, median and upper quartile of regret there."""


class Figures(Document):
    """One benchmark: its size, and every method on it."""

    benchmark: str
    title: str
    notes: tuple[str, ...]
    currency: str
    target: str
    sources: dict[str, float]
    """Cost of one result."""
    budget: float
    batch: int
    thresholds: tuple[float, ...]
    methods: tuple[MethodFigures, ...]


def figures(problem: Problem, runs: Sequence[Run]) -> Figures:
    """Work out everything that is reported of the runs of one benchmark."""
    spec = problem.spec
    by_method: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_method[run.method].append(run)
    good = {m: [r for r in found if not r.error] for m, found in by_method.items()}
    wins, n_compared = _wins(good, problem.thresholds)
    return Figures(
        benchmark=spec.name,
        title=spec.title,
        notes=tuple(problem.notes),
        currency=spec.currency,
        target=spec.target,
        sources={name: source.cost for name, source in spec.priced.items()},
        budget=spec.limit,
        batch=spec.batch,
        thresholds=tuple(problem.thresholds),
        methods=tuple(
            _method(problem, found, good[m]).model_copy(
                update={"n_best": wins.get(m, 0.0), "n_compared": n_compared}
            )
            for m, found in by_method.items()
        ),
    )


def cost_to(run: Run, threshold: float) -> float:
    """What was spent when regret first was at or below a threshold; infinite: never."""
    for cost, regret in zip(run.cost, run.regret, strict=True):
        if regret is not None and regret <= threshold + _SLACK:
            return cost
    return math.inf


def regret_at(run: Run, cost: float) -> float:
    """Regret of the best design measured for at most a cost; infinite before any."""
    best = math.inf
    for spent, regret in zip(run.cost, run.regret, strict=True):
        if spent > cost + 1e-9:
            break
        best = math.inf if regret is None else regret
    return best


def quantile(values: Sequence[float], q: float) -> float:
    """Linear between order statistics; infinite where it touches what is infinite.

    Examples:
        >>> quantile([1, 2, 3, math.inf], 0.5), quantile([1, 2, math.inf], 0.9)
        (2.5, inf)
    """
    ranked = sorted(values)
    at = q * (len(ranked) - 1)
    below, share = ranked[math.floor(at)], at - math.floor(at)
    above = ranked[math.ceil(at)]
    if share == 0 or below == above:
        return below
    return below + share * (above - below)


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles; none stands for infinite."""
    found = [quantile(values, q) for q in (0.25, 0.5, 0.75)]
    low, median, high = (v if math.isfinite(v) else None for v in found)
    return Spread(low=low, median=median, high=high)


def _method(
    problem: Problem, runs: Sequence[Run], good: Sequence[Run]
) -> MethodFigures:
    failed = [run for run in runs if run.error]
    base = MethodFigures(
        method=runs[0].method,
        version=runs[0].version,
        n_seeds=len(good),
        n_failed=len(failed),
        error=failed[0].error if failed else "",
    )
    if not good:
        return base
    asks = [t for run in good for t in run.core_s]
    ends = [regret_at(run, math.inf) for run in good]
    advice = [math.inf if r.recommended is None else r.recommended for r in good]
    return base.model_copy(
        update={
            "reached": tuple(
                _reached(good, level, threshold)
                for level, threshold in zip(LEVELS, problem.thresholds, strict=True)
            ),
            "regret": spread(ends),
            "recommended": spread(advice),
            "core_s": spread(asks) if asks else None,
            "slowest_s": max(asks, default=0.0),
            "n_asks": len(asks),
            "cheap_share": _cheap_share(problem, good),
            "coverage": coverage(
                sum(r.n_inside for r in good), sum(r.n_predicted for r in good)
            ),
            "curve": _curve(problem, good),
        }
    )


def _reached(runs: Sequence[Run], level: float, threshold: float) -> Reached:
    costs = [cost_to(run, threshold) for run in runs]
    return Reached(
        level=level,
        n_reached=sum(math.isfinite(cost) for cost in costs),
        cost=spread(costs),
        costs=tuple(sorted(cost for cost in costs if math.isfinite(cost))),
    )


def _cheap_share(problem: Problem, runs: Sequence[Run]) -> float:
    prices, target = problem.spec.priced, problem.spec.target
    paid = [(s, prices[s].cost) for run in runs for s in run.source]
    total = sum(cost for _, cost in paid)
    return sum(cost for s, cost in paid if s != target) / total if total else 0.0


def coverage(inside: int, n: int) -> Coverage | None:
    """What `inside` of `n` results are; none of no results."""
    if not n:
        return None
    low, high = wilson(inside, n)
    return Coverage(n=n, n_inside=inside, share=inside / n, low=low, high=high)


def _curve(
    problem: Problem, runs: Sequence[Run]
) -> tuple[tuple[float, float | None, float | None, float | None], ...]:
    limit = problem.spec.limit
    grid = [limit * i / N_GRID for i in range(1, N_GRID + 1)]
    rows = []
    for cost in grid:
        found = spread([regret_at(run, cost) for run in runs])
        rows.append((cost, found.low, found.median, found.high))
    return tuple(rows)


def _wins(
    good: dict[str, list[Run]], thresholds: Sequence[float]
) -> tuple[dict[str, float], int]:
    """Seeds won by each method, of the seeds that all of them have.

    The least cost to the first level wins; then, where nobody reaches it, to the
    second; then the least regret at the end. Equals share the seed.
    """
    methods = [m for m, runs in good.items() if runs]
    seeds = [{run.seed for run in good[m]} for m in methods]
    common = set.intersection(*seeds) if seeds else set()
    wins = dict.fromkeys(methods, 0.0)
    for seed in sorted(common):
        scores = {
            m: _rank(next(r for r in good[m] if r.seed == seed), thresholds)
            for m in methods
        }
        best = min(scores.values())
        first = [m for m in methods if scores[m] == best]
        for m in first:
            wins[m] += 1 / len(first)
    return wins, len(common)


def _rank(run: Run, thresholds: Sequence[float]) -> tuple[float, ...]:
    costs = [round(cost_to(run, t), 9) for t in thresholds]
    reached = next((i for i, c in enumerate(costs) if math.isfinite(c)), len(costs))
    if reached < len(costs):
        return float(reached), costs[reached]
    return float(reached), regret_at(run, math.inf)
