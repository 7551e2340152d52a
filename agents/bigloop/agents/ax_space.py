"""Search space and objective between a campaign and Ax, both ways."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bigloop.contracts import Campaign, Design, SpecError
from bigloop.contracts.linear import Linear, linear_form

if TYPE_CHECKING:
    from ax.core.optimization_config import OptimizationConfig
    from ax.core.parameter_constraint import ParameterConstraint
    from ax.core.search_space import SearchSpace


def search_space(campaign: Campaign) -> tuple[SearchSpace, list[str]]:
    """The campaign's space as Ax has it, and the constraints that Ax cannot hold.

    Of every composition the last component is left out, see `fixed_by_sum`; its bounds
    become a constraint on the sum of the others.
    """
    from ax.core import search_space as ax

    constraints: list[ParameterConstraint] = []
    left_out = []
    fixed = fixed_by_sum(campaign)
    for name in fixed:
        constraints += _inequalities(fixed[name], campaign.parameters[name].range)
    for name in campaign.bounds:
        held = _ax_constraints(campaign, name)
        constraints += held
        if not held:
            left_out.append(name)
    free = [name for name in campaign.parameters if name not in fixed]
    parameters = [_ax_parameter(campaign, name) for name in free]
    return ax.SearchSpace(parameters, parameter_constraints=constraints), left_out


def fixed_by_sum(campaign: Campaign) -> dict[str, Linear]:
    """What the last component of every composition is, given the others."""
    return {
        c.components[-1]: Linear(
            weights=dict.fromkeys(c.components[:-1], -1.0), constant=c.total
        )
        for c in campaign.compositions.values()
    }


def completed(campaign: Campaign, design: Design) -> Design:
    """A design of Ax with the components that it leaves out.

    Rounding may put such a component a little outside its bounds, where it is cut.
    """
    found = dict(design)
    for name, form in fixed_by_sum(campaign).items():
        rest = math.fsum(float(found[other]) for other in form.weights)
        low, high = campaign.parameters[name].range
        value, slack = form.constant - rest, 1e-9 * form.constant
        is_near = low - slack <= value <= high + slack
        found[name] = min(max(value, low), high) if is_near else value
    return {name: found[name] for name in campaign.parameters}


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


def _ax_constraints(campaign: Campaign, bound: str) -> list[ParameterConstraint]:
    """The one or two inequalities that a constraint is in Ax; none: it cannot be.

    It has to be linear, and to name neither a choice nor a parameter on a log scale.
    """
    constraint = campaign.bounds[bound]
    form = linear_form(campaign, bound)
    if form is None or any(campaign.parameters[name].log for name in form.weights):
        return []
    for name, instead in fixed_by_sum(campaign).items():
        form = form.without(name, instead)
    return _inequalities(form, (constraint.at_least, constraint.at_most))


def _inequalities(
    form: Linear, bounds: tuple[float | None, float | None]
) -> list[ParameterConstraint]:
    """Those that keep a weighted sum within bounds; none where Ax cannot read it."""
    from ax.core.parameter_constraint import ParameterConstraint

    if not form.weights:
        return []
    text = " + ".join(f"{w!r}*{name}" for name, w in form.weights.items())
    found = []
    for sign, bound in zip((">=", "<="), bounds, strict=True):
        if bound is None:
            continue
        try:
            held = ParameterConstraint(f"{text} {sign} {bound - form.constant!r}")
        except Exception:  # sympy takes some names for its own: `S`, `lambda`
            return []
        if set(held.constraint_dict) != set(form.weights):
            return []
        found.append(held)
    return found


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
    """Fields of the campaign's constraints: the inequalities."""
    found = {}
    for number, constraint in enumerate(space.parameter_constraints, 1):
        if constraint.is_equality:
            continue
        weights = constraint.constraint_dict.items()
        expression = " + ".join(f"{weight!r}*{name}" for name, weight in weights)
        found[f"constraint_{number}"] = {
            "expression": expression,
            "at_most": constraint.bound,
        }
    return found


def compositions_of(space: SearchSpace) -> dict[str, dict[str, Any]]:
    """Fields of the campaign's compositions: equalities with weights that are the same.

    Raises:
        SpecError: for any other equality, which no random design satisfies.
    """
    found = {}
    for number, constraint in enumerate(space.parameter_constraints, 1):
        if not constraint.is_equality:
            continue
        weights = constraint.constraint_dict
        (weight, *others) = set(weights.values())
        if others or not weight:
            raise SpecError(
                f"parameter constraint {constraint} is an equality with different "
                "weights, which a campaign cannot hold; solve it for one parameter and "
                "drop that one"
            )
        found[f"composition_{number}"] = {
            "components": list(weights),
            "total": constraint.bound / weight,
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
