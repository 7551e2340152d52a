"""Numbers, designs and costs as people read them: units, three digits."""

from __future__ import annotations

from collections.abc import Mapping

from bigloop.contracts import Campaign, Cost, Design, Recommendation, significant

_SHORT = {
    "cell_cycle": "cell-cycles",
    "core_second": "core-seconds",
    "cycle": "cycles",
    "1/hour": "1/h",
    "percent": "%",
    "minute": "min",
    "specimen": "specimens",
}


def unit_name(unit: str) -> str:
    """A unit as it is written after a number."""
    return _SHORT.get(unit, "" if unit == "1" else unit)


def quantity(value: float, unit: str) -> str:
    """A number with its unit.

    Examples:
        >>> quantity(812.3, "cycle"), quantity(0.25, "")
        ('812 cycles', '0.25')
    """
    return f"{significant(value)} {unit_name(unit)}".rstrip()


def design_text(campaign: Campaign, design: Design) -> str:
    """A design in the order of the campaign, with units."""
    parts = []
    for name in campaign.parameters:
        value = design.get(name, "?")
        shown = value if isinstance(value, str) else quantity(value, "")
        unit = unit_name(campaign.units[name])
        parts.append(f"{name} = {shown} {unit}".rstrip())
    return ", ".join(parts)


def cost_text(cost: Mapping[str, float]) -> str:
    """Amounts by currency; `nothing` when there is none."""
    found = [quantity(amount, name) for name, amount in cost.items() if amount]
    return ", ".join(found) or "nothing"


def spent_text(spent: Cost, budget: Cost, reference: Cost) -> list[str]:
    """One line a currency: spent, of what budget, of what exhaustive study."""
    lines = []
    for currency, limit in budget.items():
        amount = spent.get(currency, 0.0)
        line = f"{quantity(amount, currency)} of {significant(limit)}"
        if reference.get(currency):
            share = 100 * amount / reference[currency]
            line += (
                f"; {significant(share)} % of the exhaustive study's "
                f"{significant(reference[currency])}"
            )
        lines.append(line)
    return lines


def recommended_text(best: Recommendation) -> str:
    """The expected value of a recommendation with its interval and its n."""
    interval = f"{significant(best.low)} to {significant(best.high)}"
    return (
        f"{quantity(best.mean, best.unit)} expected "
        f"({100 * best.level:.0f} % interval {interval}; n = {best.n_target} measured, "
        f"{best.n_early} predicted)"
    )
