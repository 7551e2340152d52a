"""Histories of interphases from a table of readings."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bigloop.contracts import SpecError
from bigloop.models.interphase.layout import Channel, Kind, Layout
from bigloop.models.interphase.records import History, Reading

_T = TypeVar("_T")
REQUIRED = ("specimen", "age", "source", "observable", "value")
OPTIONAL = ("censored",)
CONFIGURATION, CONDITION = "configuration.", "condition."


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a file holds: names and kinds of everything, and a history a specimen."""

    layout: Layout
    specimens: tuple[str, ...]
    histories: tuple[History, ...]


def read_table(path: Path, kinds: Mapping[str, Kind]) -> Table:
    """Read a CSV file with one row a reading.

    Columns: `specimen`, `age`, `source`, `observable`, `value`; `censored` (1: the true
    value lies above) if wanted; `configuration.NAME`, the same in all rows of a
    specimen; `condition.NAME`, as it was on the way to that age. A row without
    a value says only what the conditions were, or that the age is of interest.

    Args:
        path: of the file.
        kinds: of observables; those not named are free.

    Raises:
        SpecError: a column is missing or unknown, or a row says something impossible.
    """
    rows = _rows(path)
    _check_columns(path, rows[0])
    layout = _layout(rows, kinds)
    kept: dict[str, _Specimen] = {}
    for number, row in enumerate(rows, start=2):
        name = row["specimen"]
        if not name:
            raise SpecError(f"{path}: row {number}, specimen: it is empty; give a name")
        _add(kept.setdefault(name, _Specimen()), layout, row, f"{path}: row {number}")
    return Table(
        layout=layout,
        specimens=tuple(kept),
        histories=tuple(one.history() for one in kept.values()),
    )


@dataclass(slots=True)
class _Specimen:
    configuration: dict[str, float] = field(default_factory=dict)
    conditions: dict[float, dict[str, float]] = field(default_factory=dict)
    readings: dict[tuple[float, str, str], Reading] = field(default_factory=dict)

    def history(self) -> History:
        return History(
            configuration=self.configuration,
            conditions=sorted(self.conditions.items(), key=lambda one: one[0]),
            readings=sorted(self.readings.values(), key=lambda one: one.age),
        )


def _add(one: _Specimen, layout: Layout, row: Mapping[str, str], where: str) -> None:
    age = _number(row, "age", where)
    if age < 0:
        raise SpecError(f"{where}, age: {age:g}: give a number from 0 on")
    made = _numbers(row, CONFIGURATION, layout.configuration, where)
    held = _numbers(row, CONDITION, layout.conditions, where)
    if (one.configuration or made) != made:
        raise SpecError(
            f"{where}, configuration: it differs from an earlier row of specimen "
            f"{row['specimen']!r}; what changes in a life is a condition"
        )
    if one.conditions.setdefault(age, held) != held:
        raise SpecError(
            f"{where}, condition: it differs from another row of specimen "
            f"{row['specimen']!r} at age {age:g}; give one for each age"
        )
    one.configuration = made
    if not row["value"]:
        return
    key = age, row["source"], row["observable"]
    if key in one.readings:
        raise SpecError(
            f"{where}: {'/'.join(key[1:])} of specimen {row['specimen']!r} is read "
            f"twice at age {age:g}; give their mean, or ages that differ"
        )
    one.readings[key] = Reading(
        age=age,
        source=row["source"],
        observable=row["observable"],
        value=_number(row, "value", where),
        censored=_flag(row, where),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            found = [
                {k: (v or "").strip() for k, v in row.items() if k is not None}
                for row in csv.DictReader(lines)
            ]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SpecError(f"{path}: {reason}; give a CSV file of readings") from None
    if not found:
        raise SpecError(f"{path}: it holds no rows; give one for each reading")
    return found


def _check_columns(path: Path, row: Mapping[str, str]) -> None:
    if missing := [name for name in REQUIRED if name not in row]:
        raise SpecError(
            f"{path}: column(s) {', '.join(missing)} missing; "
            f"{', '.join(REQUIRED)} are needed"
        )
    known = (*REQUIRED, *OPTIONAL)
    for name in row:
        if name not in known and not name.startswith((CONFIGURATION, CONDITION)):
            raise SpecError(
                f"{path}: column {name!r} is unknown; call it {CONFIGURATION}{name} or "
                f"{CONDITION}{name}, or leave it out"
            )


def _layout(rows: Sequence[Mapping[str, str]], kinds: Mapping[str, Kind]) -> Layout:
    read = [row for row in rows if row["value"]]
    pairs = _unique((row["source"], row["observable"]) for row in read)
    names = _unique(observable for _, observable in pairs)
    for name in kinds:
        if name not in names:
            raise SpecError(
                f"kind: no reading of {name!r}; there are {', '.join(names) or 'none'}"
            )
    columns = list(rows[0])
    return Layout(
        configuration=_named(columns, CONFIGURATION),
        conditions=_named(columns, CONDITION),
        observables={name: kinds.get(name, "free") for name in names},
        channels=tuple(Channel(source=s, observable=o) for s, o in pairs),
    )


def _named(columns: Sequence[str], prefix: str) -> tuple[str, ...]:
    return tuple(c.removeprefix(prefix) for c in columns if c.startswith(prefix))


def _unique(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))


def _numbers(
    row: Mapping[str, str], prefix: str, names: Sequence[str], where: str
) -> dict[str, float]:
    return {name: _number(row, prefix + name, where) for name in names}


def _number(row: Mapping[str, str], column: str, where: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SpecError(f"{where}, {column}: {row[column]!r}: give a finite number")
    return value


def _flag(row: Mapping[str, str], where: str) -> bool:
    text = row.get("censored", "")
    if text not in ("", "0", "1"):
        raise SpecError(f"{where}, censored: {text!r}: give 0 or 1")
    return text == "1"
