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
from bigloop.contracts.goals import Objective, Requirement, either, first_as_objective
from bigloop.contracts.units import parse_unit

Cost = dict[str, float]
"""Amount by currency; a currency is a unit, such as `cell_cycle` or `core_second`."""


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
        """The quantity in its unit; infinite where the expression divides by zero."""
        numbers = {k: float(design[k]) for k in expressions.names(self.expression)}
        return expressions.evaluate_in(
            self.expression, numbers, {k: units[k] for k in numbers}, self.unit
        )

    def holds(self, design: Design, units: dict[str, str]) -> bool:
        """Whether the design is inside the bound (1e-9 of slack for rounding)."""
        value = self.value(design, units)
        if math.isnan(value):
            return False
        slack = 1e-9 * max(1.0, abs(value)) if math.isfinite(value) else 0.0
        over = self.at_most is not None and value > self.at_most + slack
        under = self.at_least is not None and value < self.at_least - slack
        return not (over or under)


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


class Learning(Document):
    """How the model behind a source is trained while the campaign runs."""

    model: str
    """Entry point in `bigloop.models` that learns."""
    sources: tuple[Name, ...]
    """Whose results it learns from."""
    start: str | None = None
    """File of the version to begin with, relative to the campaign's folder; none, or
    one that cannot be used: the first that is trained."""
    sha256: str | None = None
    """That the file must have."""
    first: PositiveInt = 64
    """Results, of all these sources, before the first training."""
    rows: PositiveInt = 30
    """New results after which it is trained again; sooner where fresh results show
    that its intervals are too narrow."""
    data: str | None = None
    """Folder of past runs that it learns from as well, relative to the campaign's."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Handed to the entry point."""


class Source(Document):
    """One way to learn something: a simulator, or a laboratory (physical)."""

    simulator: str | None = None
    lab: str | None = None
    """Exactly one of both: the entry point that runs it."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Handed to the entry point when it is built."""
    observes: tuple[Name, ...]
    until_age: PositiveFloat | None = None
    """Age at which a specimen is handed back; none: until its end."""
    longest_age: PositiveFloat | None = None
    """The latest end that is planned for, when `until_age` is open: it sets the
    reservation; a specimen that outlives it is stopped there."""
    age_unit: str = "cycle"
    cost: Cost = Field(default_factory=dict)
    """Fixed cost of one trial by currency."""
    cost_per_age: Cost = Field(default_factory=dict)
    """Cost of one unit of age by currency; a specimen stopped early pays less."""
    capacity: PositiveInt = 1
    """Trials that can run at once."""
    duration_s: PositiveFloat = 1.0
    """Expected duration of a trial [s]; orders the loop's view of results."""
    timeout_s: PositiveFloat = 3600.0
    checklist: tuple[str, ...] = ()
    """What a person confirms, item by item, before saying what became of an `unknown`
    trial, such as `the bench is cleared`."""
    learns: Learning | None = None
    """It answers with a model that is trained from other sources' results. Before
    there is a version, nothing is proposed to it."""

    @property
    def entry_point(self) -> str:
        """Name of the simulator or laboratory."""
        return self.simulator or self.lab or ""

    @property
    def is_physical(self) -> bool:
        """Re-running is not safe: at most one dispatch, else a person decides."""
        return self.lab is not None

    @property
    def full_cost(self) -> Cost:
        """The most that one trial on a new specimen may cost, by currency."""
        return self.cost_of(0.0, self.until_age or self.longest_age or 0.0)

    def cost_of(self, from_age: float, until_age: float) -> Cost:
        """Cost by currency of taking a specimen from one age to another."""
        total = dict(self.cost)
        for currency, rate in self.cost_per_age.items():
            ages = max(0.0, until_age - from_age)
            total[currency] = total.get(currency, 0.0) + rate * ages
        return total

    @model_validator(mode="after")
    def _check(self) -> Source:
        if (self.simulator is None) == (self.lab is None):
            raise ValueError("give exactly one of simulator and lab")
        for name, amount in [*self.cost.items(), *self.cost_per_age.items()]:
            if amount <= 0:
                raise ValueError(
                    f"cost {name}: {amount:g} is not above 0; a source that costs "
                    "nothing needs no entry"
                )
            parse_unit(name)
        if not self.cost and not self.cost_per_age:
            raise ValueError(
                "give cost, cost_per_age or both; a free source is never weighed"
            )
        if self.cost_per_age and self.until_age is None and self.longest_age is None:
            raise ValueError("cost_per_age needs until_age or longest_age")
        if self.learns is not None and self.is_physical:
            raise ValueError("learns: a laboratory has no model; give a simulator")
        parse_unit(self.age_unit)
        if not self.observes:
            raise ValueError("observes is empty; name what this source yields")
        return self


class Predictor(Document):
    """A learned link from early observations of a specimen to a later observable."""

    model: str = "early-life"
    """Entry point in `bigloop.models`."""
    predicts: Name
    """The observable that is predicted."""
    early: tuple[Name, ...]
    """Observables it is predicted from."""
    with_design: bool = False
    """Whether the parameters are inputs too."""
    options: dict[str, Any] = Field(default_factory=dict)


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
        for name, constraint in self.constraints.items():
            if not constraint.holds(design, self.units):
                value = constraint.value(design, self.units)
                return f"{name} is {value:.4g} {constraint.unit}, outside its bound"
        return self.beyond_limit(design)

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
