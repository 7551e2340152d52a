"""A table as a problem: a pool of designs whose truth is the mean of their rows."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Generic, TypeVar

from bigloop.bench.problem import LEVELS
from bigloop.bench.space import coordinates
from bigloop.bench.spec import Benchmark, ParameterColumn
from bigloop.bench.table import Row, Table, read_rows
from bigloop.contracts import (
    Composition,
    Design,
    Parameter,
    SpecError,
    Stock,
    canonical_json,
    content_hash,
)

V = TypeVar("V")
"""A result: of the objective, or of all observables that decide."""
_SAME_TOTAL = 0.02
"""How far the totals of a mixture may differ: shares are often rounded to 1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolProblem:
    """A pool of designs; each has one result of each source, or one for every row.

    The pool stands in the order of its points in the unit cube, so that neither the
    order of the rows nor the names or units of the columns decide anything.

    Attributes:
        spec: the document.
        content: hash of the document and the table.
        parameters: the axes, from the least to the largest value in the table.
        stock: the designs with their specimens.
        thresholds: regret of the worst design that counts, for each level.
        notes: rows left out, replicates.
        values: results by design (canonical JSON) and source, sorted.
        batches: of the results of the target, in their order, where the table says it.
        regrets: by design (canonical JSON).
        compositions: none: what adds up in a pool does so in every design of it.
    """

    spec: Benchmark
    content: str
    parameters: dict[str, Parameter]
    stock: tuple[Stock, ...]
    thresholds: tuple[float, ...]
    notes: tuple[str, ...]
    values: dict[str, dict[str, list[float]]]
    regrets: dict[str, float]
    batches: dict[str, list[str | None]] = field(default_factory=dict)
    compositions: dict[str, Composition] = field(default_factory=dict)

    @classmethod
    def read(cls, spec: Benchmark, path: Path) -> PoolProblem:
        """Read the table that a document names.

        Raises:
            SpecError: the table, or a column of it, cannot be used as it is said to be.
        """
        assert spec.data is not None
        try:
            table = read_rows(spec, spec.data, path.parent)
            return cls.build(spec, table)
        except SpecError as error:
            raise SpecError(f"{path}: {error}") from None

    @classmethod
    def build(cls, spec: Benchmark, table: Table) -> PoolProblem:
        """Group the rows of equal parameters and work out the truth."""
        table = feasible(spec, table)
        if len(table.rows) < 2:
            raise SpecError(
                f"data: {len(table.rows)} rows are left, {table.left_out} left out; "
                "loosen data.where and constraints"
            )
        check_totals(spec, table.rows)
        parameters = {
            name: axis(name, column, [row.design[name] for row in table.rows])
            for name, column in spec.parameters.items()
        }
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in table.rows:
            groups[canonical_json(row.design)].append(row)
        designs = sorted(
            (group[0].design for group in groups.values()),
            key=lambda design: place(parameters, design),
        )
        drawn = spec.target if spec.replicates == "draw" else None
        values = {key: _results(group, drawn) for key, group in groups.items()}
        batches = {k: _batches(rows, spec.target, drawn) for k, rows in groups.items()}
        regrets = _regrets(spec, values)
        target = spec.target
        return cls(
            spec=spec,
            content=content_hash([spec.content, table.sha256]),
            parameters=parameters,
            stock=tuple(
                Stock(
                    design=d,
                    specimens=len(values[canonical_json(d)][target]),
                    batch=_shared(batches[canonical_json(d)]),
                )
                for d in designs
            ),
            thresholds=thresholds(list(regrets.values())),
            notes=pool_notes(spec, table, len(designs)),
            values=values,
            regrets=regrets,
            batches=batches,
        )

    def regret(self, design: Design) -> float:
        """Shortfall of the mean of a design's rows, as a share of the pool's range."""
        return self.regrets[canonical_json(design)]

    def regret_of(self, designs: Sequence[Design]) -> float | None:
        """Regret of the best of some designs."""
        return min((self.regret(design) for design in designs), default=None)

    def sampler(self, seed: int) -> PoolSampler[float]:
        """The rows of each design in the order of this seed."""
        places = {canonical_json(s.design): i for i, s in enumerate(self.stock)}
        batches = {key: {self.spec.target: of} for key, of in self.batches.items()}
        return PoolSampler(self.values, places, seed, batches)


class PoolSampler(Generic[V]):
    """Hands out the results of each design; the order follows from seed and place."""

    def __init__(
        self,
        values: Mapping[str, Mapping[str, Sequence[V]]],
        places: Mapping[str, int],
        seed: int,
        batches: Mapping[str, Mapping[str, Sequence[str | None]]] | None = None,
    ) -> None:
        self._values, self._places, self._seed = values, places, seed
        self._batches = batches or {}
        self._last: dict[tuple[str, str], int] = {}
        self._taken: dict[tuple[str, str], int] = defaultdict(int)

    def measure(self, source: str, design: Design) -> V:
        """The next result; the first again when all have been handed out."""
        key = canonical_json(design)
        values = self._values[key][source]
        order = list(range(len(values)))
        random.Random(f"{self._seed}/{self._places[key]}").shuffle(order)
        number = self._taken[source, key]
        self._taken[source, key] += 1
        self._last[source, key] = order[number % len(order)]
        return values[self._last[source, key]]

    def batch(self, source: str, design: Design) -> str | None:
        """Of the last result of a source on a design; none: the table does not say."""
        key = canonical_json(design)
        known = self._batches.get(key, {}).get(source)
        return known[self._last[source, key]] if known else None


def feasible(spec: Benchmark, table: Table) -> Table:
    """The rows inside all constraints; the others are counted by the first broken."""
    units = {name: column.unit for name, column in spec.parameters.items()}
    rows, left_out = [], Counter(table.left_out)
    for row in table.rows:
        broken = next(
            (k for k, c in spec.constraints.items() if not c.holds(row.design, units)),
            None,
        )
        if broken is None:
            rows.append(row)
        else:
            left_out[f"constraints.{broken}"] += 1
    return Table(rows=tuple(rows), left_out=dict(left_out), sha256=table.sha256)


def check_totals(spec: Benchmark, rows: tuple[Row, ...]) -> None:
    """Refuse shares of a mixture that do not add up to the same total."""
    shares = [k for k, p in spec.parameters.items() if p.role == "composition"]
    if not shares:
        return
    totals = [sum(float(row.design[name]) for name in shares) for row in rows]
    for row, total in zip(rows, totals, strict=True):
        least = min(float(row.design[name]) for name in shares)
        if least < 0 or abs(total - totals[0]) > _SAME_TOTAL * abs(totals[0]):
            raise SpecError(
                f"parameters: line {row.line}: the shares {', '.join(shares)} add up "
                f"to {total:g} (line {rows[0].line}: {totals[0]:g}), the least is "
                f"{least:g}; name all shares, or give them the role number"
            )


def axis(name: str, column: ParameterColumn, values: list[float | str]) -> Parameter:
    """A parameter from its least to its largest value."""
    distinct = set(values)
    if len(distinct) < 2:
        raise SpecError(
            f"parameters.{name}: column {column.column!r} is {values[0]!r} in every "
            "row; remove it"
        )
    if column.role == "choice":
        return Parameter(choices=tuple(sorted(str(value) for value in distinct)))
    numbers = [float(value) for value in values]
    low = 0.0 if column.role == "composition" else min(numbers)
    return Parameter(low=low, high=max(numbers), unit=column.unit, log=column.log)


def place(parameters: dict[str, Parameter], design: Design) -> list[float]:
    """Where a design stands in the unit cube; rounded, so that units do not matter."""
    return [round(value, 9) for value in coordinates(parameters, design)]


def _results(group: list[Row], drawn: str | None) -> dict[str, list[float]]:
    """Results by source: all of the source that is drawn from, else their mean."""
    found = {}
    for name in group[0].values:
        values = sorted(row.values[name] for row in group)
        found[name] = values if name == drawn else [fmean(values)]
    return found


def _batches(group: list[Row], target: str, drawn: str | None) -> list[str | None]:
    """Of the results of the target, in the order of `_results`."""
    if drawn is None:
        return [_shared([row.batch for row in group])]
    return [
        row.batch
        for row in sorted(group, key=lambda r: (r.values[target], r.batch or ""))
    ]


def _shared(batches: Sequence[str | None]) -> str | None:
    """The batch that all are of, if they are."""
    return batches[0] if len(set(batches)) == 1 else None


def _regrets(
    spec: Benchmark, values: dict[str, dict[str, list[float]]]
) -> dict[str, float]:
    goal = spec.objective
    assert goal is not None
    sign = -1.0 if goal.goal == "minimize" else 1.0
    truth, target = {}, spec.target
    for key, results in values.items():
        mean = fmean(results[target])
        truth[key] = sign * (math.log(mean) if goal.log else mean)
    best, worst = max(truth.values()), min(truth.values())
    if best <= worst:
        raise SpecError(
            f"objective: column {goal.column!r} is the same for every design; there is "
            "nothing to find"
        )
    return {key: (best - value) / (best - worst) for key, value in truth.items()}


def thresholds(regrets: list[float]) -> tuple[float, ...]:
    """Regret of the last design that is among the best share; at least of the best."""
    ranked = sorted(regrets)
    return tuple(
        ranked[max(1, math.floor(level * len(ranked) + 1e-9)) - 1] for level in LEVELS
    )


def pool_notes(spec: Benchmark, table: Table, n_designs: int) -> tuple[str, ...]:
    """Size, replicates, rows left out."""
    n = len(table.rows)
    kind = "drawn one by one" if spec.replicates == "draw" else "averaged"
    notes = [f"{n_designs:,} designs"]
    if n > n_designs:
        notes.append(f"{n:,} rows; replicates are {kind}, the truth is their mean")
    notes += [
        f"{count:,} rows left out: {why}" for why, count in table.left_out.items()
    ]
    return tuple(notes)
