"""Results as laboratories hand them in: with units, priced by the campaign."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bigloop.contracts import (
    Campaign,
    Cost,
    Design,
    Document,
    FailureClass,
    KeptFile,
    Measurement,
    Outcome,
    ResultError,
    SpecError,
    Trial,
    convert,
)


class Quantity(Document):
    """A number with its unit."""

    value: float
    unit: str = ""


class Result(Document):
    """What a laboratory says came of a trial, in units of its own."""

    status: Literal["success", "failure"] = "success"
    failure: FailureClass | None = None
    message: str = ""
    measurements: tuple[Measurement, ...] = ()
    executed: dict[str, Quantity | float | str] = Field(default_factory=dict)
    """What was really set, beside what was asked for; a bare number is in the
    campaign's unit."""
    specimen: str | None = None
    batch: str | None = None
    age: float | None = Field(default=None, ge=0)
    """Age of the specimen at the end, in the age unit of the source."""
    ended: bool = True
    duration_s: float = Field(default=0.0, ge=0)
    cost: Cost | None = None
    """What it cost by currency; none: by the campaign's prices."""
    provenance: dict[str, Any] = Field(default_factory=dict)
    files: tuple[KeptFile, ...] = ()
    """Files of this result that were uploaded for the trial before."""


def outcome_of(spec: Campaign, trial: Trial, result: Result) -> Outcome:
    """The outcome in the campaign's units and prices.

    Raises:
        ResultError: a failure without a class, a success without a measurement, or a
            unit that does not fit.
    """
    if result.status == "failure" and result.failure is None:
        classes = ", ".join(FailureClass)
        raise ResultError(f"failure: a failure has a class; give one of {classes}")
    if result.status == "success" and not result.measurements:
        raise ResultError("measurements: a success measures something; give one")
    said = result.model_dump(exclude={"executed", "cost", "measurements"})
    return Outcome(
        **said,
        measurements=result.measurements,
        executed=_executed(spec, result.executed),
        cost=_cost(spec, trial, result) if result.cost is None else result.cost,
    )


def _executed(spec: Campaign, values: dict[str, Quantity | float | str]) -> Design:
    found: Design = {}
    for name, value in values.items():
        if name not in spec.parameters:
            raise ResultError(
                f"executed: {name!r} is not a parameter; there are "
                f"{', '.join(spec.parameters)}"
            )
        if not isinstance(value, Quantity):
            found[name] = value
            continue
        try:
            found[name] = convert(value.value, value.unit, spec.units[name])
        except SpecError as error:
            raise ResultError(f"executed.{name}: {error}") from None
    return found


def _cost(spec: Campaign, trial: Trial, result: Result) -> Cost:
    """By the ages that were run; nothing where a physical trial was not begun."""
    source, proposal = spec.sources[trial.proposal.source], trial.proposal
    was_begun = result.status == "success" or result.specimen or result.age is not None
    if source.is_physical and not was_begun:
        return {}
    until = proposal.until_age or source.until_age or source.longest_age or 0.0
    return source.cost_of(
        proposal.from_age, until if result.age is None else result.age
    )
