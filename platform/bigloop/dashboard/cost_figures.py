"""What was paid: the burn-down of each currency, the mix of sources."""

from __future__ import annotations

from bigloop.contracts import significant
from bigloop.dashboard.chart import Chart
from bigloop.dashboard.figure import Figure, missing
from bigloop.dashboard.study import Study
from bigloop.dashboard.timeline import Moment
from bigloop.dashboard.wording import unit_name

_COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")


def burn_figures(found: Study) -> list[Figure]:
    """One figure a currency."""
    return [_burn(found, currency) for currency in found.spec.budget]


def _burn(found: Study, currency: str) -> Figure:
    account, moments = found.accounts[currency], found.timeline.moments
    unit = unit_name(currency)
    title = f"Budget: {unit}"
    reading = (
        "From the bottom: spent, reserved for trials on their way, left. Spending ends "
        "where the bottom area meets the top."
    )
    if not found.trials:
        return missing(title, reading, "No trial has been proposed yet.")
    chart = Chart(
        x=(0.0, float(max(1, len(found.trials)))),
        y=(0.0, max(account.limit, account.spent)),
        x_title="decision number",
        y_title=unit,
        label=f"{title}: {significant(account.spent)} of {significant(account.limit)}",
    )
    zero = [(float(m.decision), 0.0) for m in moments]
    spent = [(float(m.decision), m.spent.get(currency, 0.0)) for m in moments]
    held = [
        (float(m.decision), m.spent.get(currency, 0.0) + m.reserved.get(currency, 0.0))
        for m in moments
    ]
    chart.band(zero, spent, "c1")
    chart.band(spent, held, "c3")
    chart.line(held, "c3")
    chart.line(spent, "c1")
    chart.line([(0.0, account.limit), (chart.x[1], account.limit)], "rim")
    return Figure(
        title=title,
        reading=reading,
        note=f"Now: {significant(account.spent)} spent, "
        f"{significant(account.reserved)} reserved, {significant(account.left)} left "
        f"of {significant(account.limit)} (n = {len(found.trials)} trials).",
        svg=chart.svg(),
        legend=(("c1", "spent"), ("c3", "reserved")),
    )


def mix_figures(found: Study) -> list[Figure]:
    """Cumulative share of each source by count and by cost."""
    counts = [{s: float(n) for s, n in m.n_ended.items()} for m in _moments(found)]
    costs = [m.share for m in _moments(found)]
    return [
        _mix(found, "Source mix by count", "results", counts),
        _mix(found, "Source mix by cost", "budget used", costs),
    ]


def _moments(found: Study) -> list[Moment]:
    return [moment for moment in found.timeline.moments if moment.n_ended]


def _mix(
    found: Study, title: str, what: str, amounts: list[dict[str, float]]
) -> Figure:
    reading = (
        f"Share of each source in all {what} up to that decision; the areas add up to "
        "100 %."
    )
    if what != "results":
        reading += " Currencies are added as parts of their budgets."
    moments = _moments(found)
    if len(moments) < 2:
        return missing(title, reading, "Fewer than two results.")
    chart = Chart(
        x=(float(moments[0].decision), float(moments[-1].decision) or 1.0),
        y=(0.0, 100.0),
        x_title="decision number",
        y_title=f"share of {what} [%]",
        label=title,
    )
    below = [(float(m.decision), 0.0) for m in moments]
    legend = []
    for index, source in enumerate(found.spec.sources):
        above = []
        for (x, low), now in zip(below, amounts, strict=True):
            total = sum(now.values()) or 1.0
            above.append((x, low + 100.0 * now.get(source, 0.0) / total))
        colour = _COLOURS[index % len(_COLOURS)]
        chart.band(below, above, f"{colour} solid")
        last = above[-1][1] - below[-1][1]
        legend.append((colour, f"{source}, {significant(last)} % at the end"))
        below = above
    n = sum(moments[-1].n_ended.values())
    return Figure(
        title=title,
        reading=reading,
        note=f"n = {n} results.",
        svg=chart.svg(),
        legend=tuple(legend),
    )
