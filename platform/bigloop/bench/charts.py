"""Pictures of a benchmark: regret against cost, and what finding has cost."""

from __future__ import annotations

from bigloop.bench.figures import Figures, MethodFigures
from bigloop.bench.methods import METHODS
from bigloop.contracts import significant
from bigloop.dashboard.chart import Chart
from bigloop.dashboard.figure import Figure, missing

_REGRET = (
    "Median over seeds of the regret of the best design that the target has measured, "
    "as a share of the range; the band goes from quartile to quartile. A line begins "
    "where half of the seeds have a result."
)
_REACH = (
    "Share of the seeds in which the target has measured a design of the top 1 % for "
    "at most this cost. The further to the left and the higher, the better."
)


def _colour(method: str) -> str:
    known = list(METHODS)
    place = known.index(method) if method in known else len(known) - 1
    return f"c{place % 9 + 1}"


def regret_figure(one: Figures) -> Figure:
    """Regret against cost, with bands."""
    title = "Regret against cost"
    shown = [m for m in one.methods if m.curve]
    points = {m.method: _points(m) for m in shown}
    highest = max((y for p in points.values() for _, _, y in p["all"]), default=None)
    if highest is None:
        return missing(title, _REGRET, "No run has a result of the target.")
    top = 1.05 * highest or 1.0
    chart = Chart(
        x=(0.0, one.budget),
        y=(0.0, top),
        x_title=f"spent [{one.currency}]",
        y_title="regret [% of the range]",
        label=f"{title} on {one.benchmark}: {len(shown)} methods",
    )
    for m in shown:
        band = points[m.method]["band"]
        lower = [(x, low) for x, low, _ in band]
        # Before the first finds a band may begin far above every median.
        upper = [(x, min(high, top)) for x, _, high in band]
        chart.band(lower, upper, _colour(m.method))
    for m in shown:
        chart.line([(x, y) for x, _, y in points[m.method]["all"]], _colour(m.method))
    ends = [(m, m.regret.median if m.regret else None) for m in shown]
    return Figure(
        title=title,
        reading=_REGRET,
        note=f"n = {min(m.n_seeds for m in shown)} seeds a method or more.",
        svg=chart.svg(),
        legend=tuple(
            (
                _colour(m.method),
                f"{m.method}, {_percent(e)} in the end",
            )
            for m, e in ends
        ),
    )


def _percent(share: float | None) -> str:
    return "no result" if share is None else f"{significant(100 * share)} %"


def _points(m: MethodFigures) -> dict[str, list[tuple[float, float, float]]]:
    return {
        "all": [(x, 0.0, 100 * y) for x, _, y, _ in m.curve if y is not None],
        "band": [
            (x, 100 * low, 100 * high)
            for x, low, _, high in m.curve
            if low is not None and high is not None
        ],
    }


def reach_figure(one: Figures) -> Figure:
    """Which share of the seeds had found for which cost."""
    title = "Cost to the top 1 %"
    shown = [m for m in one.methods if m.reached and m.reached[0].n_reached]
    if not shown:
        return missing(title, _REACH, "No run has found it within the budget.")
    chart = Chart(
        x=(0.0, one.budget),
        y=(0.0, 100.0),
        x_title=f"spent [{one.currency}]",
        y_title="seeds that have found it [%]",
        label=f"{title} on {one.benchmark}: {len(shown)} methods",
    )
    for m in shown:
        costs = m.reached[0].costs
        shares = [100 * (i + 1) / m.n_seeds for i in range(len(costs))]
        last = shares[-1] if shares else 0.0
        climb = [(0.0, 0.0), *zip(costs, shares, strict=True), (one.budget, last)]
        chart.steps(climb, _colour(m.method))
    return Figure(
        title=title,
        reading=_REACH,
        note="Found in the end: "
        + ", ".join(
            f"{m.method} {m.reached[0].n_reached} of {m.n_seeds}"
            for m in one.methods
            if m.reached
        )
        + ".",
        svg=chart.svg(),
        legend=tuple((_colour(m.method), m.method) for m in shown),
    )
