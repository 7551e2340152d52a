"""Observables that a campaign computes from those that a source measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bigloop.contracts import (
    Campaign,
    Capabilities,
    Measurement,
    ResultError,
    SpecError,
    expressions,
)

_STEP = 1e-4
"""Of a central difference, in standard deviations of the input."""


def derived(campaign: Campaign, source: str, known: Capabilities) -> dict[str, str]:
    """Expressions of what a source observes but does not yield, by observable.

    Those of the source itself come before those of the campaign.
    """
    found = campaign.sources[source]
    return {
        name: expression
        for name in found.observes
        if name not in known.observables
        and (
            expression := found.expressions.get(
                name, campaign.observables[name].expression
            )
        )
        is not None
    }


def compute(
    campaign: Campaign, wanted: Mapping[str, str], measured: Sequence[Measurement]
) -> list[Measurement]:
    """Each wanted observable at each age at which all of its inputs were measured.

    Inputs that are censored count as not measured. The standard deviation is that of
    the inputs to first order, as if they were independent; none when none has one.

    Raises:
        ResultError: an expression has no finite value; names it and its inputs.
    """
    declared = campaign.observables.keys()
    ages = dict.fromkeys(m.age for m in measured)
    groups = [
        {m.observable: m for m in measured if m.age == age and not m.censored}
        for age in ages
    ]
    return [
        _one(campaign, name, expression, {k: group[k] for k in used})
        for name, expression in wanted.items()
        for used in [expressions.names(expression) & declared]
        for group in groups
        if used <= group.keys()
    ]


def _one(
    campaign: Campaign, name: str, expression: str, inputs: Mapping[str, Measurement]
) -> Measurement:
    unit = campaign.observables[name].unit
    units = {k: k for k in expressions.names(expression)}
    units |= {k: m.unit for k, m in inputs.items()}
    values = dict.fromkeys(units, 1.0) | {k: m.value for k, m in inputs.items()}

    def at(**changed: float) -> float:
        moved = {**values, **changed}
        return expressions.evaluate_in(expression, moved, units, unit)

    try:
        value, variance = at(), 0.0
        for key, m in inputs.items():
            if m.sd:
                step = _STEP * m.sd
                rise = at(**{key: m.value + step}) - at(**{key: m.value - step})
                variance += (rise / (2 * _STEP)) ** 2
    except SpecError as error:
        raise ResultError(f"{name}: {error}") from None
    if not (math.isfinite(value) and math.isfinite(variance)):
        shown = ", ".join(f"{k} = {m.value:g}" for k, m in inputs.items())
        raise ResultError(f"{name}: {expression!r} has no finite value at {shown}")
    has_sd = any(m.sd is not None for m in inputs.values())
    sd = math.sqrt(variance) if has_sd else None
    age = next(iter(inputs.values())).age if inputs else None
    return Measurement(observable=name, value=value, unit=unit, sd=sd, age=age)
