"""Past measurements in a sheet, long or wide, as rows for the store."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bigloop.contracts import (
    BigloopError,
    Campaign,
    Design,
    HistoryRow,
    Measurement,
    ResultError,
    convert,
)
from bigloop.db.results import measured
from bigloop.loop.sheet import Sheet, rest

HEADER = re.compile(r"^(.*?)\s*\[(.*)\]$")
_LONG = ("observable", "value", "unit")
_PLAIN = frozenset({"source", "specimen", "batch", "age", "sd", "censored"})
_IGNORED = frozenset({"trial", "solicited", "recorded_at"})
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a sheet holds.

    Attributes:
        n_late: rows left out: late results of expired claims in an export.
        outside: numbers of rows whose design is outside the search space.
    """

    spec: Campaign
    rows: tuple[HistoryRow, ...]
    n_late: int = 0
    outside: tuple[int, ...] = ()

    def lines(self) -> list[str]:
        """A preview for people."""
        found: dict[tuple[str, str], list[float]] = {}
        for row in self.rows:
            key = (row.source, row.measurement.observable)
            found.setdefault(key, []).append(row.measurement.value)
        lines = [f"{self.spec.name}: {len(self.rows)} measurements"]
        for (source, name), values in found.items():
            unit = self.spec.observables[name].unit
            lines.append(
                f"  {source}: {len(values)} x {name} [{unit}], "
                f"{min(values):g} to {max(values):g}"
            )
        if self.n_late:
            lines.append(f"  {self.n_late} late results (solicited = False) left out")
        if self.outside:
            shown = ", ".join(map(str, self.outside[:_SHOWN]))
            more = rest(len(self.outside))
            lines.append(f"  rows {shown}{more} are outside the search space")
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column by what it means; `unit` is what the header says, if anything."""

    name: str
    unit: str | None


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads the rows of one sheet and keeps every problem with its row."""

    spec: Campaign
    sheet: Sheet
    source: str | None
    columns: dict[str, _Column] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    n_late: int = 0

    def read(self) -> tuple[HistoryRow, ...]:
        self.columns = _columns(self.spec, self.sheet)
        rows = []
        for number, cells in self.sheet.rows:
            row = dict(zip(self.sheet.header, cells, strict=True))
            if row.get("solicited", "").lower() == "false":
                self.n_late += 1
                continue
            try:
                rows += self._row(number, row)
            except BigloopError as error:
                self.problems.append(f"row {number}: {error}")
        self._refuse()
        return tuple(rows)

    def _refuse(self) -> None:
        if not self.problems:
            return
        raise ResultError(
            f"{self.sheet.name}: {len(self.problems)} of {len(self.sheet.rows)} rows "
            f"are wrong, nothing was imported: {'; '.join(self.problems[:_SHOWN])}"
            f"{rest(len(self.problems))}"
        )

    def _row(self, number: int, row: dict[str, str]) -> list[HistoryRow]:
        source = row.get("source") or self.source
        if source not in self.spec.sources:
            raise ResultError(
                f"source {source!r} is not one of {', '.join(self.spec.sources)}; "
                "correct the column source, or give --source"
            )
        design = self._design(row)
        # Bounds change from campaign to campaign, but a sum that is wrong is a slip.
        if problem := self.spec.why_no_composition(design):
            raise ResultError(f"{problem}; correct the row")
        if self.spec.why_infeasible(design):
            self.outside.append(number)
        found = [
            HistoryRow(
                source=source,
                design=design,
                specimen=row.get("specimen") or None,
                batch=row.get("batch") or None,
                measurement=measurement,
            )
            for measurement in self._measurements(row)
        ]
        if not found:
            raise ResultError(
                "no observable has a value; fill one in or remove the row"
            )
        for item in found:
            measured(self.spec, source, item.measurement)
        return found

    def _design(self, row: dict[str, str]) -> Design:
        design: Design = {}
        for header, column in self.columns.items():
            parameter = self.spec.parameters.get(column.name)
            if parameter is None:
                continue
            if parameter.choices:
                design[column.name] = row[header]
                continue
            value = _number(column.name, row[header])
            unit = parameter.unit if column.unit is None else column.unit
            design[column.name] = convert(value, unit, parameter.unit)
        return design

    def _measurements(self, row: dict[str, str]) -> Iterator[Measurement]:
        age = _number("age", row["age"]) if row.get("age") else None
        sd = _number("sd", row["sd"]) if row.get("sd") else None
        censored = row.get("censored", "").lower() in ("true", "1", "yes")
        common = {"age": age, "sd": sd, "censored": censored}
        if "observable" in row:
            name = row["observable"]
            if name not in self.spec.observables:
                raise ResultError(
                    f"observable {name!r} is not in the campaign; there are "
                    f"{', '.join(self.spec.observables)}"
                )
            value = _number(name, row["value"])
            yield Measurement.model_validate(
                {"observable": name, "value": value, "unit": row["unit"], **common}
            )
            return
        for header, column in self.columns.items():
            if column.name in self.spec.observables and row[header]:
                unit = self.spec.observables[column.name].unit
                yield Measurement.model_validate(
                    {
                        "observable": column.name,
                        "value": _number(column.name, row[header]),
                        "unit": unit if column.unit is None else column.unit,
                        **common,
                    }
                )


def read_history(spec: Campaign, sheet: Sheet, source: str | None) -> History:
    """The measurements in a sheet, all of them right.

    Long: columns `observable`, `value`, `unit`. Wide: one column an observable, its
    unit in the header, `life [cycle]`. Beside them the parameters, and optionally
    specimen, batch, age, sd, censored and source.

    Raises:
        ResultError: one line with the columns or rows that are wrong.
    """
    reader = _Reader(spec=spec, sheet=sheet, source=source)
    rows = reader.read()
    outside = tuple(reader.outside)
    return History(spec=spec, rows=rows, n_late=reader.n_late, outside=outside)


def _columns(spec: Campaign, sheet: Sheet) -> dict[str, _Column]:
    columns = {header: _column(header) for header in sheet.header}
    names = [column.name for column in columns.values()]
    is_long = "observable" in names
    known = {*spec.parameters, *_PLAIN, *_IGNORED}
    known |= set(_LONG) if is_long else set(spec.observables)
    if unknown := [header for header, c in columns.items() if c.name not in known]:
        raise ResultError(
            f"{sheet.name}: column {unknown[0]!r} is not known; remove it, or write "
            f"one of {', '.join(sorted(known - _IGNORED))}"
        )
    needed = [*spec.parameters, *(_LONG if is_long else ())]
    if missing := [name for name in needed if name not in names]:
        raise ResultError(f"{sheet.name}: column {missing[0]!r} is missing; add it")
    if not is_long and not set(names) & set(spec.observables):
        raise ResultError(
            f"{sheet.name}: no column holds an observable; add one of "
            f"{', '.join(spec.observables)}, or the columns {', '.join(_LONG)}"
        )
    return columns


def _column(header: str) -> _Column:
    match = HEADER.match(header)
    if match is None:
        return _Column(name=header, unit=None)
    return _Column(name=match[1].strip(), unit=match[2].strip())


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ResultError(f"{name} = {text!r} is not a number; correct it") from None
    if not math.isfinite(value):
        raise ResultError(
            f"{name} = {text} is not finite; leave a value that was not measured empty"
        )
    return value
