"""Linear expressions: recognised exactly, by their form, never by trying values."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bigloop.contracts.expressions import evaluate, parsed
from bigloop.contracts.units import base

if TYPE_CHECKING:
    from bigloop.contracts.campaign import Campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A weighted sum of names and a constant.

    Attributes:
        weights: by name, those that are 0 left out.
        constant: what is added.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    constant: float = 0.0

    def scaled(self, factor: float) -> Linear:
        """All of it, times a factor."""
        weights = {name: factor * weight for name, weight in self.weights.items()}
        return Linear(
            weights={name: weight for name, weight in weights.items() if weight},
            constant=factor * self.constant,
        )

    def plus(self, other: Linear) -> Linear:
        """The sum of both."""
        names = {**self.weights, **other.weights}
        sums = {
            name: self.weights.get(name, 0.0) + other.weights.get(name, 0.0)
            for name in names
        }
        return Linear(
            weights={name: weight for name, weight in sums.items() if weight},
            constant=self.constant + other.constant,
        )

    def without(self, name: str, instead: Linear) -> Linear:
        """With a name replaced by what it is equal to."""
        weight = self.weights.get(name, 0.0)
        rest = {k: v for k, v in self.weights.items() if k != name}
        kept = Linear(weights=rest, constant=self.constant)
        return kept.plus(instead.scaled(weight))


def linear(expression: str, units: Mapping[str, str], unit: str) -> Linear | None:
    """The expression in `unit` as a weighted sum of its names, given in `units`.

    None where its form is not linear: a product or quotient of names, a power, or a
    function of them, even if it comes to the same.

    Examples:
        >>> linear("2*EC + (DMC - EC)/4", {"EC": "", "DMC": ""}, "").weights
        {'EC': 1.75, 'DMC': 0.25}
        >>> linear("EC*DMC", {"EC": "", "DMC": ""}, "") is None
        True
    """
    try:
        found = _form(parsed(expression), units)
        scale, offset = base(unit)
    except (ArithmeticError, ValueError, TypeError):
        return None
    if found is None:
        return None
    found = found.plus(Linear(constant=-offset)).scaled(1 / scale)
    numbers = [found.constant, *found.weights.values()]
    return found if all(map(math.isfinite, numbers)) else None


def linear_form(campaign: Campaign, bound: str) -> Linear | None:
    """Its expression as a weighted sum of numbers; none where it is not linear."""
    constraint = campaign.bounds[bound]
    found = linear(constraint.expression, campaign.units, constraint.unit)
    if found is None or any(campaign.parameters[n].choices for n in found.weights):
        return None
    return found


def _form(node: ast.expr, units: Mapping[str, str]) -> Linear | None:
    match node:
        case ast.Name(id=name) if name in units:
            scale, offset = base(units[name])
            return Linear(weights={name: scale}, constant=offset)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            found = _form(operand, units)
            factor = -1.0 if isinstance(sign, ast.USub) else 1.0
            return found.scaled(factor) if found else None
        case ast.BinOp(left=left, op=op, right=right) if _has_names(node):
            a, b = _form(left, units), _form(right, units)
            return _combined(a, op, b) if a and b else None
    if _has_names(node):
        return None
    return Linear(constant=float(evaluate(ast.unparse(node), {})))


def _combined(a: Linear, op: ast.operator, b: Linear) -> Linear | None:
    """Two weighted sums under one sign of arithmetic."""
    match op:
        case ast.Add():
            return a.plus(b)
        case ast.Sub():
            return a.plus(b.scaled(-1.0))
        case ast.Mult() if not (a.weights and b.weights):
            return a.scaled(b.constant) if a.weights else b.scaled(a.constant)
        case ast.Div() if not b.weights:
            return a.scaled(1 / b.constant)
    return None


def _has_names(node: ast.expr) -> bool:
    """Whether parameters stand in it; the name of a function is none."""
    calls = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    return any(isinstance(n, ast.Name) and id(n) not in calls for n in ast.walk(node))
