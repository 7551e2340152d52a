"""Arithmetic of constraints: parsed, never evaluated as Python; units are checked."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from bigloop.contracts.errors import SpecError
from bigloop.contracts.units import base, parse_unit, registry


def _power(a: Any, b: Any) -> Any:
    found = a**b
    if isinstance(getattr(found, "magnitude", found), complex):
        raise ValueError("a negative number to a power that is no whole number")
    return found


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: _power,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_CALLS: dict[str, Callable[..., Any]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": lambda value: _power(value, 0.5),
    "min": min,
    "max": max,
    "abs": abs,
}


_MANY = {"min", "max"}
"""Functions of two or more arguments; the others take one."""
_DEEPEST = 150
"""Levels of a tree; what goes through one needs a few frames of Python for each."""
_PROBES = (1.0, 0.5, 2.0, 1e-3, 1e3, -1.0)
"""Values at which units are tried, one after the other, until there is a result."""


@cache
def parsed(expression: str) -> ast.expr:
    """The syntax tree of the text; what stands in it is not checked yet.

    Raises:
        SpecError: when the text is not an expression.
    """
    try:
        tree = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _unread(expression, getattr(error, "msg", None) or "too deep") from None
    if _is_too_deep(tree):
        raise _unread(expression, f"too deep: more than {_DEEPEST} levels")
    return tree


def _unread(expression: str, problem: str) -> SpecError:
    return SpecError(
        f"expression {expression[:200]!r} cannot be read ({problem}); "
        "write arithmetic over parameter names, such as 'Q1/C1 + 0.8'"
    )


def _is_too_deep(tree: ast.expr) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def names(expression: str) -> frozenset[str]:
    """Parameter names that the expression uses.

    Raises:
        SpecError: when the text is not arithmetic.

    Examples:
        >>> sorted(names("Q1/C1 + max(Q1, 0.8)"))
        ['C1', 'Q1']
    """
    tree = parsed(expression)
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return frozenset(found - _CALLS.keys())


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """Value of the expression; `values` may be floats or pint quantities.

    Raises:
        SpecError: for anything but arithmetic over the names in `values`.

    Examples:
        >>> evaluate("Q1/C1 + (0.8 - Q1)/C2", {"Q1": 0.4, "C1": 4.0, "C2": 4.0})
        0.2
    """
    return _visit(parsed(expression), values, expression)


def _visit(node: ast.expr, values: Mapping[str, Any], text: str) -> Any:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            a, b = _visit(left, values, text), _visit(right, values, text)
            return _BINARY[type(op)](a, b)
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_visit(operand, values, text))
        case ast.Call(func=ast.Name(id=call), args=args, keywords=[]) if (
            call in _CALLS and (len(args) > 1) == (call in _MANY) and args
        ):
            return _CALLS[call](*(_visit(arg, values, text) for arg in args))
    raise SpecError(
        f"{ast.unparse(node)!r} in expression {text!r} is not allowed; use numbers, "
        f"the names {sorted(values)}, + - * / **, and {sorted(_CALLS)} "
        "(min and max of two or more, the others of one)"
    )


def check_unit(
    expression: str,
    units: Mapping[str, str],
    unit: str,
    at: Iterable[Mapping[str, float]] | None = None,
) -> None:
    """Check that the expression yields `unit` when its names carry `units`.

    It is tried at one place after the other until it has a value.

    Args:
        expression: the arithmetic.
        units: of its names.
        unit: that it has to yield.
        at: values in these units, at one of which it must have a value; none: at some
            numbers, and where it has a value at none of these nothing is said.

    Raises:
        SpecError: when dimensions do not fit, or it has no value where it must.
    """
    places = [dict.fromkeys(units, v) for v in _PROBES] if at is None else list(at)
    why = ""
    place: Mapping[str, float] = {}
    for place in places:
        try:
            return _try_unit(expression, units, unit, place)
        except SpecError:
            raise
        except OverflowError:
            why = "too large for a number"
        except (ArithmeticError, ValueError, TypeError) as error:
            why = str(error)
    if at is not None:
        shown = ", ".join(f"{k} = {v:.3g}" for k, v in place.items()) or "all designs"
        raise SpecError(
            f"expression {expression!r} cannot be computed at any of {len(places):,} "
            f"random designs, such as {shown} ({why}); check its units, and bound "
            "the parameters so that it has a value"
        )


def _try_unit(
    expression: str, units: Mapping[str, str], unit: str, place: Mapping[str, float]
) -> None:
    import pint

    quantity = registry().Quantity
    values = {name: quantity(place[name], parse_unit(units[name])) for name in units}
    try:
        found = quantity(evaluate(expression, values)).to(parse_unit(unit))
    except pint.DimensionalityError as error:
        raise SpecError(
            f"expression {expression!r} does not give {unit!r}: {error}; "
            "correct the unit of the constraint or of its parameters"
        ) from None
    if not math.isfinite(found.magnitude):
        raise ValueError("the result is infinite or undefined")


def evaluate_in(
    expression: str, values: Mapping[str, float], units: Mapping[str, str], unit: str
) -> float:
    """Value in `unit` of an expression whose names are given in `units`.

    Computed with plain floats in base units: `check_unit` has seen to the dimensions.
    Division by zero, and what is too large for a number, yields infinity, which no
    bound admits.

    Raises:
        SpecError: when a name is unknown or the arithmetic is not allowed.
    """
    inside = {name: _to_base(values[name], units[name]) for name in values}
    try:
        result = float(evaluate(expression, inside))
    except (ZeroDivisionError, OverflowError):
        return math.inf
    except (ValueError, TypeError) as error:
        raise SpecError(
            f"expression {expression!r} has no value at {dict(values)} ({error}); "
            "bound the parameters so that it has"
        ) from None
    scale, offset = base(unit)
    return (result - offset) / scale


def _to_base(value: float, unit: str) -> float:
    scale, offset = base(unit)
    return scale * value + offset
