"""What a person says became of an `unknown` trial, as an outcome."""

from __future__ import annotations

from collections.abc import Mapping

from bigloop.contracts import (
    Campaign,
    FailureClass,
    Measurement,
    NotFoundError,
    Outcome,
    SpecError,
    Trial,
    number,
)


def resolution(
    spec: Campaign,
    trial: Trial,
    outcome: str,
    values: Mapping[str, str | float],
    failure: str,
    *,
    age: float | None,
    specimen: str | None,
) -> Outcome:
    """The outcome in the campaign's prices.

    A value may carry its unit, `12.5:nm`; else it is in the observable's. Without an
    age the whole reservation counts as spent: nobody knows better.

    Raises:
        SpecError: a word or a number is wrong, or a success measures nothing.
        NotFoundError: an observable does not exist.
    """
    if outcome not in ("completed", "failed"):
        raise SpecError(f"outcome {outcome!r}: write completed or failed")
    found = tuple(_measurement(spec, name, said, age) for name, said in values.items())
    if outcome == "completed" and not found:
        raise SpecError("a completed trial measures something; give at least one value")
    source = spec.sources[trial.proposal.source]
    start = trial.proposal.from_age
    return Outcome(
        status="success" if outcome == "completed" else "failure",
        failure=None if outcome == "completed" else _failure(failure),
        measurements=found,
        cost=trial.reserved if age is None else source.cost_of(start, age),
        specimen=specimen or trial.proposal.specimen,
        age=age,
        provenance={"resolved_by_hand": True},
    )


def _measurement(
    spec: Campaign, name: str, said: str | float, age: float | None
) -> Measurement:
    if name not in spec.observables:
        raise NotFoundError(
            f"observable {name!r} does not exist; there are "
            f"{', '.join(spec.observables)}"
        )
    amount, _, unit = str(said).partition(":")
    return Measurement(
        observable=name,
        value=number(name, amount),
        unit=unit.strip() or spec.observables[name].unit,
        age=age,
    )


def _failure(name: str) -> FailureClass:
    try:
        return FailureClass(name)
    except ValueError:
        raise SpecError(
            f"failure {name!r}: write one of {', '.join(FailureClass)}"
        ) from None
