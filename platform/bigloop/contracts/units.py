"""Units: one pint registry, in which a cycle is a charge-discharge cycle."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from bigloop.contracts.errors import SpecError

if TYPE_CHECKING:
    import pint

_DEFINITIONS = (
    "cycle = [charge_cycle] = cycles",
    "cell_cycle = [cell_cycle] = cell_cycles",
    "core_second = [core_time] = core_seconds",
    "EUR = [currency] = euro = euros",
    "specimen = [specimen] = specimens",
)


@cache
def registry() -> pint.UnitRegistry[float]:
    """The registry of this process (pint's own, plus currencies and cycles)."""
    import pint

    units: pint.UnitRegistry[float] = pint.UnitRegistry(on_redefinition="ignore")
    for line in _DEFINITIONS:
        units.define(line)
    return units


@cache
def parse_unit(unit: str) -> pint.Unit:
    """The pint unit of a text; `""` and `"1"` mean dimensionless.

    Raises:
        SpecError: when the text is not a unit.
    """
    try:
        return registry().Unit("" if unit == "1" else unit)
    except Exception as error:
        raise SpecError(
            f"unit {unit!r} is not known ({error}); write one that pint reads, "
            "such as 'minute', '1/hour', 'cycle' or '' for a pure number"
        ) from None


@cache
def base(unit: str) -> tuple[float, float]:
    """Scale and offset with `value_in_base_units = scale * value + offset`."""
    quantity, parsed = registry().Quantity, parse_unit(unit)
    zero = float(quantity(0.0, parsed).to_base_units().magnitude)
    one = float(quantity(1.0, parsed).to_base_units().magnitude)
    return one - zero, zero


@cache
def factor(source: str, target: str) -> tuple[float, float]:
    """Scale and offset with `value_in_target = scale * value + offset`.

    Raises:
        SpecError: when the two units measure different things.
    """
    a, b = parse_unit(source), parse_unit(target)
    if a.dimensionality != b.dimensionality:
        raise SpecError(
            f"unit {source!r} does not fit {target!r}: one is "
            f"{a.dimensionality}, the other {b.dimensionality}"
        )
    quantity = registry().Quantity
    zero = float(quantity(0.0, a).to(b).magnitude)
    one = float(quantity(1.0, a).to(b).magnitude)
    return one - zero, zero


def convert(value: float, source: str, target: str) -> float:
    """`value` given in `source`, expressed in `target`; exact when they are equal.

    Raises:
        SpecError: when the two units measure different things.

    Examples:
        >>> convert(2.0, "hour", "minute")
        120.0
    """
    if source == target:
        return value
    scale, offset = factor(source, target)
    return scale * value + offset
