"""Reading a table: every cell is checked, nothing is guessed."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigloop.contracts import Design, SpecError
from bigloop.simulators.table.spec import TableSpec, read_spec

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One specimen as it was measured, in the units of its table."""

    line: int
    """Where it stands: line of a CSV file, row of a Parquet file, from 1."""
    specimen: str
    batch: str | None
    design: Design
    end: float | None
    """Age at which it ended."""
    values: dict[str, float]
    """Observables that were measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a file and its hash."""

    spec: TableSpec
    path: Path
    sha256: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The cells of a file as text."""

    header: list[str]
    lines: list[tuple[int, list[str]]]


def read_table(path: Path) -> Table:
    """Read the document at `path` and the table that it names.

    Raises:
        SpecError: one line with file, column, line, value and what to do.
    """
    spec = read_spec(path)
    file = path.parent / spec.file
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise SpecError(f"{path}: file {spec.file!r}: {reason}; correct it") from None
    is_parquet = file.suffix == ".parquet"
    grid = _parquet(file) if is_parquet else _csv(file, content, spec)
    if not grid.lines:
        raise SpecError(f"{file}: there are no rows; a laboratory needs specimens")
    rows = _Rows(spec, file, grid).read()
    sha256 = hashlib.sha256(content).hexdigest()
    return Table(spec=spec, path=file, sha256=sha256, rows=rows)


def _csv(file: Path, content: bytes, spec: TableSpec) -> _Grid:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{file}: byte {error.start} is not UTF-8; save the table as UTF-8"
        ) from None
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=spec.delimiter, strict=True
    )
    try:
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise SpecError(f"{file}: line {reader.line_num}: {error}; mend it") from None
    if spec.header:
        return _Grid(header=list(spec.header), lines=lines)
    if not lines:
        raise SpecError(f"{file}: the file is empty; it needs a header and rows")
    header = [cell.strip() for cell in lines[0][1]]
    return _Grid(header=header, lines=lines[1:])


def _parquet(file: Path) -> _Grid:
    import pyarrow
    from pyarrow import parquet

    try:
        data = parquet.read_table(file)
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SpecError(f"{file}: is not a Parquet file ({reason})") from None
    columns = [column.to_pylist() for column in data.columns]
    lines = [
        (i, ["" if cell is None else str(cell) for cell in cells])
        for i, cells in enumerate(zip(*columns, strict=True), start=1)
    ]
    return _Grid(header=list(data.column_names), lines=lines)


class _Rows:
    """Turns the cells of one file into rows, and collects what is wrong with them."""

    def __init__(self, spec: TableSpec, file: Path, grid: _Grid) -> None:
        self._spec, self._file, self._grid = spec, file, grid
        self._problems: list[str] = []
        self._check_header()

    def read(self) -> tuple[Row, ...]:
        rows = [self._row(line, cells) for line, cells in self._lines()]
        if not self._problems:
            self._check_specimens(rows)
        if self._problems:
            shown, n = self._problems[:_SHOWN], len(self._problems)
            more = f"; and {n - _SHOWN} more" if n > _SHOWN else ""
            raise SpecError(f"{self._file}: " + "; ".join(shown) + more)
        return tuple(rows)

    def _check_header(self) -> None:
        header = self._grid.header
        twice = {name for name in header if header.count(name) > 1}
        if twice:
            raise SpecError(
                f"{self._file}: line 1: column {min(twice)!r} stands twice in the "
                "header; rename one"
            )
        problems = [
            f"{field}: column {column!r} is not in the header{self._remedy(column)}"
            for field, column in self._spec.columns.items()
            if column not in header
        ]
        if problems:
            raise SpecError(f"{self._file}: " + "; ".join(problems))

    def _remedy(self, column: str) -> str:
        header = self._grid.header
        for literal in (f"b'{column}'", f'b"{column}"'):
            if literal in header:
                return (
                    f", but {literal} is, a Python bytes literal that was written by "
                    "mistake; rename it in the file, or name it so in the document"
                )
        if len(header) == 1:
            for other in ";\t|":
                if other in header[0]:
                    return (
                        f"; the file seems to be separated by {other!r}: set delimiter"
                    )
        near = difflib.get_close_matches(column, header, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"; there are {', '.join(header)}{hint}"

    def _lines(self) -> Iterator[tuple[int, dict[str, str]]]:
        header, first = self._grid.header, dict[tuple[str, ...], int]()
        for line, cells in self._grid.lines:
            if len(cells) != len(header):
                self._problems.append(
                    f"line {line}: {len(cells)} cells under {len(header)} columns; "
                    "mend the line"
                )
                continue
            key = tuple(cells)
            if key in first and self._spec.duplicates != "keep":
                self._duplicate(line, first[key])
                continue
            first.setdefault(key, line)
            yield line, {k: v.strip() for k, v in zip(header, cells, strict=True)}

    def _duplicate(self, line: int, first: int) -> None:
        if self._spec.duplicates == "refuse":
            self._problems.append(
                f"line {line}: repeats line {first} in every column; remove it, or "
                "set duplicates to 'keep' (two specimens) or 'drop' (a copy)"
            )

    def _row(self, line: int, cells: dict[str, str]) -> Row:
        spec = self._spec
        design: Design = {}
        for name, parameter in spec.parameters.items():
            text = cells[parameter.column]
            if parameter.type == "text":
                design[name] = self._text(line, parameter.column, text)
            else:
                design[name] = self._number(line, parameter.column, text)
        values = {
            name: self._number(line, observable.column, cells[observable.column])
            for name, observable in spec.observables.items()
            if cells[observable.column] not in spec.missing
        }
        batch = cells[spec.batch] if spec.batch is not None else None
        return Row(
            line=line,
            specimen=self._specimen(line, cells),
            batch=None if batch in spec.missing else batch,
            design=design,
            end=self._end(line, cells),
            values=values,
        )

    def _specimen(self, line: int, cells: dict[str, str]) -> str:
        column = self._spec.specimen
        return (
            f"row{line}" if column is None else self._text(line, column, cells[column])
        )

    def _end(self, line: int, cells: dict[str, str]) -> float | None:
        if self._spec.age is None:
            return None
        column = self._spec.age.end
        end = self._number(line, column, cells[column])
        if end <= 0:
            self._problems.append(
                f"line {line}: column {column!r}: {cells[column]!r}: an age at the end "
                "is above 0; correct it or remove the row"
            )
        return end

    def _text(self, line: int, column: str, text: str) -> str:
        if text in self._spec.missing:
            self._problems.append(
                f"line {line}: column {column!r}: {text!r}: is missing; fill it in or "
                "remove the row"
            )
        return text

    def _number(self, line: int, column: str, text: str) -> float:
        try:
            value = math.nan if "_" in text else float(text)
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return value
        comma = ", with a point for the decimals" if "," in text else ""
        self._problems.append(
            f"line {line}: column {column!r}: {text!r} is not a finite number; correct "
            f"it{comma} or remove the row"
        )
        return 1.0

    def _check_specimens(self, rows: Sequence[Row]) -> None:
        first: dict[str, int] = {}
        for row in rows:
            if row.specimen in first:
                self._problems.append(
                    f"line {row.line}: column {self._spec.specimen!r}: "
                    f"{row.specimen!r} is also the specimen of line "
                    f"{first[row.specimen]}; one row is one specimen"
                )
            first.setdefault(row.specimen, row.line)
