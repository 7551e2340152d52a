"""A table of measured specimens as a laboratory."""

from __future__ import annotations

import hashlib
import math
import time
from collections import defaultdict

from bigloop.contracts import (
    Capabilities,
    Design,
    FailureClass,
    Measurement,
    Outcome,
    Request,
    Stock,
    canonical_json,
    content_hash,
    convert,
    significant,
)
from bigloop.simulators.request import check
from bigloop.simulators.table.catalogue import locate
from bigloop.simulators.table.journal import Choice, Journal, Run, View
from bigloop.simulators.table.reader import Row, read_table

# Unit conversion on the way here rounds: designs closer than this are the same.
_CLOSE = 1e-9


class TableLaboratory:
    """Replays measured specimens: each row is one, and ages when it is asked to.

    A request without a specimen takes the next fresh one of its design, in an order
    that follows from `seed` and the design alone, never from the order of the rows.
    Death before `until_age` is a result: the observables of the end are measured.
    What is known at the end only is censored when a specimen is stopped before it.
    `Outcome.cost` stays empty: the platform books costs from the ages that were run.

    Failures: `input` for a design or an age that the table does not have, `quality`
    when nothing that was due had been measured, `equipment` when the design has no
    fresh specimen left (that says nothing about the design, as an `input` failure
    would; asking again does not help while the journal stands).

    Args:
        table: a packaged table, or the path of a table document.
        seed: of the order of the specimens.
        journal: file that remembers what was run; sources that share specimens, and
            workers that take over from one that died, share it. None: in memory, for
            this object alone. A path is taken as it is, not relative to `base`.
        base: folder that `table` is relative to.
        pace_s: how long a stage takes [s], for demonstrations and tests of failure.

    Raises:
        SpecError: no such table, or a bad one.
        SourceError: the journal cannot be used, or is of another table.
    """

    def __init__(
        self,
        table: str,
        seed: int = 0,
        journal: str | None = None,
        base: str = ".",
        pace_s: float = 0.0,
    ) -> None:
        self._table = read_table(locate(table, base))
        self._spec = self._table.spec
        self._seed = seed
        self._pace_s = pace_s
        self._rows = {row.specimen: row for row in self._table.rows}
        self._groups: dict[str, list[Row]] = defaultdict(list)
        for row in self._table.rows:
            self._groups[canonical_json(row.design)].append(row)
        for group in self._groups.values():
            group.sort(key=self._rank)
        self.journal = Journal(journal)
        document = self._spec.model_dump(mode="json")
        self.journal.register(
            self._spec.name, content_hash([document, self._table.sha256])
        )

    def capabilities(self) -> Capabilities:
        """Parameters, observables and age as the table document declares them."""
        spec = self._spec
        return Capabilities(
            parameters={name: p.unit for name, p in spec.parameters.items()},
            observables={name: o.unit for name, o in spec.observables.items()},
            age_unit=None if spec.age is None else spec.age.unit,
            is_physical=True,
            citations=spec.citations,
        )

    def stock(self) -> list[Stock]:
        """Designs with the specimens that each had at first.

        What has been used since is not taken off: the campaign's store accounts for
        it, and a restart must find the same stock as the first start did.
        """
        return [
            Stock(design=group[0].design, specimens=len(group), batch=_batch(group))
            for group in self._groups.values()
        ]

    def evaluate(self, request: Request) -> Outcome:
        """Run one stage of one specimen; a key that is known runs nothing.

        Raises:
            SpecError: the request does not fit the table, or its key has been used
                for another one.
            SourceError: the journal cannot be written; nothing was run.
        """
        check(request, self.capabilities())
        begun = self.journal.begin(
            self._spec.name, request, lambda view: self._choose(request, view)
        )
        if isinstance(begun, Outcome):
            return begun
        time.sleep(self._pace_s)
        return self._complete(begun)

    def recover(self, request: Request) -> Outcome | None:
        """The outcome of a dispatch whose worker died; none when it began nothing.

        A cell that was begun went on by itself, so its outcome is what it measured.
        """
        found = self.journal.find(self._spec.name, request)
        if found is None or isinstance(found, Outcome):
            return found
        return self._complete(found)

    def runs(self, trial: str) -> int:
        """How often a specimen was really begun under a key: 0 or 1."""
        return self.journal.runs(trial)

    def _complete(self, run: Run) -> Outcome:
        outcome = self._measure(self._rows[run.specimen], run.request)
        return self.journal.finish(self._spec.name, run, outcome)

    def _rank(self, row: Row) -> str:
        key = canonical_json([self._seed, row.design, row.specimen])
        return hashlib.sha256(key.encode()).hexdigest()

    def _choose(self, request: Request, view: View) -> Choice:
        group = self._find(request.design)
        if group is None:
            return _refused(FailureClass.INPUT, self._unknown(request.design))
        if request.specimen is not None:
            return self._go_on(request, request.specimen, group, view)
        begun = view.begun()
        fresh = next((r.specimen for r in group if r.specimen not in begun), None)
        if fresh is not None:
            return fresh
        return _refused(
            FailureClass.EQUIPMENT,
            f"all {len(group)} specimens of {_words(group[0].design)} have been begun; "
            "go on with one of them, or choose another design",
        )

    def _go_on(
        self, request: Request, specimen: str, group: list[Row], view: View
    ) -> Choice:
        problem = self._why_not(request, specimen, group, view)
        return _refused(FailureClass.INPUT, problem) if problem else specimen

    def _why_not(
        self, request: Request, specimen: str, group: list[Row], view: View
    ) -> str | None:
        if specimen not in {row.specimen for row in group}:
            names = ", ".join(row.specimen for row in group)
            return f"specimen {specimen!r} is not of this design, which has {names}"
        last = view.last(specimen)
        age = 0.0
        if last is not None:
            if last.outcome is None:
                return f"specimen {specimen!r} still runs for trial {last.trial!r}"
            age = last.outcome.age or 0.0
            if last.outcome.ended:
                return f"specimen {specimen!r} has ended, at {age:g}"
        if request.from_age != age:
            return f"specimen {specimen!r} is {age:g} old, not {request.from_age:g}"
        return None

    def _find(self, design: Design) -> list[Row] | None:
        exact = self._groups.get(canonical_json(design))
        if exact is not None:
            return exact
        for group in self._groups.values():
            if all(_equal(design[k], v) for k, v in group[0].design.items()):
                return group
        return None

    def _unknown(self, design: Design) -> str:
        scale = {name: self._spread(name) for name in design}

        def distance(row: Row) -> float:
            return sum(_distance(design[k], v, scale[k]) for k, v in row.design.items())

        near = min(self._table.rows, key=distance)
        return (
            f"{_words(design)} is not in table {self._spec.name!r}; the nearest that "
            f"was measured is {_words(near.design)}"
        )

    def _spread(self, name: str) -> float:
        values = [row.design[name] for row in self._table.rows]
        numbers = [value for value in values if not isinstance(value, str)]
        return (max(numbers) - min(numbers) if numbers else 0.0) or 1.0

    def _measure(self, row: Row, request: Request) -> Outcome:
        age, has_ended = row.end, True
        if row.end is not None and request.until_age is not None:
            age = min(request.until_age, row.end)
            has_ended = age == row.end
        due = self._due(request.from_age, age, has_ended)
        found = [self._measured(name, row, age) for name in due if name in row.values]
        found += [] if has_ended or age is None else self._censored(age)
        failed = bool(due) and not found
        missing = ", ".join(due)
        return Outcome(
            status="failure" if failed else "success",
            failure=FailureClass.QUALITY if failed else None,
            message=f"nothing was measured: {missing}: missing" if failed else "",
            measurements=tuple(found),
            executed=row.design,
            specimen=row.specimen,
            batch=row.batch,
            age=age,
            ended=has_ended,
            provenance=self._provenance(row, request),
        )

    def _due(self, start: float, age: float | None, has_ended: bool) -> list[str]:
        """Observables that become known between two ages."""
        return [
            name
            for name, o in self._spec.observables.items()
            if (o.at is None and has_ended)
            or (o.at is not None and age is not None and start < o.at <= age)
        ]

    def _measured(self, name: str, row: Row, age: float | None) -> Measurement:
        observable = self._spec.observables[name]
        return Measurement(
            observable=name,
            value=row.values[name],
            unit=observable.unit,
            age=age if observable.at is None else observable.at,
        )

    def _censored(self, age: float) -> list[Measurement]:
        ages = self._spec.age
        return [
            Measurement(
                observable=name,
                value=convert(age, ages.unit, observable.unit),
                unit=observable.unit,
                age=age,
                censored=True,
            )
            for name, observable in self._spec.observables.items()
            if ages is not None and observable.column == ages.end
        ]

    def _provenance(self, row: Row, request: Request) -> dict[str, object]:
        return {
            "table": self._spec.name,
            "file": self._table.path.name,
            "sha256": self._table.sha256,
            "line": row.line,
            "seed": self._seed,
            "from_age": request.from_age,
            "citations": list(self._spec.citations),
        }


def _refused(failure: FailureClass, message: str) -> Outcome:
    """Nothing was run: no specimen, no age, no cost."""
    return Outcome(status="failure", failure=failure, message=message, ended=False)


def _batch(group: list[Row]) -> str | None:
    """That all specimens of a design are of, if they are."""
    found = {row.batch for row in group}
    return found.pop() if len(found) == 1 else None


def _equal(one: float | str, other: float | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)


def _distance(one: float | str, other: float | str, scale: float) -> float:
    if isinstance(one, str) or isinstance(other, str):
        return float(one != other)
    return abs(one - other) / scale


def _words(design: Design) -> str:
    return ", ".join(
        f"{name} {value if isinstance(value, str) else significant(value, 6)}"
        for name, value in design.items()
    )
