"""How the search and the predictor learn: best so far, uncertainty, parity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bigloop.contracts import Account, Campaign, Trial, significant
from bigloop.dashboard.foresight import Foresight
from bigloop.dashboard.picture import Axis, Mark, Picture, Series, Titles
from bigloop.dashboard.progress_figures import running_best
from bigloop.dashboard.thinning import corners
from bigloop.dashboard.timeline import Result, Timeline
from bigloop.dashboard.trust import coverages
from bigloop.dashboard.uncertainty import Uncertainty, uncertainties
from bigloop.dashboard.wording import design_text, quantity, unit_name
from bigloop.dashboard.worth import axis_title, running_worth
from bigloop.dashboard.worth import reading as volume_reading

SCHEME = "leave one specimen out"


def _specimens(
    spec: Campaign, paid: Sequence[float], results: Sequence[Result]
) -> Series:
    unit = spec.observables[spec.objective.observable].unit
    return Series(
        kind="dots",
        name="one specimen",
        colour="c1",
        points=[(x, r.value) for x, r in zip(paid, results, strict=True)],
        titles=Titles(
            results,
            lambda r: f"{quantity(r.value, unit)}: {design_text(spec, r.design)}",
        ),
    )


def best(spec: Campaign, line: Timeline, accounts: dict[str, Account]) -> Picture:
    """Results at the target against what was spent; no other fidelity is mixed in."""
    goal, results = spec.objective, line.results
    currency = next(iter(spec.target.full_cost))
    words = "hypervolume" if spec.objectives else "best mean measured"
    reading = (
        f"Each dot is one specimen measured by {goal.source}; the line is the best "
        "mean over the specimens of one design at that moment, and falls when a design "
        "is measured again with less. Nothing predicted, and no other source, is in it."
    )
    paid = [r.spent.get(currency, 0.0) for r in results]
    if spec.is_plain:
        worth: list[float | None] = list(running_best(spec, results))
    else:
        worth = running_worth(spec, results)
    steps = [(x, y) for x, y in zip(paid, worth, strict=True) if y is not None]
    if steps:
        steps.append((accounts[currency].spent, steps[-1][1]))
    return Picture(
        key="best",
        title="Best so far against cost",
        reading=volume_reading(spec) if spec.objectives else reading,
        note=_n_specimens(spec, results, steps),
        x=Axis(title=f"spent by all sources [{unit_name(currency)}]", from_zero=True),
        y=Axis(title=axis_title(spec), from_zero=True),
        series=[
            *([] if spec.objectives else [_specimens(spec, paid, results)]),
            Series(kind="steps", name=words, colour="c2", points=corners(steps)),
        ]
        if steps or (results and not spec.objectives)
        else (),
    )


def _n_specimens(
    spec: Campaign, results: Sequence[Result], steps: Sequence[tuple[float, float]]
) -> str:
    """On how many the line rests, or why there is none."""
    if not results:
        return f"No result of {spec.objective.source} yet."
    n = f"n = {len(results)} specimens"
    if steps:
        return f"{n}."
    return f"{n}, {_why_none(spec)}: there is no line yet."


def _why_none(spec: Campaign) -> str:
    if spec.requirements:
        return "of which none keeps all requirements"
    return "all equal in an objective"


def over_time(spec: Campaign, trials: Sequence[Trial], line: Timeline) -> list[Picture]:
    """A picture of every observable that decides, with trainings and new results."""
    return [_over_time(known) for known in uncertainties(spec, trials, line)]


def _over_time(known: Uncertainty) -> Picture:
    """Epistemic and aleatoric standard deviation of one observable."""
    unit = unit_name(known.unit) or "model scale"
    is_enough = len(known.epistemic) > 1
    return Picture(
        key="-".join(filter(None, ("uncertainty", known.observable))),
        title=known.title,
        reading=f"What the agent did not know{known.whose} of the design that it "
        "chose, at each decision. The epistemic part falls as it learns; the aleatoric "
        "part (specimen to specimen) stays. Vertical lines: a predictor was trained "
        "(solid: it became champion). Dots at the bottom: a new result at the target.",
        note=_stated(known, unit) if is_enough else known.missing,
        x=Axis(title="decision number", low=float(known.first)),
        y=Axis(title=f"standard deviation [{unit}]", from_zero=True),
        series=_tracks(known) if is_enough else (),
        marks=[
            Mark(
                x=float(t.decision),
                name=f"model {t.model[:8]}: "
                f"{'champion' if t.is_champion else 'challenger'}",
                is_dashed=not t.is_champion,
            )
            for t in known.trainings
        ],
    )


def _stated(known: Uncertainty, unit: str) -> str:
    first, last = known.first, known.aleatoric[-1:]
    left_out = f" ({first} before the first result left out)" if first else ""
    stays = significant(last[0][1]) if last else "not stated"
    return (
        f"n = {len(known.epistemic)} decisions{left_out}, {len(known.trainings)} "
        f"trainings, {len(known.results)} results. At the end: epistemic "
        f"{significant(known.epistemic[-1][1])} {unit}, aleatoric {stays} {unit}."
    )


def _tracks(known: Uncertainty) -> list[Series]:
    results = [(float(x), 0.0) for x in known.results]
    return [
        Series(kind="line", name="epistemic", colour="c1", points=known.epistemic),
        Series(kind="line", name="aleatoric", colour="c4", points=known.aleatoric),
        Series(kind="dots", name="new result", colour="c2", points=results),
    ]


def parity(spec: Campaign, seen: Sequence[Foresight]) -> Picture:
    """Predicted against measured, each before the predictor knew it."""
    name = spec.predictor.predicts if spec.predictor else spec.objective.observable
    unit = unit_name(spec.observables[name].unit) or "1"
    values = [v for f in seen for v in (f.measured, f.expected)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = 0.3 * (high - low)
    # One interval of a factor of ten must not squeeze all dots into a corner.
    low, high = 0.0 if 0 < low < 0.5 * high else low - room, high + room
    return Picture(
        key="parity",
        title="Predicted before it was measured",
        reading="Each dot is a specimen as the last predictor that did not know its "
        "result saw it, with the 90 % interval; on the diagonal it was right. "
        "Intervals are cut at the edge.",
        note=f"n = {len(seen)} specimens." if seen else _unforeseen(spec),
        x=Axis(title=f"measured {name} [{unit}]", low=low, high=high),
        y=Axis(title=f"predicted {name} [{unit}]", low=low, high=high),
        series=_parity_series(seen, unit, (low, high)) if seen else (),
        is_diagonal=True,
    )


def _parity_series(
    seen: Sequence[Foresight], unit: str, edge: tuple[float, float]
) -> list[Series]:
    low, high = edge
    bars = [(f.measured, max(low, f.low), min(high, f.high)) for f in seen]
    told = [
        f"{f.specimen}: measured {quantity(f.measured, unit)}, predicted "
        f"{significant(f.expected)} ({significant(f.low)} to {significant(f.high)})"
        for f in seen
    ]
    dots = [(f.measured, f.expected) for f in seen]
    return [
        Series(kind="bars", name="90 % interval", colour="c1", points=bars),
        Series(kind="dots", name="specimen", colour="c1", points=dots, titles=told),
    ]


def _unforeseen(spec: Campaign) -> str:
    """Why nothing predicted can be held against what was measured."""
    if spec.predictor is None:
        return "This campaign has no predictor, of which this would be a picture."
    return "No specimen has been predicted and then measured to its end."


def calibration(spec: Campaign, seen: Sequence[Foresight]) -> Picture:
    """Nominal against observed coverage of what was predicted beforehand."""
    found = coverages(seen)
    return _calibration(
        "calibration",
        "Calibration before the fact",
        [(c.level, c.share, c.low, c.high) for c in found],
        f"n = {len(seen)} specimens, each by the last predictor that did not know it."
        if seen
        else _unforeseen(spec),
    )


def champion_calibration(spec: Campaign, rows: Sequence[dict[str, Any]]) -> Picture:
    """The same of the champion on specimens that were held out from it."""
    return _calibration(
        "champion",
        "Calibration of the champion",
        [(r["level"], r["coverage"], r["low"], r["high"]) for r in rows],
        f"n = {rows[0]['n']} specimens, {SCHEME}."
        if rows
        else "There is no champion with held-out results yet."
        if spec.predictor is not None
        else _unforeseen(spec),
    )


def _calibration(
    key: str, title: str, rows: Sequence[tuple[float, float, float, float]], note: str
) -> Picture:
    return Picture(
        key=key,
        title=title,
        reading="How often specimens fell into an interval against how often they "
        "should; bars are 95 % Wilson intervals. On the diagonal is right, below it "
        "the intervals are too narrow.",
        note=note,
        x=Axis(title="nominal coverage", low=0.4, high=1.0),
        y=Axis(title="observed coverage", low=0.0, high=1.0),
        series=_coverage_series(rows) if rows else (),
        is_diagonal=True,
        numbers=(
            ("nominal", "observed", "95 % from", "to"),
            [tuple(f"{v:.3f}" for v in row) for row in rows],
        )
        if rows
        else None,
    )


def _coverage_series(rows: Sequence[tuple[float, float, float, float]]) -> list[Series]:
    told = [
        f"{100 * level:.0f} % held {100 * share:.0f} % ({100 * low:.0f} % to "
        f"{100 * high:.0f} %)"
        for level, share, low, high in rows
    ]
    bars = [(level, low, high) for level, _, low, high in rows]
    dots = [(level, share) for level, share, _, _ in rows]
    return [
        Series(kind="bars", name="95 % Wilson interval", colour="c1", points=bars),
        Series(kind="dots", name="observed", colour="c1", points=dots, titles=told),
    ]
