"""The campaign document: what to find, where, by which sources, for how much."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from bigloop.contracts import checks, expressions
from bigloop.contracts.base import Design, Document, Name
from bigloop.contracts.compositions import Composition
from bigloop.contracts.errors import SpecError
from bigloop.contracts.goals import Objective, Requirement, either, first_as_objective
from bigloop.contracts.sources import Cost, Predictor, Source
from bigloop.contracts.units import parse_unit


class Parameter(Document):
    """One axis of the search space: a range of numbers, or a list of choices."""

    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    log: bool = False
    """Search on a logarithmic scale."""
    description: str = ""

    @model_validator(mode="after")
    def _check(self) -> Parameter:
        parse_unit(self.unit)
        if self.choices:
            if self.low is not None or self.high is not None:
                raise ValueError("give either choices or low and high, not both")
            return self
        if self.low is None or self.high is None:
            raise ValueError("give low and high, or choices")
        if self.low >= self.high:
            raise ValueError(
                f"low {self.low:g} is not below high {self.high:g}; swap them"
            )
        if self.log and self.low <= 0:
            raise ValueError(f"a log scale needs low above 0, not {self.low:g}")
        return self

    @property
    def range(self) -> tuple[float, float]:
        """Low and high of a number.

        Raises:
            ValueError: it is a choice, which has none.
        """
        if self.low is None or self.high is None:
            raise ValueError("a choice has no low and high; look at choices")
        return self.low, self.high


class Constraint(Document):
    """A derived quantity with a bound: `at_least <= expression <= at_most`."""

    expression: str
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    description: str = ""

    @model_validator(mode="after")
    def _check(self) -> Constraint:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        low, high = self.at_least, self.at_most
        if low is not None and high is not None and low > high:
            raise ValueError(f"at_least {low:g} is above at_most {high:g}; swap them")
        expressions.names(self.expression)
        return self

    def value(self, design: Design, units: dict[str, str]) -> float:
        """The quantity in its unit; infinite by division by zero and overflow.

        Raises:
            SpecError: the expression has no value there: the root or the logarithm of
                a negative number.
        """
        numbers = {k: float(design[k]) for k in expressions.names(self.expression)}
        return expressions.evaluate_in(
            self.expression, numbers, {k: units[k] for k in numbers}, self.unit
        )

    def holds(self, design: Design, units: dict[str, str]) -> bool:
        """Whether the design is inside the bound; not where there is no value."""
        try:
            return self.admits(self.value(design, units))
        except SpecError:
            return False

    def admits(self, value: float) -> bool:
        """Whether a value is inside the bound (1e-9 of slack for rounding).

        None that is infinite or undefined is: nobody knows on which side it lies.
        """
        if not math.isfinite(value):
            return False
        slack = 1e-9 * max(1.0, abs(value))
        over = self.at_most is not None and value > self.at_most + slack
        under = self.at_least is not None and value < self.at_least - slack
        return not (over or under)

    def why_not(self, design: Design, units: dict[str, str]) -> str:
        """What is wrong with a design that does not keep it, in words."""
        try:
            value = self.value(design, units)
        except SpecError:
            value = math.nan
        if not math.isfinite(value):
            return "has no finite value there, and so does not hold"
        return f"is {value:.4g} {self.unit}, outside its bound"


class Limit(Constraint):
    """A constraint that a person set by rejecting a proposal; a person may revoke it.

    Its `description` is the reason that was given.
    """

    trial: str
    """Id of the rejected trial."""
    by: str
    """Who rejected it."""

    @property
    def text(self) -> str:
        """The bound as it is written: `C1 <= 6 1/hour`."""
        bounds = (("<=", self.at_most), (">=", self.at_least))
        return " and ".join(
            f"{self.expression} {sign} {bound:g} {self.unit}".rstrip()
            for sign, bound in bounds
            if bound is not None
        )


class Observable(Document):
    """A quantity that a source yields; a value outside `low..high` is refused."""

    unit: str = ""
    low: float | None = None
    high: float | None = None
    log: bool = False
    """Model on a logarithmic scale (needs `low` above or at 0; values above 0)."""
    expression: str | None = None
    """Computed from other observables of the same outcome, by the platform.

    Arithmetic over their names and over units, such as `1/(1 + d/(8*nanometer))`.
    Its standard deviation follows from theirs to first order, as if independent."""
    description: str = ""

    @model_validator(mode="after")
    def _check(self) -> Observable:
        parse_unit(self.unit)
        if self.expression is not None:
            expressions.names(self.expression)
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.log and (self.low is None or self.low < 0):
            raise ValueError("a log observable needs low of 0 or more")
        return self


class Rule(Document):
    """One line of the approval policy; the first that fits decides."""

    source: Name | None = None
    """None fits every source."""
    cost_up_to: Cost = Field(default_factory=dict)
    """Fits when the reserved cost in these currencies is not above."""
    action: Literal["approve", "ask", "refuse"] = "approve"
    who: str = "scientist"
    reason: str = ""
    persons: PositiveInt = 1
    """How many different persons must stand behind it when the rule asks; who edited
    the proposal counts as one."""

    @model_validator(mode="after")
    def _check(self) -> Rule:
        if self.persons > 1 and self.action != "ask":
            raise ValueError(
                f"persons {self.persons} needs action ask, not {self.action}; "
                "only a rule that asks waits for persons"
            )
        return self


class Stop(Document):
    """When to stop before the budget is spent."""

    trials: PositiveInt | None = None
    gain_below: PositiveFloat | None = None
    """Stop when the best next trial promises less than this share of the incumbent."""


class Campaign(Document):
    """A goal over a search space, its sources, its budget and its rules."""

    model_config = ConfigDict(json_schema_extra=either)

    kind: Literal["campaign"] = "campaign"
    version: Literal[1] = 1
    name: Name
    title: str = ""
    description: str = ""
    seed: int = 0
    agent: str = "multi-fidelity"
    agent_options: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[Name, Parameter]
    compositions: dict[Name, Composition] = Field(default_factory=dict)
    """Parameters that add up to a total, such as the solvents of a mixture."""
    constraints: dict[Name, Constraint] = Field(default_factory=dict)
    limits: dict[Name, Limit] = Field(default_factory=dict)
    """What people bounded by rejections while the campaign ran; a revision of the file
    keeps them."""
    candidates: Name | None = None
    """Source whose stock is the list of possible designs; none: the whole space."""
    observables: dict[Name, Observable]
    objective: Objective
    """What is to be found; of several `objectives`, the first."""
    objectives: tuple[Objective, ...] = ()
    """In place of `objective`: several, of which no design need be best in all."""
    requirements: dict[Name, Requirement] = Field(default_factory=dict)
    """Bounds on results of the target, by observable; what breaks one is no find."""
    sources: dict[Name, Source]
    predictor: Predictor | None = None
    budget: Cost
    reference_cost: Cost = Field(default_factory=dict)
    """What the exhaustive study costs, for comparison."""
    approval: tuple[Rule, ...] = ()
    max_waiting: PositiveInt = 4
    """Proposals that may wait for a person at once."""
    ahead: NonNegativeInt = 1
    """Proposals made per source before it is free, so that no worker waits."""
    stop: Stop = Stop()

    @property
    def units(self) -> dict[str, str]:
        """Unit of every parameter."""
        return {name: p.unit for name, p in self.parameters.items()}

    @property
    def bounds(self) -> dict[str, Constraint]:
        """Constraints and limits: what every proposal has to keep."""
        return {**self.constraints, **self.limits}

    @property
    def degrees_of_freedom(self) -> int:
        """Parameters that can be chosen freely: a composition fixes one of its own."""
        return len(self.parameters) - len(self.compositions)

    @property
    def goals(self) -> tuple[Objective, ...]:
        """The objectives, in order; mostly one."""
        return self.objectives or (self.objective,)

    @property
    def is_plain(self) -> bool:
        """Whether there is one objective, and no requirement."""
        return not (self.objectives or self.requirements)

    @property
    def target(self) -> Source:
        """The source that defines the truth."""
        return self.sources[self.objective.source]

    def is_feasible(self, design: Design) -> bool:
        """Whether a design is inside the bounds, compositions and constraints."""
        return self.why_infeasible(design) is None

    def why_infeasible(self, design: Design) -> str | None:
        """The first bound, sum or constraint that a design breaks, in words."""
        if set(design) != set(self.parameters):
            return f"it needs exactly the parameters {sorted(self.parameters)}"
        for name, parameter in self.parameters.items():
            if problem := _outside(name, parameter, design[name]):
                return problem
        if problem := self.why_no_composition(design):
            return problem
        return self.broken_constraint(design) or self.beyond_limit(design)

    def broken_constraint(self, design: Design) -> str | None:
        """The first constraint that a design breaks, in words."""
        for name, constraint in self.constraints.items():
            if not constraint.holds(design, self.units):
                return f"{name} {constraint.why_not(design, self.units)}"
        return None

    def why_no_composition(self, design: Design) -> str | None:
        """The first composition that does not add up to its total, in words."""
        problems = (c.problem(design) for c in self.compositions.values())
        return next((problem for problem in problems if problem), None)

    def beyond_limit(self, design: Design) -> str | None:
        """The first limit that a design breaks, in words."""
        for name, limit in self.limits.items():
            if not limit.holds(design, self.units):
                return f"{name} of {limit.by} ({limit.text}) does not hold"
        return None

    @model_validator(mode="before")
    @classmethod
    def _several(cls, data: Any) -> Any:
        return first_as_objective(data)

    @model_validator(mode="after")
    def _check(self) -> Campaign:
        checks.check(self)
        return self


def _outside(name: str, parameter: Parameter, value: float | str) -> str | None:
    if parameter.choices:
        if value in parameter.choices:
            return None
        return f"{name} is {value!r}, not one of {list(parameter.choices)}"
    if isinstance(value, str) or not math.isfinite(value):
        return f"{name} is {value!r}, not a finite number"
    low, high = parameter.low, parameter.high
    if low is not None and high is not None and low <= value <= high:
        return None
    return f"{name} is {value:g} {parameter.unit}, outside {low:g} to {high:g}"
