"""The benchmark document: a table or a function, its columns, what results cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from bigloop.bench.spec_checks import has_several_outputs, several_problems
from bigloop.contracts import (
    Constraint,
    Document,
    Name,
    Requirement,
    content_hash,
    expressions,
    parse,
    read_yaml,
)
from bigloop.contracts.units import parse_unit

ONLY_SOURCE = "experiment"
"""Name of the source of a benchmark that names none."""


class Filter(Document):
    """Which rows are taken, by one column."""

    one_of: tuple[str, ...] = ()
    """Texts of which the cell must be one."""
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _check(self) -> Filter:
        is_range = self.at_least is not None or self.at_most is not None
        if bool(self.one_of) == is_range:
            raise ValueError("give either one_of, or at_least and at_most")
        return self


class DataFile(Document):
    """The table: CSV, or gzipped CSV by its suffix."""

    file: str
    """Relative to the benchmark document."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header: tuple[str, ...] = ()
    """Names of the columns, for a file that has no header line."""
    where: dict[str, Filter] = Field(default_factory=dict)
    """Filters by column; a row is taken when all of them fit."""
    batch: str | None = None
    """Column that names the batch of a row (a lot, a plate, a day): a method that can
    make something of it is told it with the result."""
    missing: tuple[str, ...] = ("", "NA", "N/A", "nan", "NaN")
    """Texts that mean: not measured. Such rows are left out, and counted."""

    @model_validator(mode="after")
    def _check(self) -> DataFile:
        if len(set(self.header)) != len(self.header):
            raise ValueError("header: a name stands twice; column names are distinct")
        return self


class ParameterColumn(Document):
    """A parameter of the design and the column that it is read from."""

    column: str
    role: Literal["number", "choice", "composition"] = "number"
    """A number on a scale of its own; a name; or a share of a mixture: all shares of a
    row add up to the same total."""
    unit: str = ""
    log: bool = False
    """Search on a logarithmic scale."""
    pattern: str | None = None
    """Regular expression with one group, which picks the value out of the cell."""
    otherwise: float | str | None = None
    """The value where the cell is missing, or the pattern is not in it."""

    @model_validator(mode="after")
    def _check(self) -> ParameterColumn:
        parse_unit(self.unit)
        if self.role == "choice" and (self.unit or self.log):
            raise ValueError("a choice has neither unit nor log; remove them")
        if self.role == "composition" and self.log:
            raise ValueError("a share may be 0, which has no logarithm; remove log")
        if self.role != "choice" and isinstance(self.otherwise, str):
            raise ValueError(f"otherwise: {self.otherwise!r} is no number")
        if self.pattern is not None:
            _check_pattern(self.pattern)
        return self


def _check_pattern(pattern: str) -> None:
    try:
        n_groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(
            f"pattern {pattern!r} is no regular expression ({error}); mend it"
        ) from None
    if n_groups != 1:
        raise ValueError(
            f"pattern {pattern!r} has {n_groups} groups; put one pair of brackets "
            "around the value"
        )


class ObjectiveColumn(Document):
    """What is to be found, in a column of a table."""

    column: str
    goal: Literal["maximize", "minimize"] = "maximize"
    unit: str = ""
    log: bool = False
    """Model, and measure regret, on a logarithmic scale (values above 0)."""
    limits: Literal["refuse", "drop", "value"] = "refuse"
    """What a cell such as `<1e-10` is: a mistake, a row to leave out, or its bound."""
    reference: float | None = None
    """Of several objectives: where their volume begins, told to all methods; none: each
    method infers its own, and regret begins a tenth of the true front below it."""

    @model_validator(mode="after")
    def _check(self) -> ObjectiveColumn:
        parse_unit(self.unit)
        return self


class RequiredColumn(Document):
    """A column whose values must keep a bound for a design to count."""

    column: str
    unit: str = ""
    log: bool = False
    """Model on a logarithmic scale (values above 0)."""
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _check(self) -> RequiredColumn:
        self.requirement()
        parse_unit(self.unit)
        return self

    def requirement(self) -> Requirement:
        """The bound as a campaign has it."""
        return Requirement(at_least=self.at_least, at_most=self.at_most)


class PricedSource(Document):
    """One way to learn of a design, and what one result costs."""

    cost: PositiveFloat
    column: str | None = None
    """Of the table; the source that has the objective's column is the target."""
    columns: dict[str, str] | None = None
    """Of the table, where several columns decide: which of its own columns stands for
    which of these; the source without any is the target, and has them all."""
    function: Literal["true", "low", "reversed", "noise"] | None = None
    """Of a problem: the function; its own lower fidelity; `f(1 - x)`; noise alone."""
    fidelity: float = Field(default=0.9, ge=0, lt=1)
    """Of a `low` function; 1 would be the true one."""


class Budget(Document):
    """What each method may spend in one run: exactly one of both."""

    trials: PositiveInt | None = None
    """As many results of the target."""
    cost: PositiveFloat | None = None
    """In the unit of the sources' cost."""

    @model_validator(mode="after")
    def _check(self) -> Budget:
        if (self.trials is None) == (self.cost is None):
            raise ValueError("give exactly one of trials and cost")
        return self


class Benchmark(Document):
    """A search whose answer is known, for comparing methods at equal cost."""

    kind: Literal["benchmark"] = "benchmark"
    version: Literal[1] = 1
    name: Name
    title: str = ""
    description: str = ""
    citations: tuple[str, ...] = ()
    data: DataFile | None = None
    parameters: dict[Name, ParameterColumn] = Field(default_factory=dict)
    objective: ObjectiveColumn | None = None
    objectives: tuple[ObjectiveColumn, ...] = ()
    """Several, in place of `objective`."""
    requirements: tuple[RequiredColumn, ...] = ()
    """Columns that must keep a bound; what breaks one counts as no find."""
    constraints: dict[Name, Constraint] = Field(default_factory=dict)
    """On the parameters of a table; rows outside are left out, and counted."""
    replicates: Literal["draw", "mean"] = "draw"
    """What rows of equal parameters are: specimens, of which each result of the target
    is one, in an order that follows from the seed; or one value, their mean."""
    problem: str | None = None
    """A test function of BoTorch instead of a table, such as `Hartmann6`."""
    noise_sd: float = Field(default=0.0, ge=0)
    """Of every result of a problem, in the unit of the function."""
    sources: dict[Name, PricedSource] = Field(default_factory=dict)
    """None: one, at cost 1."""
    currency: str = "specimen"
    """Unit of all costs."""
    batch: PositiveInt = 1
    """Trials that are asked for before the first of their results is told."""
    budget: Budget
    seeds: PositiveInt = 20
    """Runs of every method, unless the command says otherwise."""

    @model_validator(mode="after")
    def _check(self) -> Benchmark:
        parse_unit(self.currency)
        for problem in self._problems():
            raise ValueError(problem)
        cost = self.priced[self.target].cost
        if self.budget.cost is not None and self.budget.cost < cost:
            raise ValueError(
                f"budget.cost: {self.budget.cost:g} does not pay for one result of "
                f"{self.target!r}, which costs {cost:g}; raise it"
            )
        return self

    def _problems(self) -> Iterator[str]:
        if (self.problem is None) == (self.data is None):
            yield "give exactly one of data (a table) and problem (a function)"
        elif self.is_several:
            yield from several_problems(self)
        elif self.problem is None:
            yield from self._table_problems()
        else:
            yield from self._function_problems()

    def _table_problems(self) -> Iterator[str]:
        if not self.parameters:
            yield "parameters: is empty; name the columns that make up a design"
        if self.objective is None:
            yield "objective: is missing; name the column that is to be optimised"
            return
        if self.noise_sd:
            yield "noise_sd: a table has the noise of its rows; remove it"
        for name, constraint in self.constraints.items():
            used = expressions.names(constraint.expression)
            for other in sorted(set(used) - set(self.parameters)):
                yield (
                    f"constraints.{name}: parameter {other!r} is not declared; there "
                    f"are {', '.join(self.parameters)}"
                )
        for name, source in self.sources.items():
            if source.column is None or source.function is not None:
                yield f"sources.{name}: a source of a table needs column, no function"
        judging = [
            k for k, s in self.priced.items() if s.column == self.objective.column
        ]
        if len(judging) != 1:
            yield (
                f"sources: {len(judging)} of them have the objective's column "
                f"{self.objective.column!r}; the target must be exactly one"
            )

    def _function_problems(self) -> Iterator[str]:
        if self.parameters or self.objective is not None or self.constraints:
            yield (
                "problem: a function brings its parameters and is minimised; remove "
                "parameters, objective and constraints"
            )
        for name, source in self.sources.items():
            if source.function is None or source.column is not None:
                yield (
                    f"sources.{name}: a source of a problem needs function (true, low, "
                    "reversed or noise), no column"
                )
        n_true = sum(s.function == "true" for s in self.priced.values())
        if n_true != 1:
            yield f"sources: {n_true} of them are the true function; give exactly one"

    @property
    def goals(self) -> tuple[ObjectiveColumn, ...]:
        """The objectives of a table; none of a function, which brings its own."""
        return self.objectives or (() if self.objective is None else (self.objective,))

    @property
    def is_several(self) -> bool:
        """Whether more than one column, or output of a function, decides."""
        if self.problem is not None:
            return has_several_outputs(self.problem)
        return bool(self.objectives or self.requirements)

    @property
    def priced(self) -> dict[str, PricedSource]:
        """The sources; the one that goes without saying when none is named."""
        if self.sources:
            return self.sources
        if self.problem is not None:
            return {ONLY_SOURCE: PricedSource(cost=1.0, function="true")}
        if self.is_several or self.objective is None:
            return {ONLY_SOURCE: PricedSource(cost=1.0)}
        return {ONLY_SOURCE: PricedSource(cost=1.0, column=self.objective.column)}

    @property
    def target(self) -> str:
        """The source that alone decides what has been found."""
        if self.problem is None and self.is_several:
            return next(k for k, s in self.priced.items() if s.columns is None)
        column = self.objective.column if self.objective else None
        return next(
            name
            for name, source in self.priced.items()
            if source.function == "true" or (column and source.column == column)
        )

    @property
    def content(self) -> str:
        """Hash of all that decides about a run: texts and the number of seeds do not.

        What stands at its default is left out, so that a field that is new leaves the
        runs of older documents as they are.
        """
        texts = {"title", "description", "citations", "seeds"}
        return content_hash(
            self.model_dump(mode="json", exclude=texts, exclude_defaults=True)
        )

    @property
    def limit(self) -> float:
        """What one run may spend [currency]."""
        if self.budget.cost is not None:
            return self.budget.cost
        return (self.budget.trials or 0) * self.priced[self.target].cost


def read_benchmark(path: Path) -> Benchmark:
    """Read and check a benchmark document, the table itself not yet.

    Raises:
        SpecError: with every problem of the document in one line.
    """
    return parse(Benchmark, read_yaml(path), str(path))
