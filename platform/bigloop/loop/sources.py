"""A campaign's sources: built from their entry points, checked, asked, priced."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigloop.contracts import (
    Campaign,
    Capabilities,
    Cost,
    FailureClass,
    Laboratory,
    Outcome,
    Proposal,
    Request,
    ResultError,
    Simulator,
    Source,
    SourceError,
    SpecError,
    Stock,
    Trial,
    convert,
    expressions,
    plugins,
)
from bigloop.loop.derived import compute, derived


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to build a source anywhere: plain data that can travel to another process.

    Attributes:
        entry_point: name in `bigloop.simulators`.
        options: arguments, the platform's own included.
    """

    entry_point: str
    options: tuple[tuple[str, Any], ...]

    def build(self) -> Simulator:
        """Build the simulator or laboratory.

        Raises:
            NotFoundError: lists the entry points that exist.
            SpecError: an option is unknown or wrong.
        """
        make = plugins.load("simulators", self.entry_point)
        try:
            built = make(**dict(self.options))
        except TypeError as error:
            known = ", ".join(inspect.signature(make).parameters)
            raise SpecError(
                f"source {self.entry_point!r}: {error}; its options are {known}"
            ) from None
        if not isinstance(built, Simulator):
            raise SourceError(
                f"{self.entry_point!r} is no Simulator; it lacks evaluate or "
                "capabilities"
            )
        return built


def plan(source: Source, base: Path, journal: Path, seed: int) -> Plan:
    """The plan of a source; what the platform provides is given where it is wanted.

    Args:
        source: of the campaign.
        base: folder that paths in the campaign are relative to.
        journal: file in which laboratories remember what they ran.
        seed: of the campaign.
    """
    make = plugins.load("simulators", source.entry_point)
    wanted = inspect.signature(make).parameters
    provided = {"base": str(base), "journal": str(journal), "seed": seed}
    options = {k: v for k, v in provided.items() if k in wanted} | source.options
    return Plan(entry_point=source.entry_point, options=tuple(options.items()))


def check(campaign: Campaign, name: str, capabilities: Capabilities) -> None:
    """Check a source of a campaign against what it declares of itself.

    Raises:
        SpecError: names the field that does not fit, and what would.
    """
    source = campaign.sources[name]
    where = f"sources.{name}"
    if source.is_physical != capabilities.is_physical:
        right = "lab" if capabilities.is_physical else "simulator"
        raise SpecError(f"{where}: {source.entry_point!r} is a {right}; write {right}:")
    for parameter, unit in capabilities.parameters.items():
        if parameter not in campaign.parameters:
            raise SpecError(
                f"{where}: {source.entry_point!r} needs parameter {parameter!r}; "
                f"the campaign has {sorted(campaign.parameters)}"
            )
        _fit(f"parameters.{parameter}", campaign.units[parameter], unit)
    wanted = derived(campaign, name, capabilities)
    used = {k for text in wanted.values() for k in expressions.names(text)}
    inputs = used & campaign.observables.keys()
    for observable in [k for k in source.observes if k not in wanted] + sorted(inputs):
        if observable not in capabilities.observables:
            raise SpecError(
                f"{where}.observes: {source.entry_point!r} does not yield "
                f"{observable!r}; it yields {sorted(capabilities.observables)}"
            )
        declared = campaign.observables[observable].unit
        _fit(
            f"observables.{observable}", declared, capabilities.observables[observable]
        )
    if capabilities.age_unit and (source.until_age or source.longest_age):
        _fit(f"{where}.age_unit", source.age_unit, capabilities.age_unit)


def _fit(where: str, unit: str, other: str) -> None:
    try:
        convert(1.0, unit, other)
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None


def request(campaign: Campaign, trial: Trial, capabilities: Capabilities) -> Request:
    """What to ask a source for a trial, in the source's own units."""
    proposal = trial.proposal
    source = campaign.sources[proposal.source]
    design = {
        name: value
        if isinstance(value := proposal.design[name], str)
        else convert(value, campaign.units[name], unit)
        for name, unit in capabilities.parameters.items()
    }
    unit = capabilities.age_unit or source.age_unit
    until = proposal.until_age
    return Request(
        trial=trial.id,
        design=design,
        specimen=proposal.specimen,
        from_age=convert(proposal.from_age, source.age_unit, unit),
        until_age=None if until is None else convert(until, source.age_unit, unit),
        seed=proposal.seed,
        timeout_s=source.timeout_s,
        model=proposal.model,
    )


def settle(
    campaign: Campaign, proposal: Proposal, outcome: Outcome, capabilities: Capabilities
) -> Outcome:
    """An outcome in the campaign's units, with the cost by the campaign's prices.

    The price list is part of the campaign: what a source measured of its own cost
    stays in the provenance, so that a budget does not depend on a busy machine.
    Observables that the campaign does not name are kept in the provenance too. What it
    computes itself is added; where that has no value, the result is a failure.
    """
    source = campaign.sources[proposal.source]
    unit = capabilities.age_unit or source.age_unit
    age = outcome.age
    if age is not None:
        age = convert(age, unit, source.age_unit)
    named = [m for m in outcome.measurements if m.observable in source.observes]
    problem: dict[str, Any] = {}
    try:
        wanted = derived(campaign, proposal.source, capabilities)
        named += compute(campaign, wanted, outcome.measurements)
    except ResultError as error:
        named = []
        problem = {
            "status": "failure",
            "failure": FailureClass.QUALITY,
            "message": str(error),
        }
    others = {
        m.observable: m.value
        for m in outcome.measurements
        if problem or m.observable not in source.observes
    }
    executed = {
        name: value
        if isinstance(value, str)
        else convert(value, capabilities.parameters[name], campaign.units[name])
        for name, value in outcome.executed.items()
        if name in capabilities.parameters
    }
    provenance = dict(outcome.provenance)
    if others:
        provenance["also_measured"] = others
    if outcome.cost:
        provenance["measured_cost"] = dict(outcome.cost)
    return outcome.model_copy(
        update={
            "age": age,
            "measurements": tuple(named),
            "executed": executed,
            "cost": price(source, proposal, outcome, age),
            "provenance": provenance,
            **problem,
        }
    )


def price(
    source: Source, proposal: Proposal, outcome: Outcome, age: float | None
) -> Cost:
    """What an outcome costs: nothing when nothing was begun, else by the ages run."""
    was_begun = outcome.specimen is not None or not source.is_physical
    if not was_begun:
        return {}
    reached = proposal.from_age if age is None else age
    return source.cost_of(proposal.from_age, reached)


def stock_of(campaign: Campaign, laboratory: Simulator) -> tuple[Stock, ...] | None:
    """The laboratory's stock in the campaign's units; none when it has no list.

    Raises:
        SpecError: no design of the stock adds up to the compositions, or none that does
            keeps the constraints.
    """
    if not isinstance(laboratory, Laboratory):
        return None
    units = laboratory.capabilities().parameters
    stock = tuple(
        Stock(
            design={
                name: value
                if isinstance(value := item.design[name], str)
                else convert(value, units[name], campaign.units[name])
                for name in campaign.parameters
            },
            specimens=item.specimens,
            batch=item.batch,
        )
        for item in laboratory.stock()
    )
    problems = [campaign.why_no_composition(item.design) for item in stock]
    if stock and all(problems):
        raise SpecError(
            f"candidates: none of {len(stock):,} designs adds up; of the first, "
            f"{problems[0]}; correct the table, or give the composition a tolerance "
            "where its numbers are rounded"
        )
    outside = [
        campaign.broken_constraint(item.design)
        for item, problem in zip(stock, problems, strict=True)
        if not problem
    ]
    if outside and all(outside):
        raise SpecError(
            f"candidates: none of {len(outside):,} designs keeps the constraints; of "
            f"the first, {outside[0]}; loosen them, or correct the table"
        )
    return stock


def broken(error: SourceError) -> Outcome:
    """The outcome of a simulation whose machinery broke time and again."""
    return Outcome(
        status="failure",
        failure=FailureClass.EQUIPMENT,
        message=str(error),
        ended=False,
    )
