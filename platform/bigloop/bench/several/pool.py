"""A table in which several columns decide: a pool of designs with a true front."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from bigloop.bench.pool import (
    PoolSampler,
    axis,
    check_totals,
    feasible,
    place,
    pool_notes,
    thresholds,
)
from bigloop.bench.problem import LEVELS
from bigloop.bench.several.problem import Decisive, Truth, is_feasible, of_table, point
from bigloop.bench.spec import Benchmark
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

Values = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPool:
    """A pool of designs, each with results of all that decides.

    Rows of one design are specimens, as in `PoolProblem`; the truth is their mean.

    Attributes:
        spec: the document.
        content: hash of the document and the table.
        parameters: the axes, from the least to the largest value in the table.
        stock: the designs with their specimens.
        outputs: what decides.
        thresholds: regret of the worst design that counts, for each level; of several
            objectives, the share of hypervolume.
        notes: rows left out, size of the front, designs that are feasible.
        values: results by design (canonical JSON) and source, in a fixed order.
        points: the objectives of the feasible designs (canonical JSON), as points.
        truth: the hypervolume; none for one objective.
        compositions: none: what adds up in a table does so in every design of it.
    """

    spec: Benchmark
    content: str
    parameters: dict[str, Parameter]
    stock: tuple[Stock, ...]
    outputs: tuple[Decisive, ...]
    thresholds: tuple[float, ...]
    notes: tuple[str, ...]
    values: dict[str, dict[str, list[Values]]]
    points: dict[str, tuple[float, ...]]
    truth: Truth
    compositions: dict[str, Composition] = field(default_factory=dict)

    @classmethod
    def read(cls, spec: Benchmark, path: Path) -> FrontPool:
        """Read the table that a document names.

        Raises:
            SpecError: the table, or a column of it, cannot be used as it is said to be.
        """
        assert spec.data is not None
        try:
            return cls.build(spec, read_rows(spec, spec.data, path.parent))
        except SpecError as error:
            raise SpecError(f"{path}: {error}") from None

    @classmethod
    def build(cls, spec: Benchmark, table: Table) -> FrontPool:
        """Group the rows of equal parameters and work out the truth."""
        table = feasible(spec, table)
        check_totals(spec, table.rows)
        outputs = tuple(of_table(spec))
        parameters = {
            name: axis(name, column, [row.design[name] for row in table.rows])
            for name, column in spec.parameters.items()
        }
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in table.rows:
            groups[canonical_json(row.design)].append(row)
        values = {key: _results(spec, outputs, rows) for key, rows in groups.items()}
        truths = {key: _mean(found[spec.target]) for key, found in values.items()}
        kept = {
            k: point(outputs, v) for k, v in truths.items() if is_feasible(outputs, v)
        }
        if len(kept) < 2:
            raise SpecError(
                f"requirements: {len(kept)} of {len(truths)} designs keep all of them; "
                "loosen one"
            )
        designs = sorted(
            (rows[0].design for rows in groups.values()),
            key=lambda design: place(parameters, design),
        )
        truth = _truth(outputs, truths, kept)
        return cls(
            spec=spec,
            content=content_hash([spec.content, table.sha256]),
            parameters=parameters,
            stock=tuple(
                Stock(design=d, specimens=len(values[canonical_json(d)][spec.target]))
                for d in designs
            ),
            outputs=outputs,
            thresholds=_thresholds(truth, list(kept.values())),
            notes=(
                *pool_notes(spec, table, len(designs)),
                *_notes(outputs, kept, len(truths)),
            ),
            values=values,
            points=kept,
            truth=truth,
        )

    def regret(self, design: Design) -> float:
        """Of one design alone; 1 where it breaks a requirement."""
        found = self.regret_of([design])
        return 1.0 if found is None else found

    def regret_of(self, designs: Sequence[Design]) -> float | None:
        """What designs together lack of the best; none while none of them counts."""
        keys = {canonical_json(design) for design in designs}
        found = [self.points[key] for key in sorted(keys) if key in self.points]
        return self.truth.lacking(found) if found else None

    def sampler(self, seed: int) -> PoolSampler[Values]:
        """The rows of each design in the order of this seed."""
        places = {canonical_json(s.design): i for i, s in enumerate(self.stock)}
        return PoolSampler(self.values, places, seed)


def _results(
    spec: Benchmark, outputs: Sequence[Decisive], rows: Sequence[Row]
) -> dict[str, list[Values]]:
    """Results by source: every row of the target if rows are drawn, else the mean."""
    found: dict[str, list[Values]] = {}
    for source in spec.priced:
        every = [
            {
                o.observable: row.values[f"{source}/{o.column}"]
                for o in outputs
                if f"{source}/{o.column}" in row.values
            }
            for row in rows
        ]
        every.sort(key=lambda values: list(values.values()))
        is_drawn = spec.replicates == "draw" and source == spec.target
        found[source] = every if is_drawn else [_mean(every)]
    return found


def _mean(found: Sequence[Values]) -> Values:
    return {name: fmean(values[name] for values in found) for name in found[0]}


def _truth(
    outputs: Sequence[Decisive],
    truths: Mapping[str, Values],
    kept: Mapping[str, tuple[float, ...]],
) -> Truth:
    """Of one objective, from the worst design of all, feasible or not, to the best."""
    points = list(kept.values())
    if len(points[0]) > 1:
        return Truth.of(outputs, points)
    worst = min(point(outputs, values)[0] for values in truths.values())
    best = max(p[0] for p in points)
    if best <= worst:
        raise SpecError(
            "objective: no feasible design is better than the worst of all; there is "
            "nothing to find"
        )
    return Truth(reference=(worst,), volume=best - worst)


def _thresholds(truth: Truth, points: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    if len(points[0]) > 1:
        return LEVELS
    return thresholds([truth.lacking([p]) for p in points])


def _notes(
    outputs: Sequence[Decisive], kept: Mapping[str, tuple[float, ...]], n: int
) -> list[str]:
    from bigloop.contracts.dominance import undominated

    goals = [o for o in outputs if o.goal is not None]
    notes = []
    if len(kept) < n:
        notes.append(f"{len(kept):,} designs keep all requirements")
    if len(goals) > 1:
        points = list(kept.values())
        notes.append(
            f"{len(goals)} objectives, {len(undominated(points))} designs in the true "
            "front; regret is the share of its hypervolume that is lacking"
        )
    return notes
