"""Whether an outcome can be taken in: unit, range, observable, specimen."""

from __future__ import annotations

import math
from typing import Any

from bigloop.contracts import (
    Campaign,
    Measurement,
    Outcome,
    Proposal,
    ResultError,
    SpecError,
    convert,
)
from bigloop.contracts.units import factor


def accept(
    spec: Campaign, proposal: Proposal, outcome: Outcome
) -> list[dict[str, Any]]:
    """The observations of an outcome in the campaign's units, ready for an event.

    Raises:
        ResultError: one line that names the observable, the value and the remedy.
    """
    _check_specimen(proposal, outcome)
    _check_cost(spec, outcome)
    if unknown := sorted(set(outcome.executed) - set(spec.parameters)):
        raise ResultError(
            f"executed: {unknown[0]!r} is not a parameter of campaign {spec.name!r}; "
            f"there are {', '.join(spec.parameters)}"
        )
    whose = {
        "source": proposal.source,
        "design": proposal.design,
        "specimen": outcome.specimen or proposal.specimen,
        "batch": outcome.batch,
    }
    return [
        {**whose, **measured(spec, proposal.source, m)} for m in outcome.measurements
    ]


def measured(spec: Campaign, source: str, m: Measurement) -> dict[str, Any]:
    """One measurement in the campaign's unit.

    Raises:
        ResultError: the unit does not fit, the value is out of its physical range, or
            the source does not declare the observable.
    """
    name = m.observable
    if name not in spec.sources[source].observes:
        raise ResultError(
            f"{name} = {m.value:g} {m.unit}: source {source!r} does not declare it; "
            f"it declares {', '.join(spec.sources[source].observes)}: correct the name "
            "or revise the campaign"
        )
    value, sd = _converted(spec, m)
    observable = spec.observables[name]
    low = -math.inf if observable.low is None else observable.low
    high = math.inf if observable.high is None else observable.high
    # NaN fails every comparison, so this refuses it too.
    if not (low <= value <= high and math.isfinite(value)):
        raise ResultError(
            f"{name} = {value:g} {observable.unit}: outside its physical range {low:g} "
            f"to {high:g}; correct the value, or report a failure of class quality"
        )
    return {
        "observable": name,
        "value": value,
        "unit": observable.unit,
        "sd": sd,
        "age": m.age,
        "censored": m.censored,
    }


def _converted(spec: Campaign, m: Measurement) -> tuple[float, float | None]:
    unit = spec.observables[m.observable].unit
    try:
        value = convert(m.value, m.unit, unit)
        # A spread has a scale but no origin: a kelvin is a degree wide.
        scale = 1.0 if m.unit == unit else factor(m.unit, unit)[0]
    except SpecError as error:
        raise ResultError(
            f"{m.observable} = {m.value:g} {m.unit}: {error}; give it in a unit that "
            f"fits {unit or 'a pure number'!r}"
        ) from None
    return value, None if m.sd is None else m.sd * abs(scale)


def _check_specimen(proposal: Proposal, outcome: Outcome) -> None:
    asked, came = proposal.specimen, outcome.specimen
    if asked is not None and came is not None and asked != came:
        raise ResultError(
            f"specimen: the result is of {came!r}, but trial {proposal.id} is of "
            f"{asked!r}; send it to the trial that it belongs to"
        )


def _check_cost(spec: Campaign, outcome: Outcome) -> None:
    for currency, amount in outcome.cost.items():
        if currency not in spec.budget:
            raise ResultError(
                f"cost {currency} = {amount:g}: campaign {spec.name!r} has no such "
                f"account; use {', '.join(spec.budget)}"
            )
        if not (amount >= 0 and math.isfinite(amount)):
            raise ResultError(f"cost {currency} = {amount:g}: give a number from 0 up")


def overrun(reserved: dict[str, float], outcome: Outcome) -> dict[str, float]:
    """By how much an outcome cost more than was reserved."""
    return {
        currency: amount - reserved.get(currency, 0.0)
        for currency, amount in outcome.cost.items()
        if amount > reserved.get(currency, 0.0)
    }
