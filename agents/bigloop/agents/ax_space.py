"""Search space and objective between a campaign and Ax, both ways."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

from bigloop.contracts import Campaign, Constraint, SpecError

if TYPE_CHECKING:
    from ax.core.optimization_config import OptimizationConfig
    from ax.core.parameter_constraint import ParameterConstraint
    from ax.core.search_space import SearchSpace


def search_space(campaign: Campaign) -> tuple[SearchSpace, list[str]]:
    """The campaign's space as Ax has it, and the constraints that Ax cannot hold."""
    from ax.core import search_space as ax

    constraints: list[ParameterConstraint] = []
    left_out = []
    for name, constraint in campaign.bounds.items():
        held = _ax_constraints(campaign, constraint)
        constraints += held
        if not held:
            left_out.append(name)
    parameters = [_ax_parameter(campaign, name) for name in campaign.parameters]
    return ax.SearchSpace(parameters, parameter_constraints=constraints), left_out


def _ax_parameter(campaign: Campaign, name: str) -> Any:
    from ax.core.parameter import (
        ChoiceParameter,
        FixedParameter,
        ParameterType,
        RangeParameter,
    )

    p = campaign.parameters[name]
    if len(set(p.choices)) == 1:
        return FixedParameter(name, ParameterType.STRING, p.choices[0])
    if p.choices:
        values = list(dict.fromkeys(p.choices))
        return ChoiceParameter(
            name,
            ParameterType.STRING,
            values,
            is_ordered=len(values) == 2,
            sort_values=False,
        )
    low, high = p.low or 0.0, p.high or 0.0
    return RangeParameter(name, ParameterType.FLOAT, low, high, log_scale=p.log)


def _ax_constraints(
    campaign: Campaign, constraint: Constraint
) -> list[ParameterConstraint]:
    """The one or two inequalities that a constraint is in Ax; none: it cannot be."""
    from ax.core.parameter_constraint import ParameterConstraint

    weights, constant = _linear(campaign, constraint)
    if not weights:
        return []
    text = " + ".join(f"{w!r}*{name}" for name, w in weights.items())
    bounds = [("<=", constraint.at_most), (">=", constraint.at_least)]
    found = []
    for sign, bound in bounds:
        if bound is None:
            continue
        try:
            held = ParameterConstraint(f"{text} {sign} {bound - constant!r}")
        except Exception:  # sympy takes some names for its own: `S`, `lambda`
            return []
        if set(held.constraint_dict) != set(weights):
            return []
        found.append(held)
    return found


def _linear(
    campaign: Campaign, constraint: Constraint
) -> tuple[dict[str, float], float]:
    """Weights by parameter and the constant, in the constraint's unit.

    No weights when the expression is not linear, or when a parameter is a choice or on
    a log scale: Ax takes neither into a constraint.
    """
    tree = ast.parse(constraint.expression, mode="eval").body
    used = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)})
    if _degree(tree) != 1 or any(
        campaign.parameters[name].choices or campaign.parameters[name].log
        for name in used
    ):
        return {}, 0.0
    origin = dict.fromkeys(campaign.parameters, 0.0)
    constant = constraint.value({**origin}, campaign.units)
    weights = {
        name: constraint.value({**origin, name: 1.0}, campaign.units) - constant
        for name in used
    }
    finite = math.isfinite(constant) and all(map(math.isfinite, weights.values()))
    kept = {name: weight for name, weight in weights.items() if weight}
    return (kept, constant) if finite else ({}, 0.0)


def _degree(node: ast.expr) -> float:
    """Polynomial degree of an expression; infinite when it is no polynomial."""
    match node:
        case ast.Constant():
            return 0.0
        case ast.Name():
            return 1.0
        case ast.UnaryOp(operand=operand):
            return _degree(operand)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return max(_degree(left), _degree(right))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _degree(left) + _degree(right)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return math.inf if _degree(right) else _degree(left)
    names = any(isinstance(n, ast.Name) and n is not node for n in ast.walk(node))
    return math.inf if names else 0.0


def optimization_config(campaign: Campaign) -> OptimizationConfig:
    """The objective with its direction.

    Raises:
        SpecError: when Ax cannot read the observable's name as a metric.
    """
    from ax.core.objective import Objective
    from ax.core.optimization_config import OptimizationConfig

    name = campaign.objective.observable
    sign = "-" if campaign.objective.goal == "minimize" else ""
    try:
        objective = Objective(f"{sign}{name}", metric_name_to_signature={name: name})
        is_read = objective.metric_names == [name]
    except Exception:  # whatever sympy makes of it
        is_read = False
    if not is_read:
        raise SpecError(
            f"objective.observable: {name!r} cannot be an Ax metric, sympy reads the "
            "name as its own; rename the observable"
        )
    return OptimizationConfig(objective)


def parameters_of(space: SearchSpace) -> dict[str, dict[str, Any]]:
    """Fields of the campaign's parameters, from a space that Ax users have made.

    Raises:
        SpecError: for a parameter that a campaign cannot hold.
    """
    return {name: _parameter(p) for name, p in space.parameters.items()}


def _parameter(p: Any) -> dict[str, Any]:
    kind = type(p).__name__
    number_type = p.parameter_type.name
    problem = ""
    if p.is_hierarchical:
        problem = "is nested (it has dependents)"
    elif kind == "RangeParameter" and number_type == "FLOAT" and not p.logit_scale:
        return {"low": p.lower, "high": p.upper, "log": bool(p.log_scale)}
    elif kind == "RangeParameter" and p.logit_scale:
        problem = "is on a logit scale"
    elif kind == "ChoiceParameter" and number_type == "STRING":
        return {"choices": list(p.values)}
    elif kind == "FixedParameter" and number_type == "STRING":
        return {"choices": [p.value]}
    raise SpecError(
        f"parameter {p.name!r} {problem or f'is a {kind} of type {number_type}'}, "
        "which a campaign cannot hold; make it a range of floats or a choice of texts"
    )


def constraints_of(space: SearchSpace) -> dict[str, dict[str, Any]]:
    """Fields of the campaign's constraints.

    Raises:
        SpecError: for an equality, which no random design satisfies.
    """
    found = {}
    for number, constraint in enumerate(space.parameter_constraints, 1):
        if constraint.is_equality:
            raise SpecError(
                f"parameter constraint {constraint} is an equality, which a campaign "
                "cannot hold; solve it for one parameter and drop that one"
            )
        weights = constraint.constraint_dict.items()
        expression = " + ".join(f"{weight!r}*{name}" for name, weight in weights)
        found[f"constraint_{number}"] = {
            "expression": expression,
            "at_most": constraint.bound,
        }
    return found


def objective_of(config: OptimizationConfig | None) -> tuple[str, str]:
    """Metric and goal.

    Raises:
        SpecError: unless there is exactly one metric, without outcome constraints.
    """
    if config is None:
        raise SpecError(
            "the experiment has no optimization config; set its objective first"
        )
    objective = config.objective
    problem = ""
    if objective.is_multi_objective:
        problem = f"has several metrics ({', '.join(objective.metric_names)})"
    elif objective.is_scalarized_objective:
        problem = "is a weighted sum"
    elif config.outcome_constraints:
        problem = f"has outcome constraints ({config.outcome_constraints[0]})"
    if problem:
        raise SpecError(
            f"objective {objective.expression!r} {problem}, which a campaign cannot "
            "hold; keep one metric and no outcome constraint"
        )
    (name,) = objective.metric_names
    return name, "minimize" if objective.minimize else "maximize"
