"""Reading the table of a benchmark: cells are checked, rows left out are counted."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bigloop.bench.spec import (
    Benchmark,
    DataFile,
    Filter,
    ObjectiveColumn,
    ParameterColumn,
    RequiredColumn,
)
from bigloop.contracts import Design, SpecError

_SHOWN = 3
_LIMIT = re.compile(r"\s*[<>]=?\s*(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: a design, what each source measured of it, and its batch if named."""

    line: int
    design: Design
    values: dict[str, float]
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a file, what was left out and why, and the hash of the content."""

    rows: tuple[Row, ...]
    left_out: dict[str, int]
    sha256: str


class _LeftOutError(Exception):
    """The row is not taken; the text says why."""


def judged_columns(
    spec: Benchmark,
) -> dict[str, tuple[str, ObjectiveColumn | RequiredColumn]]:
    """The column of each source, and what it is judged as.

    Where several columns decide, by `source/column`, of what it stands for.
    """
    if not spec.is_several:
        goal = spec.objective
        assert goal is not None
        return {k: (s.column or "", goal) for k, s in spec.priced.items()}
    every: list[ObjectiveColumn | RequiredColumn] = [*spec.goals, *spec.requirements]
    return {
        f"{name}/{one.column}": (
            (source.columns or {}).get(one.column, one.column),
            one,
        )
        for name, source in spec.priced.items()
        for one in every
        if source.columns is None or one.column in source.columns
    }


def read_rows(spec: Benchmark, data: DataFile, base: Path) -> Table:
    """Read the rows that a benchmark takes.

    Raises:
        SpecError: one line with file, column, line, value and what to do.
    """
    file = base / data.file
    try:
        content = file.read_bytes()
        is_packed = file.suffix == ".gz"
        text = (gzip.decompress(content) if is_packed else content).decode("utf-8-sig")
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(f"data.file: {file}: {reason}; correct the path") from None
    except UnicodeDecodeError as error:
        raise SpecError(
            f"data.file: {file}: byte {error.start} is not UTF-8; save it as UTF-8"
        ) from None
    return _Reader(spec, data, file, text).read(hashlib.sha256(content).hexdigest())


class _Reader:
    """Turns cells into rows, and collects what is wrong with them."""

    def __init__(self, spec: Benchmark, data: DataFile, file: Path, text: str) -> None:
        self._spec, self._data, self._file = spec, data, file
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=data.delimiter, strict=True
        )
        try:
            lines = [(reader.line_num, cells) for cells in reader if cells]
        except csv.Error as error:
            raise SpecError(
                f"{file}: line {reader.line_num}: {error}; mend it"
            ) from None
        if not data.header and lines:
            self._header = [cell.strip() for cell in lines.pop(0)[1]]
        else:
            self._header = list(data.header)
        self._lines = lines
        self._sources = judged_columns(spec)
        self._problems: list[str] = []
        self._check_header()

    def read(self, sha256: str) -> Table:
        rows, left_out = [], Counter[str]()
        for line, cells in self._lines:
            try:
                rows.append(self._row(line, cells))
            except _LeftOutError as why:
                left_out[str(why)] += 1
            except SpecError as problem:
                self._problems.append(f"line {line}: {problem}")
        if self._problems:
            n = len(self._problems)
            more = f"; and {n - _SHOWN} more" if n > _SHOWN else ""
            shown = "; ".join(self._problems[:_SHOWN])
            raise SpecError(f"{self._file}: {shown}{more}")
        return Table(rows=tuple(rows), left_out=dict(left_out), sha256=sha256)

    def _check_header(self) -> None:
        twice = [name for name, n in Counter(self._header).items() if n > 1]
        if twice and not set(twice).isdisjoint(self._used().values()):
            raise SpecError(
                f"{self._file}: column {min(twice)!r} stands twice in the header; "
                "rename one"
            )
        problems = [
            f"{field}: column {column!r} is not in {self._file.name}; there are "
            f"{', '.join(self._header) or 'none'}"
            for field, column in self._used().items()
            if column not in self._header
        ]
        if problems:
            raise SpecError("; ".join(problems))

    def _used(self) -> dict[str, str]:
        spec = self._spec
        used = {f"parameters.{k}.column": p.column for k, p in spec.parameters.items()}
        for name, source in spec.sources.items():
            if source.column is not None:
                used[f"sources.{name}.column"] = source.column
            for column, own in (source.columns or {}).items():
                used[f"sources.{name}.columns.{column}"] = own
        if spec.objective is not None:
            used["objective.column"] = spec.objective.column
        for number, goal in enumerate(spec.objectives):
            used[f"objectives.{number}.column"] = goal.column
        for number, required in enumerate(spec.requirements):
            used[f"requirements.{number}.column"] = required.column
        if self._data.batch is not None:
            used["data.batch"] = self._data.batch
        return used | {f"data.where.{column}": column for column in self._data.where}

    def _row(self, line: int, cells: list[str]) -> Row:
        if len(cells) != len(self._header):
            raise SpecError(
                f"{len(cells)} cells under {len(self._header)} columns; mend the line"
            )
        by_name = dict(zip(self._header, (cell.strip() for cell in cells), strict=True))
        for column, wanted in self._data.where.items():
            if not _fits(wanted, by_name[column]):
                raise _LeftOutError(f"data.where.{column}")
        design = {
            name: self._parameter(parameter, by_name[parameter.column])
            for name, parameter in self._spec.parameters.items()
        }
        values = {
            name: self._value(column, by_name[column], goal)
            for name, (column, goal) in self._sources.items()
        }
        batch = by_name[self._data.batch] if self._data.batch is not None else None
        named = None if batch in self._data.missing else batch
        return Row(line=line, design=design, values=values, batch=named)

    def _parameter(self, parameter: ParameterColumn, text: str) -> float | str:
        found: str | None = None if text in self._data.missing else text
        if found is not None and parameter.pattern is not None:
            match = re.search(parameter.pattern, found)
            found = match[1] if match else None
        if found is None and parameter.otherwise is not None:
            return parameter.otherwise
        if found is None and parameter.pattern is not None:
            raise SpecError(
                f"column {parameter.column!r}: pattern {parameter.pattern!r} is not in "
                f"{text!r}; correct it, or give otherwise"
            )
        if found is None:
            raise _LeftOutError(f"{parameter.column} is missing")
        if parameter.role == "choice":
            return found
        number = self._number(parameter.column, found)
        if parameter.log and number <= 0:
            raise SpecError(
                f"column {parameter.column!r}: {text!r} has no logarithm; remove log"
            )
        return number

    def _value(
        self, column: str, text: str, goal: ObjectiveColumn | RequiredColumn
    ) -> float:
        limits = goal.limits if isinstance(goal, ObjectiveColumn) else "refuse"
        if text in self._data.missing:
            raise _LeftOutError(f"{column} is missing")
        limit = _LIMIT.fullmatch(text)
        if limit is not None and limits == "drop":
            raise _LeftOutError(f"{column} is a limit")
        if limit is not None and limits == "refuse":
            raise SpecError(
                f"column {column!r}: {text!r} is a limit; set objective.limits to "
                "'drop' or 'value'"
            )
        number = self._number(column, limit[1] if limit else text)
        if goal.log and number <= 0:
            raise SpecError(
                f"column {column!r}: {text!r} has no logarithm; remove objective.log, "
                "or the row by data.where"
            )
        return number

    def _number(self, column: str, text: str) -> float:
        try:
            value = math.nan if "_" in text else float(text)
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return value
        raise SpecError(
            f"column {column!r}: {text!r} is not a finite number; correct it, or add "
            "it to data.missing"
        )


def _fits(wanted: Filter, text: str) -> bool:
    if wanted.one_of:
        return text in wanted.one_of
    try:
        number = float(text)
    except ValueError:
        return False
    low, high = wanted.at_least, wanted.at_most
    return (low is None or number >= low) and (high is None or number <= high)
