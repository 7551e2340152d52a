"""Sources of results, the models behind them, and what a trial of them costs."""

from __future__ import annotations

from typing import Any

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from bigloop.contracts.base import Document, Name
from bigloop.contracts.units import parse_unit

Cost = dict[str, float]
"""Amount by currency; a currency is a unit, such as `cell_cycle` or `core_second`."""


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
    expressions: dict[Name, str] = Field(default_factory=dict)
    """Observables that are computed from its results otherwise than the campaign says:
    a formula for what it does not measure, by which it shows the objective itself."""
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
        if left_out := sorted(self.expressions.keys() - set(self.observes)):
            raise ValueError(f"expressions: {left_out[0]!r} is not in observes; add it")
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
