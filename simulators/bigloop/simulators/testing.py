"""The contract suites of `Simulator` and `Laboratory`, for ours and for yours.

    def test_contract(tmp_path):
        check_laboratory(lambda: MyLab(journal=tmp_path / "journal"), requests)

Each raises an `AssertionError` that says which rule was broken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import ValidationError

from bigloop.contracts import (
    Laboratory,
    Outcome,
    Request,
    Simulator,
    SpecError,
    attachments,
    canonical_json,
)
from bigloop.contracts.units import factor, parse_unit

SMALL = 2**20
"""Bytes of a file that a source may hand in with each outcome."""


def check_simulator(make: Callable[[], Simulator], request: Request) -> Outcome:
    """Assert the rules of `Simulator`; returns the outcome of `request`.

    Args:
        make: builds a new simulator; called more than once.
        request: one that succeeds.
    """
    simulator = make()
    assert isinstance(simulator, Simulator), "it lacks a method of Simulator"
    _check_capabilities(simulator, request)
    _check_refusals(simulator, request)
    outcome = simulator.evaluate(request)
    _check_outcome(simulator, outcome)
    assert outcome.status == "success", f"the request failed: {outcome.message}"
    _check_frozen(outcome)
    again = make().evaluate(request)
    assert again.measurements == outcome.measurements, (
        "a new simulator gave other results for the same request and seed"
    )
    assert again.attached == outcome.attached, (
        "a new simulator gave other files for the same request and seed"
    )
    return outcome


def check_failure(simulator: Simulator, request: Request) -> Outcome:
    """Assert that a request that cannot succeed gives a failure as an outcome."""
    outcome = simulator.evaluate(request)
    _check_outcome(simulator, outcome)
    assert outcome.status == "failure", "it was to fail"
    return outcome


def check_laboratory(
    make: Callable[[], Laboratory], requests: Sequence[Request]
) -> None:
    """Assert the rules of `Laboratory`.

    Args:
        make: builds a laboratory on one and the same journal; called more than once.
        requests: two or more for new specimens, that succeed.
    """
    first, *others = requests
    assert others, "give two or more requests"
    lab = make()
    assert isinstance(lab, Laboratory), "it lacks a method of Laboratory"
    assert lab.capabilities().is_physical, "a laboratory is physical"
    _check_capabilities(lab, first)
    _check_refusals(lab, first)
    stock = lab.stock()
    assert stock, "the stock is empty"
    assert all(item.specimens > 0 for item in stock), "a design without specimens"
    assert lab.recover(first) is None, "it recovers what was never begun"
    outcomes = [lab.evaluate(request) for request in requests]
    for outcome in outcomes:
        _check_outcome(lab, outcome)
        assert outcome.status == "success", f"a request failed: {outcome.message}"
    specimens = [outcome.specimen for outcome in outcomes]
    assert len(set(specimens)) == len(specimens), "a specimen was given out twice"
    for laboratory in (lab, make()):
        for request, outcome in zip(requests, outcomes, strict=True):
            assert laboratory.recover(request) == outcome, "it recovers another outcome"
            assert laboratory.evaluate(request) == outcome, "the same key ran again"
    _check_key(lab, first)


def _check_key(lab: Laboratory, request: Request) -> None:
    other = request.model_copy(update={"seed": request.seed + 1})
    assert _refusal(lab, other), "a key was taken for two different requests"


def _check_capabilities(simulator: Simulator, request: Request) -> None:
    capabilities = simulator.capabilities()
    assert capabilities == simulator.capabilities(), "the capabilities change"
    assert capabilities.observables, "it observes nothing"
    for unit in (*capabilities.parameters.values(), *capabilities.observables.values()):
        parse_unit(unit)
    if capabilities.age_unit is not None:
        parse_unit(capabilities.age_unit)
    assert set(request.design) == set(capabilities.parameters), (
        "the request does not fit the capabilities"
    )


def _check_refusals(simulator: Simulator, request: Request) -> None:
    name = next(iter(request.design))
    missing = {k: v for k, v in request.design.items() if k != name}
    for problem, design in {
        "unknown": {**request.design, "not_a_parameter_of_this": 1.0},
        "missing": missing,
    }.items():
        wrong = request.model_copy(update={"design": design, "trial": f"_{problem}"})
        message = _refusal(simulator, wrong)
        assert message, f"a parameter that is {problem} was accepted"
        assert "\n" not in message, "a message has one line"


def _refusal(simulator: Simulator, request: Request) -> str:
    """What a simulator says against a request; empty when it takes it."""
    try:
        simulator.evaluate(request)
    except SpecError as error:
        return str(error)
    return ""


def _check_outcome(simulator: Simulator, outcome: Outcome) -> None:
    capabilities = simulator.capabilities()
    assert (outcome.failure is not None) == (outcome.status == "failure"), (
        "a failure has its class, and a success none"
    )
    assert "\n" not in outcome.message, "a message has one line"
    assert outcome.message or outcome.status == "success", "a failure says why"
    names = [m.observable for m in outcome.measurements]
    assert len(set(names)) == len(names), "an observable was given twice"
    for measurement in outcome.measurements:
        unit = capabilities.observables.get(measurement.observable)
        assert unit is not None, f"{measurement.observable} was not declared"
        factor(measurement.unit, unit)
    canonical_json(outcome.model_dump(mode="json"))
    again = Outcome.model_validate_json(outcome.model_dump_json())
    bare = outcome.model_copy(update={"attached": ()})
    assert again == bare, "the outcome does not survive JSON"
    assert not outcome.files, "who keeps the files says which; attach them"
    for given in outcome.attached:
        assert not (problem := attachments.problem(given, SMALL)), problem
    names = [given.name for given in outcome.attached]
    assert len(set(names)) == len(names), "two files have one name"


def _check_frozen(outcome: Outcome) -> None:
    try:
        outcome.status = "failure"  # type: ignore[misc]
    except ValidationError:
        return
    raise AssertionError("the outcome is not frozen")
