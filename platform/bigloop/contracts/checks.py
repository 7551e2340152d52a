"""What must fit together in a campaign: names, units, bounds and money."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from bigloop.contracts import expressions
from bigloop.contracts.errors import SpecError
from bigloop.contracts.goal_checks import check_goals
from bigloop.contracts.units import factor, parse_unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from bigloop.contracts.base import Design
    from bigloop.contracts.campaign import Campaign


def check(c: Campaign, sample: Callable[[Campaign, random.Random], Design]) -> None:
    """Refuse a campaign whose parts do not fit together.

    Raises:
        ValueError: in words, naming the field.
    """
    _check_references(c)
    check_goals(c)
    _check_derived(c)
    _check_constraints(c)
    _check_budget(c)
    if c.candidates is None:
        _check_feasible(c, sample)


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
    if c.candidates is not None:
        _known("source", c.candidates, c.sources, "candidates")
    for index, rule in enumerate(c.approval):
        if rule.source is not None:
            _known("source", rule.source, c.sources, f"approval.{index}.source")
    if c.predictor is not None:
        for observable in (c.predictor.predicts, *c.predictor.early):
            _known("observable", observable, c.observables, "predictor")


def _check_derived(c: Campaign) -> None:
    for name, observable in c.observables.items():
        if observable.expression is None:
            continue
        where = f"observables.{name}"
        used = expressions.names(observable.expression)
        units = {}
        for other in used:
            if other not in c.observables:
                _unit(other, c.observables, where)
                units[other] = other
                continue
            if c.observables[other].expression is not None:
                raise ValueError(f"{where}: {other!r} is computed itself; write it out")
            units[other] = c.observables[other].unit
        _fits(where, observable.expression, units, observable.unit)


def _unit(name: str, existing: Any, where: str) -> None:
    try:
        parse_unit(name)
    except SpecError:
        raise ValueError(
            f"{where}: {name!r} is neither an observable nor a unit; there are "
            f"{sorted(existing)}"
        ) from None


def _check_constraints(c: Campaign) -> None:
    if both := sorted(set(c.constraints) & set(c.limits)):
        raise ValueError(f"limits.{both[0]}: a constraint has that name; rename it")
    for name, constraint in c.bounds.items():
        where = f"{'limits' if name in c.limits else 'constraints'}.{name}"
        used = expressions.names(constraint.expression)
        for parameter in used:
            _known("parameter", parameter, c.parameters, where)
        units = {k: c.units[k] for k in used}
        _fits(where, constraint.expression, units, constraint.unit)


def _fits(where: str, expression: str, units: dict[str, str], unit: str) -> None:
    try:
        expressions.check_unit(expression, units, unit)
    except SpecError as error:
        raise ValueError(f"{where}: {error}") from None


def _check_feasible(
    c: Campaign, sample: Callable[[Campaign, random.Random], Design]
) -> None:
    rng, n = random.Random(0), 20_000
    broken: dict[str, int] = {}
    for _ in range(n if c.bounds else 0):
        design = sample(c, rng)
        name = next(
            (k for k, v in c.bounds.items() if not v.holds(design, c.units)), None
        )
        if name is None:
            return
        broken[name] = broken.get(name, 0) + 1
    if broken:
        worst = max(broken, key=lambda name: broken[name])
        kind = "limits" if worst in c.limits else "constraints"
        raise ValueError(
            f"{kind}.{worst}: none of {n:,} random designs satisfies it (with the "
            "others); loosen it or widen the parameters"
        )


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
