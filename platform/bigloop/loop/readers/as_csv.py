"""A CSV file of measurements, a row each: observable, value, unit, and what else."""

from __future__ import annotations

import math
from pathlib import Path

from bigloop.contracts import Measurement, ResultError, SpecError
from bigloop.loop.sheet import read_sheet

_NEEDED = ("observable", "value", "unit")
_KNOWN = (*_NEEDED, "sd", "age", "censored")
_YES, _NO = ("true", "1", "yes"), ("", "false", "0", "no")


class CsvReader:
    """Columns `observable`, `value`, `unit`; optionally `sd`, `age`, `censored`."""

    def read(self, path: Path) -> list[Measurement]:
        """Measurements of one specimen.

        Raises:
            ResultError: a column is missing or unknown, or a row is wrong.
        """
        try:
            sheet = read_sheet(path)
        except SpecError as error:
            raise ResultError(str(error)) from None
        if missing := [name for name in _NEEDED if name not in sheet.header]:
            raise ResultError(
                f"{path.name}: line 1: column {missing[0]!r} is missing; add it"
            )
        if unknown := [name for name in sheet.header if name not in _KNOWN]:
            raise ResultError(
                f"{path.name}: line 1: column {unknown[0]!r} is not known; write one "
                f"of {', '.join(_KNOWN)}"
            )
        rows = [
            (number, dict(zip(sheet.header, cells, strict=True)))
            for number, cells in sheet.rows
        ]
        return [_measurement(f"{path.name}: line {n}", row) for n, row in rows]


def _measurement(where: str, row: dict[str, str]) -> Measurement:
    if not row["observable"]:
        raise ResultError(f"{where}: observable is empty; name what was measured")
    said = row.get("censored", "").lower()
    if said not in (*_YES, *_NO):
        raise ResultError(f"{where}: censored = {said!r}; write true or false")
    value = _number(where, row, "value")
    if value is None:
        raise ResultError(f"{where}: value is empty; fill it in or remove the row")
    sd = _number(where, row, "sd")
    age = _number(where, row, "age")
    for name, found in (("sd", sd), ("age", age)):
        if found is not None and found < 0:
            raise ResultError(f"{where}: {name} = {found:g} is below 0; correct it")
    return Measurement(
        observable=row["observable"],
        value=value,
        unit=row["unit"],
        sd=sd,
        age=age,
        censored=said in _YES,
    )


def _number(where: str, row: dict[str, str], name: str) -> float | None:
    text = row.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ResultError(f"{where}: {name} = {text!r} is no finite number; correct it")
    return value
