"""Whether the predictor may be trusted: parity and calibration on held-out data."""

from __future__ import annotations

from typing import Any

from bigloop.contracts import ModelVersion, significant
from bigloop.dashboard.chart import Chart, span
from bigloop.dashboard.figure import Figure, missing
from bigloop.dashboard.study import Study
from bigloop.dashboard.trust import ENOUGH, parity
from bigloop.dashboard.wording import unit_name

_PARITY = (
    "Each dot is a specimen as the last predictor that did not know its result saw it, "
    "with the 90 % interval; on the diagonal the prediction was right."
)
_SCHEME = "leave one specimen out"


def parity_figure(found: Study) -> Figure:
    """Predicted against measured, each before the predictor knew it."""
    title = "Predicted before it was measured"
    seen = found.foresights
    if not seen or found.spec.predictor is None:
        why = "No specimen has been predicted and then measured to its end."
        return missing(title, _PARITY, why)
    name = found.spec.predictor.predicts
    unit = unit_name(found.spec.observables[name].unit)
    middle = [v for f in seen for v in (f.measured, f.expected)]
    low, high = span(middle)
    # One interval of a factor of ten must not squeeze all dots into a corner.
    low, high = max(0.0, low - 0.25 * (high - low)), high + 0.25 * (high - low)
    chart = Chart(
        x=(low, high),
        y=(low, high),
        x_title=f"measured {name} [{unit}]",
        y_title=f"predicted {name} [{unit}]",
        label=f"{title}: {len(seen)} specimens",
    )
    chart.line([(low, low), (high, high)], "rim")
    points = [(f.measured, f.expected) for f in seen]
    ends = [(max(low, f.low), min(high, f.high)) for f in seen]
    chart.bars(points, ends, "c1")
    titles = [
        f"{f.specimen}: measured {significant(f.measured)}, "
        f"predicted {significant(f.expected)}"
        for f in seen
    ]
    chart.dots(points, "c1", titles)
    hits = sum(f.is_covered for f in seen)
    known = parity(seen)
    error = known.error if known else 0.0
    return Figure(
        title=title,
        reading=_PARITY,
        note=f"n = {len(seen)}: mean absolute error {significant(100 * error)} %; "
        f"{hits} of {len(seen)} inside their 90 % interval. {judgement(len(seen))}",
        svg=chart.svg(),
    )


def calibration_figure(found: Study) -> Figure:
    """Nominal against observed coverage of the champion."""
    title = "Calibration of the champion"
    reading = (
        "How often held-out specimens fell into an interval against how often they "
        "should; bars are 95 % Wilson intervals, on the diagonal is right, below it "
        "the predictor is too sure."
    )
    rows = coverage_rows(found)
    if not rows:
        return missing(
            title, reading, "There is no champion with held-out results yet."
        )
    n = rows[0]["n"]
    chart = Chart(
        x=(0.4, 1.0),
        y=(0.0, 1.0),
        x_title="nominal coverage",
        y_title="observed coverage",
        label=f"{title}: {n} held-out specimens",
    )
    chart.line([(0.4, 0.4), (1.0, 1.0)], "rim")
    points = [(r["level"], r["coverage"]) for r in rows]
    chart.bars(points, [(r["low"], r["high"]) for r in rows], "c1")
    chart.dots(points, "c1")
    return Figure(
        title=title,
        reading=reading,
        note=f"n = {n}, {_SCHEME}. {verdict(rows)}",
        svg=chart.svg(),
    )


def coverage_rows(found: Study) -> list[dict[str, Any]]:
    """Coverage over all held-out specimens, by level."""
    return champion_rows(found.champion)


def champion_rows(champion: ModelVersion | None) -> list[dict[str, Any]]:
    """The same of a model version alone."""
    entries = champion.calibration if champion else []
    return [
        e for e in entries if e.get("scheme") == _SCHEME and e.get("group") == "all"
    ]


def verdict(rows: list[dict[str, Any]]) -> str:
    """Calibrated or not, in words; too few to judge is a verdict too."""
    n = rows[0]["n"]
    if n < ENOUGH:
        return judgement(n)
    off = [r for r in rows if not r["low"] <= r["level"] <= r["high"]]
    if not off:
        return "No interval contradicts its nominal level."
    way = "sure" if off[0]["coverage"] < off[0]["level"] else "cautious"
    return f"It is too {way}: {len(off)} of {len(rows)} levels are contradicted."


def judgement(n: int) -> str:
    """Whether n held-out specimens are enough to judge by."""
    if n < ENOUGH:
        return f"Too few to judge (fewer than {ENOUGH})."
    return ""
