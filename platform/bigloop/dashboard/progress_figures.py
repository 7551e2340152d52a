"""How the search went: best so far, uncertainty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bigloop.contracts import Campaign, Key, key_of, significant
from bigloop.dashboard.chart import Chart, span
from bigloop.dashboard.figure import Figure, missing
from bigloop.dashboard.study import Study
from bigloop.dashboard.timeline import Result
from bigloop.dashboard.uncertainty import Uncertainty, uncertainties
from bigloop.dashboard.wording import design_text, quantity, unit_name
from bigloop.dashboard.worth import axis_title, running_worth
from bigloop.dashboard.worth import reading as volume_reading

_BEST = (
    "Each dot is one specimen measured by {source}; the line is the best mean over the "
    "specimens of one design at that moment (it can fall when a design is measured "
    "again). Nothing predicted, and no other fidelity, is mixed in."
)
_UNCERTAINTY = (
    "What the agent did not know{whose} of the design that it chose, at each decision: "
    "the epistemic part falls as it learns, the aleatoric part (specimen to specimen) "
    "stays. Vertical marks: a predictor was trained (solid: it became champion)."
)


def best_figure(found: Study) -> Figure:
    """Best mean measured at the target fidelity against what was spent."""
    spec, results = found.spec, found.timeline.results
    goal = spec.objective
    title = "Best so far against cost"
    reading = _BEST.format(source=goal.source)
    if not results:
        return missing(title, reading, f"No result of {goal.source} yet.")
    if spec.objectives:
        return volume_figure(found)
    currency = next(iter(spec.target.full_cost))
    unit = spec.observables[goal.observable].unit
    paid = [r.spent.get(currency, 0.0) for r in results]
    total = found.accounts[currency].spent
    values = [r.value for r in results]
    best = found.best
    reach = [*values, *([best.low, best.high] if best else [])]
    chart = Chart(
        x=(0.0, max(total, *paid) or 1.0),
        y=span(reach, from_zero=True),
        x_title=f"spent by all sources [{unit_name(currency)}]",
        y_title=f"{goal.observable} [{unit_name(unit)}]",
        label=f"{title}: {len(results)} results",
    )
    legend = [("c1", "one specimen"), ("c2", "best mean measured")]
    if best is not None:
        ends = ((0.0, best.low), (chart.x[1], best.low))
        tops = ((0.0, best.high), (chart.x[1], best.high))
        chart.band(ends, tops, "c3")
        legend.append(("c3", f"recommended design, {100 * best.level:.0f} % interval"))
    if spec.is_plain:
        worth: list[float | None] = list(running_best(spec, results))
    else:
        worth = running_worth(spec, results)
    steps = [(x, y) for x, y in zip(paid, worth, strict=True) if y is not None]
    if steps:
        chart.steps([*steps, (chart.x[1], steps[-1][1])], "c2")
    titles = [
        f"{quantity(r.value, unit)}: {design_text(spec, r.design)}" for r in results
    ]
    chart.dots(list(zip(paid, values, strict=True)), "c1", titles)
    return Figure(
        title=title,
        reading=reading,
        note=f"n = {len(results)} specimens of {_n_designs(results)} designs.",
        svg=chart.svg(),
        legend=tuple(legend),
    )


def volume_figure(found: Study) -> Figure:
    """Hypervolume of what was measured against what was spent."""
    spec, results = found.spec, found.timeline.results
    title, reading = "Hypervolume so far against cost", volume_reading(spec)
    currency = next(iter(spec.target.full_cost))
    worth = running_worth(spec, results)
    steps = [
        (r.spent.get(currency, 0.0), y)
        for r, y in zip(results, worth, strict=True)
        if y is not None
    ]
    if not steps:
        return missing(title, reading, "Nothing counts yet, or all results are equal.")
    chart = Chart(
        x=(0.0, max(found.accounts[currency].spent, steps[-1][0]) or 1.0),
        y=span([y for _, y in steps], from_zero=True),
        x_title=f"spent by all sources [{unit_name(currency)}]",
        y_title=axis_title(spec),
        label=f"{title}: {len(results)} results",
    )
    chart.steps([*steps, (chart.x[1], steps[-1][1])], "c2")
    return Figure(
        title=title,
        reading=reading,
        note=f"n = {len(results)} specimens of {_n_designs(results)} designs.",
        svg=chart.svg(),
        legend=(("c2", "hypervolume"),),
    )


def running_best(spec: Campaign, results: Sequence[Result]) -> Iterator[float]:
    """After each result, the best mean over the specimens of one design."""
    sign = 1.0 if spec.objective.goal == "maximize" else -1.0
    found: dict[Key, list[float]] = {}
    means: dict[Key, float] = {}
    best: Key | None = None
    for result in results:
        key = key_of(result.design)
        found.setdefault(key, []).append(result.value)
        means[key] = sum(found[key]) / len(found[key])
        if key == best:
            # It may have fallen behind another one.
            best = max(means, key=lambda k: sign * means[k])
        elif best is None or sign * means[key] > sign * means[best]:
            best = key
        yield means[best]


def _n_designs(results: Sequence[Result]) -> int:
    return len({key_of(result.design) for result in results})


def uncertainty_figures(found: Study) -> list[Figure]:
    """One of every observable that decides."""
    every = uncertainties(found.spec, found.trials, found.timeline)
    return [_uncertainty_figure(known, len(found.trials)) for known in every]


def _uncertainty_figure(known: Uncertainty, n: int) -> Figure:
    """Aleatoric and epistemic standard deviation at each of `n` decisions."""
    title, reading = known.title, _UNCERTAINTY.format(whose=known.whose)
    first, epistemic, aleatoric = known.first, known.epistemic, known.aleatoric
    if len(epistemic) < 2:
        return missing(title, reading, known.missing)
    unit, trainings = known.unit, known.trainings
    reach = [value for _, value in [*epistemic, *aleatoric]]
    chart = Chart(
        x=(float(first), float(n)),
        y=span(reach, from_zero=True),
        x_title="decision number",
        y_title=f"standard deviation [{unit or 'model scale'}]",
        label=f"{title}: {len(epistemic)} decisions",
    )
    for training in trainings:
        kind = "solid" if training.is_champion else "dashed"
        what = "champion" if training.is_champion else "challenger"
        text = f"model {training.model[:8]} trained: {what}"
        chart.mark(float(training.decision), kind, text)
    chart.line(aleatoric, "c4")
    chart.line(epistemic, "c1")
    before = f" ({first} before the first result left out)" if first else ""
    return Figure(
        title=title,
        reading=reading,
        note=f"n = {len(epistemic)} decisions{before}, {len(trainings)} trainings. "
        f"At the end: epistemic {significant(epistemic[-1][1])}, aleatoric "
        f"{significant(aleatoric[-1][1]) if aleatoric else 'not stated'}.",
        svg=chart.svg(),
        legend=(("c1", "epistemic"), ("c4", "aleatoric")),
    )
