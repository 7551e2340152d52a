"""Limits: bounds that people set by rejecting a proposal, from the text they type."""

from __future__ import annotations

import random
import re

from bigloop.contracts import expressions
from bigloop.contracts.campaign import Campaign, Limit
from bigloop.contracts.documents import Proposal
from bigloop.contracts.drawing import sample
from bigloop.contracts.errors import SpecError
from bigloop.contracts.files import parse
from bigloop.contracts.linear import linear
from bigloop.contracts.numbers import number

_SENTENCE = re.compile(r"([^<>=!]+?)\s*(<=|>=)\s*([^<>=!]+)")
_AMOUNT = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")
_LONGEST, _DRAWS = 500, 1000


def limited(
    campaign: Campaign, said: str, proposal: Proposal, actor: str, reason: str
) -> Campaign:
    """The campaign with one limit more, named after the rejected proposal's number.

    Args:
        campaign: as it is.
        said: such as `C1 <= 6/hour` or `C1*Q1 >= 0.4/hour`; a bare number after a
            single parameter is in the campaign's unit of it.
        proposal: what is rejected; the limit has to exclude it.
        actor: who rejects.
        reason: why.

    Raises:
        SpecError: it cannot be read, its units do not fit, it would not exclude the
            proposal, or no design would be left.
    """
    where = f"limit {said[:80]!r}"
    try:
        limit = _read(campaign, said, proposal.id, actor, reason)
        _check(campaign, limit)
    except ValueError as error:
        raise SpecError(f"{where}: {_plain(error)}") from None
    if limit.holds(proposal.design, campaign.units):
        value = limit.value(proposal.design, campaign.units)
        raise SpecError(
            f"{where}: it would not exclude the rejected design, whose "
            f"{limit.expression} is {value:.4g} {limit.unit}".rstrip()
            + "; tighten it, or reject without a limit"
        )
    name = f"limit_{proposal.number}"
    data = campaign.model_dump(mode="json")
    data["limits"][name] = limit.model_dump(mode="json")
    return parse(Campaign, data, where)


def _plain(error: ValueError) -> str:
    """What was wrong, without the frame that pydantic puts around it."""
    problems = getattr(error, "errors", None)
    if problems is None:
        return str(error)
    return "; ".join(str(p["msg"]).removeprefix("Value error, ") for p in problems())


def _read(campaign: Campaign, said: str, trial: str, actor: str, reason: str) -> Limit:
    found = _SENTENCE.fullmatch(said.strip()) if len(said) <= _LONGEST else None
    amount = _AMOUNT.fullmatch(found[3]) if found else None
    if found is None or amount is None:
        raise SpecError(
            "it cannot be read; write an expression over parameters, <= or >=, and a "
            "number with its unit, such as 'C1 <= 6/hour'"
        )
    expression, unit = found[1], amount[2].strip()
    if unit.startswith("/"):
        unit = f"1{unit}"
    if not unit and expression in campaign.parameters:
        unit = campaign.units[expression]
    bound = "at_most" if found[2] == "<=" else "at_least"
    data = {
        "expression": expression,
        "unit": unit,
        bound: number("bound", amount[1]),
        "description": reason,
        "trial": trial,
        "by": actor,
    }
    return Limit.model_validate(data)


def _check(campaign: Campaign, limit: Limit) -> None:
    """Whether it has a value everywhere, and some design keeps it.

    Raises:
        SpecError: naming what is wrong.
    """
    names = expressions.names(limit.expression)
    if not names:
        raise SpecError(f"it names no parameter; there are {list(campaign.parameters)}")
    for name in sorted(names):
        if name not in campaign.parameters:
            raise SpecError(
                f"parameter {name!r} is not declared; there are "
                f"{list(campaign.parameters)}"
            )
        if campaign.parameters[name].choices:
            raise SpecError(
                f"{name} is one of {list(campaign.parameters[name].choices)}, not a "
                "number; reject because of the design instead"
            )
    rng = random.Random(0)
    units = campaign.units
    designs = [sample(campaign, rng) for _ in range(_DRAWS)]
    places = [{n: float(d[n]) for n in names} for d in designs]
    expressions.check_unit(
        limit.expression, {n: units[n] for n in names}, limit.unit, places
    )
    # Not by `holds`: a person is told at once where it has no value.
    held = [limit.admits(limit.value(design, units)) for design in designs]
    is_linear = linear(limit.expression, units, limit.unit) is not None
    # What is linear is known for certain once the campaign has it: no need to guess.
    if not is_linear and not any(held):
        raise SpecError(
            f"none of {_DRAWS:,} random designs is within it; loosen it, or stop the "
            "campaign"
        )
