"""What was paid: the burn-down of each currency, the mix of sources over time."""

from __future__ import annotations

from bigloop.contracts import Account, Campaign, significant
from bigloop.dashboard.picture import Axis, Picture, Series
from bigloop.dashboard.timeline import Timeline
from bigloop.dashboard.wording import unit_name

COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")


def burn(account: Account, line: Timeline) -> Picture:
    """Spent and reserved against decisions, for one currency."""
    currency, unit = account.currency, unit_name(account.currency)
    moments = line.moments
    n = moments[-1].decision if moments else 0
    spent = [(float(m.decision), m.spent.get(currency, 0.0)) for m in moments]
    held = [(float(m.decision), m.reserved.get(currency, 0.0)) for m in moments]
    return Picture(
        key=f"burn-{currency}",
        title=f"Budget: {unit}",
        reading="From the bottom: spent, reserved for trials on their way, left. "
        "Nothing more can be proposed where both areas together meet the dashed line.",
        note=f"{significant(account.spent)} spent, {significant(account.reserved)} "
        f"reserved, {significant(account.left)} left of "
        f"{significant(account.limit)} {unit} (n = {n} trials)."
        if n
        else "No trial has been proposed yet.",
        x=Axis(title="decision number", from_zero=True),
        y=Axis(title=unit, from_zero=True),
        series=[
            Series(kind="area", name="spent", colour="c1", points=spent),
            Series(kind="area", name="reserved", colour="c3", points=held),
            Series(
                kind="line",
                name="budget",
                colour="soft",
                points=[(0.0, account.limit), (float(n), account.limit)],
                is_dashed=True,
            ),
        ]
        if n
        else (),
    )


def mix(spec: Campaign, line: Timeline, *, by_cost: bool) -> Picture:
    """Cumulative share of each source, by results or by budget used."""
    moments = [m for m in line.moments if m.n_ended]
    amounts = [
        m.share if by_cost else {s: float(n) for s, n in m.n_ended.items()}
        for m in moments
    ]
    what = "budget used" if by_cost else "results"
    totals = [sum(now.values()) or 1.0 for now in amounts]
    enough = len(moments) > 1
    n = sum(moments[-1].n_ended.values()) if moments else 0
    return Picture(
        key="mix-cost" if by_cost else "mix-count",
        title=f"Source mix by {'cost' if by_cost else 'count'}",
        reading=f"Share of each source in all {what} up to that decision; the areas "
        "add up to 100 %."
        + (" Currencies are added as parts of their budgets." if by_cost else ""),
        note=f"n = {n} results." if enough else "Fewer than two results.",
        x=Axis(title="decision number"),
        y=Axis(title=f"share of {what} [%]", low=0.0, high=100.0),
        series=[
            Series(
                kind="area",
                name=source,
                colour=COLOURS[index % len(COLOURS)],
                points=[
                    (float(m.decision), 100.0 * now.get(source, 0.0) / total)
                    for m, now, total in zip(moments, amounts, totals, strict=True)
                ],
            )
            for index, source in enumerate(spec.sources)
        ]
        if enough
        else (),
    )
