"""What must fit together in a campaign: names, units, bounds and money."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigloop.contracts import expressions
from bigloop.contracts.drawing import drawn, has_linear, sample
from bigloop.contracts.errors import SpecError
from bigloop.contracts.goal_checks import check_goals
from bigloop.contracts.linear import linear_form
from bigloop.contracts.units import factor, parse_unit

if TYPE_CHECKING:
    from bigloop.contracts.base import Design
    from bigloop.contracts.campaign import Campaign, Parameter
    from bigloop.contracts.compositions import Composition

_MARGIN = 1e-5
"""Share of what components may vary by that a total has to leave to them."""
_SOME = 500
"""Random designs at one of which every bound must have a value."""
_FEW, _MANY = 500, 20_000
"""Random designs that may show that a space is not empty: at once, and in the end."""


def check(c: Campaign) -> None:
    """Refuse a campaign whose parts do not fit together.

    Raises:
        ValueError: in words, naming the field.
    """
    _check_references(c)
    check_goals(c)
    _check_derived(c)
    _check_compositions(c)
    _check_constraints(c)
    _check_budget(c)
    if c.candidates is None:
        _check_feasible(c)


def _known(kind: str, name: str, existing: Any, where: str) -> None:
    if name not in existing:
        raise ValueError(
            f"{where}: {kind} {name!r} is not declared; there are {sorted(existing)}"
        )


def _check_references(c: Campaign) -> None:
    if not c.parameters or not c.sources:
        raise ValueError("a campaign needs at least one parameter and one source")
    _known("observable", c.objective.observable, c.observables, "objective.observable")
    _known("source", c.objective.source, c.sources, "objective.source")
    if c.objective.observable not in c.target.observes:
        raise ValueError(
            f"objective.source: {c.objective.source!r} does not observe "
            f"{c.objective.observable!r}"
        )
    for name, source in c.sources.items():
        for observable in source.observes:
            _known("observable", observable, c.observables, f"sources.{name}.observes")
        _check_learning(c, name)
    if c.candidates is not None:
        _known("source", c.candidates, c.sources, "candidates")
    for index, rule in enumerate(c.approval):
        if rule.source is not None:
            _known("source", rule.source, c.sources, f"approval.{index}.source")
    if c.predictor is not None:
        for observable in (c.predictor.predicts, *c.predictor.early):
            _known("observable", observable, c.observables, "predictor")


def _check_learning(c: Campaign, name: str) -> None:
    learns, where = c.sources[name].learns, f"sources.{name}.learns"
    if learns is None:
        return
    if name in (c.objective.source, c.candidates):
        raise ValueError(
            f"{where}: {name!r} defines the truth or the designs, which must be there "
            "from the start; let another source learn"
        )
    if not learns.sources:
        raise ValueError(f"{where}.sources: is empty; name whose results it learns")
    for other in learns.sources:
        _known("source", other, c.sources, f"{where}.sources")
        if c.sources[other].learns is not None:
            raise ValueError(
                f"{where}.sources: {other!r} is a model itself; name what measures"
            )


def _check_derived(c: Campaign) -> None:
    for name, observable in c.observables.items():
        if observable.expression is not None:
            _check_computed(c, name, observable.expression, f"observables.{name}")
    for source, found in c.sources.items():
        for name, expression in found.expressions.items():
            where = f"sources.{source}.expressions.{name}"
            _check_computed(c, name, expression, where)


def _check_computed(c: Campaign, name: str, expression: str, where: str) -> None:
    units = {}
    for other in expressions.names(expression):
        if other not in c.observables:
            _unit(other, c.observables, where)
            units[other] = other
            continue
        if other == name or c.observables[other].expression is not None:
            raise ValueError(f"{where}: {other!r} is computed itself; write it out")
        units[other] = c.observables[other].unit
    _fits(where, expression, units, c.observables[name].unit)


def _unit(name: str, existing: Any, where: str) -> None:
    try:
        parse_unit(name)
    except SpecError:
        raise ValueError(
            f"{where}: {name!r} is neither an observable nor a unit; there are "
            f"{sorted(existing)}"
        ) from None


def _check_compositions(c: Campaign) -> None:
    owner: dict[str, str] = {}
    for name, composition in c.compositions.items():
        where = f"compositions.{name}"
        for component in composition.components:
            _known("parameter", component, c.parameters, where)
            _check_component(c.parameters[component], component, composition, where)
            if other := owner.get(component):
                raise ValueError(
                    f"{where}: {component!r} is a component of {other!r} too; a "
                    "parameter belongs to one composition"
                )
            owner[component] = name
        ranges = [c.parameters[n].range for n in composition.components]
        least, most = (math.fsum(pair[k] for pair in ranges) for k in (0, 1))
        margin = _MARGIN * (most - least)
        if not least + margin < composition.total < most - margin:
            raise ValueError(
                f"{where}: its components add up to {least:g} to {most:g} "
                f"{composition.unit}".rstrip()
                + f", so that the total "
                f"{composition.total:g} leaves nothing to choose; change their low and "
                "high, or the total"
            )


def _check_component(
    p: Parameter, name: str, composition: Composition, where: str
) -> None:
    what = f"{where}: component {name!r}"
    if p.choices:
        raise ValueError(f"{what} has choices; give it low and high")
    if p.log:
        raise ValueError(f"{what} is on a log scale, on which no sum holds; remove log")
    if parse_unit(p.unit) != parse_unit(composition.unit):
        raise ValueError(
            f"{what} is in {p.unit or 'pure numbers'!r}, the total in "
            f"{composition.unit or 'pure numbers'!r}; give all the same unit"
        )


def _check_constraints(c: Campaign) -> None:
    if both := sorted(set(c.constraints) & set(c.limits)):
        raise ValueError(f"limits.{both[0]}: a constraint has that name; rename it")
    rng = random.Random(0)
    some = [sample(c, rng) for _ in range(_SOME)] if c.bounds else []
    for name, constraint in c.bounds.items():
        where = f"{'limits' if name in c.limits else 'constraints'}.{name}"
        used = expressions.names(constraint.expression)
        for parameter in used:
            _known("parameter", parameter, c.parameters, where)
        units = {k: c.units[k] for k in used}
        places = [{k: _number(design[k], where, k) for k in used} for design in some]
        _fits(where, constraint.expression, units, constraint.unit, places)


def _number(value: float | str, where: str, name: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(
            f"{where}: {name!r} may be {value!r}, no number to compute with; bound it "
            "by leaving choices out"
        ) from None


def _fits(
    where: str,
    expression: str,
    units: dict[str, str],
    unit: str,
    places: Sequence[Mapping[str, float]] | None = None,
) -> None:
    try:
        expressions.check_unit(expression, units, unit, places)
    except SpecError as error:
        raise ValueError(f"{where}: {error}") from None


def _check_feasible(c: Campaign) -> None:
    rng = random.Random(0)
    if not c.bounds:
        return
    broken = _broken(c, (sample(c, rng) for _ in range(_FEW)))
    if broken is None:
        return
    if not has_linear(c):
        more = _broken(c, (sample(c, rng) for _ in range(_MANY)))
    else:
        _check_room(c, broken)
        if all(linear_form(c, name) is not None for name in c.bounds):
            return
        more = _broken(c, drawn(c, _MANY, rng))
    if more is not None:
        worst = max(more, key=lambda name: more[name])
        raise ValueError(
            f"{_where(c, worst)}: none of {_MANY:,} random designs satisfies it (with "
            "the others); loosen it or widen the parameters"
        )


def _check_room(c: Campaign, broken: Mapping[str, int]) -> None:
    from bigloop.contracts.polytope import Polytope, row_of

    inside = Polytope.of(c)
    if inside.has_room:
        return
    rows = {name: row_of(c, name) for name in broken}
    alone = (k for k, row in rows.items() if row and not inside.has_room_for(row))
    worst = next(alone, None) or max(broken, key=lambda name: broken[name])
    raise ValueError(
        f"{_where(c, worst)}: no design satisfies it (with the others), or designs "
        "on a border alone; loosen it or widen the parameters (a sum that is fixed "
        "is one of the compositions)"
    )


def _where(c: Campaign, bound: str) -> str:
    return f"{'limits' if bound in c.limits else 'constraints'}.{bound}"


def _broken(c: Campaign, designs: Iterable[Design]) -> dict[str, int] | None:
    """How many designs break each bound as their first; none: one keeps them all."""
    broken: dict[str, int] = {}
    for design in designs:
        name = next((k for k in c.bounds if not _holds(c, k, design)), None)
        if name is None:
            return None
        broken[name] = broken.get(name, 0) + 1
    return broken


def _holds(c: Campaign, name: str, design: Design) -> bool:
    """Whether a bound holds; one that has no value where all before it hold is refused.

    A campaign that runs would take it as broken.
    """
    bound = c.bounds[name]
    try:
        return bound.admits(bound.value(design, c.units))
    except SpecError as error:
        raise ValueError(f"{_where(c, name)}: {error}") from None


def _check_budget(c: Campaign) -> None:
    if not c.budget:
        raise ValueError("budget is empty; name at least one currency")
    for currency, amount in c.budget.items():
        if amount <= 0:
            raise ValueError(f"budget.{currency}: {amount:g} is not above 0")
        factor(currency, currency)
    for currency in c.reference_cost:
        _known("currency", currency, c.budget, "reference_cost")
    for name, source in c.sources.items():
        for currency in {**source.cost, **source.cost_per_age}:
            if currency not in c.budget:
                raise ValueError(
                    f"budget: source {name!r} costs {currency}, which has no budget; "
                    f"add budget.{currency}"
                )
    for currency, amount in c.target.full_cost.items():
        if amount > c.budget[currency]:
            raise ValueError(
                f"budget.{currency}: {c.budget[currency]:g} is too small for one trial "
                f"of {c.objective.source!r}, which may cost {amount:g}; raise it, or "
                "lower the cost or longest_age of the source"
            )
