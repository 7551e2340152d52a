"""CSV and Parquet files: a header and rows of cells; nothing is guessed."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigloop.contracts import ResultError, SpecError

_BYTES = re.compile(r"""^b(['"])(.*)\1$""")
_SHOWN = 5
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_SPECIAL = re.compile(r'[,"\r\n]')
_QUOTED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The cells of a file as text; an empty text is a missing value.

    Attributes:
        rows: number as a spreadsheet shows it (the header is row 1) and cells.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_sheet(path: Path) -> Sheet:
    """Read a CSV or Parquet file.

    Raises:
        SpecError: it is missing or of another kind.
        ResultError: one line with the rows that are wrong.
    """
    if not path.is_file():
        raise SpecError(f"{path}: no such file; check the path")
    _kind(path)
    return sheet_of(path.name, path.read_bytes())


def sheet_of(name: str, content: bytes) -> Sheet:
    """Read the content of a CSV or Parquet file; its name says which.

    Raises:
        SpecError: it is of another kind.
        ResultError: one line with the rows that are wrong.
    """
    is_csv = _kind(Path(name)) == ".csv"
    header, rows = _csv(name, content) if is_csv else _parquet(name, content)
    sheet = Sheet(name=name, header=tuple(header), rows=tuple(rows))
    _check_header(sheet)
    if not sheet.rows:
        raise ResultError(f"{sheet.name}: there are no rows below the header")
    _check_widths(sheet)
    _check_distinct(sheet)
    return sheet


def write_sheet(
    path: Path, columns: Sequence[str], rows: Sequence[dict[str, Any]]
) -> None:
    """Write rows; floats keep all their digits.

    Raises:
        SpecError: the suffix is neither, or the file cannot be written.
    """
    content = sheet_bytes(_kind(path), columns, rows)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SpecError(f"{path}: cannot be written ({error.strerror})") from None


def sheet_bytes(
    kind: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]
) -> bytes:
    """The content of a `.csv` or `.parquet` file with these rows.

    A text in a CSV file that a spreadsheet would take for a formula gets an apostrophe
    in front, which reading takes away again.
    """
    if kind == ".csv":
        lines = [columns, *([row.get(name) for name in columns] for row in rows)]
        text = "".join(",".join(map(_cell, line)) + "\n" for line in lines)
        return text.encode()
    import pyarrow as pa
    from pyarrow import parquet

    table = {name: [row.get(name) for row in rows] for name in columns}
    sink = io.BytesIO()
    parquet.write_table(pa.table(table), sink)
    return sink.getvalue()


def _cell(value: Any) -> str:
    """Text of a cell; unlike `csv`, it quotes a lone carriage return too."""
    text = "" if value is None else str(value)
    if isinstance(value, str) and _FORMULA.match(text):
        text = f"'{text}"
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _SPECIAL.search(text) else text


def _meant(cell: str) -> str:
    return cell[1:] if _QUOTED.match(cell) else cell


def _kind(path: Path) -> str:
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise SpecError(f"{path}: write FILE.csv or FILE.parquet")
    return path.suffix.lower()


def _csv(
    name: str, content: bytes
) -> tuple[list[str], list[tuple[int, tuple[str, ...]]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ResultError(
            f"{name}: byte {error.start} is not UTF-8; save the file as UTF-8"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(n, cells) for n, cells in enumerate(reader, start=1) if any(cells)]
    except csv.Error as error:
        raise ResultError(
            f"{name}: line {reader.line_num} is not CSV ({error}); check quotes"
        ) from None
    if not lines:
        raise ResultError(f"{name}: the file is empty")
    rows = [(n, tuple(_meant(cell.strip()) for cell in c)) for n, c in lines[1:]]
    return [cell.strip() for cell in lines[0][1]], rows


def _parquet(
    name: str, content: bytes
) -> tuple[list[str], list[tuple[int, tuple[str, ...]]]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        line = str(error).splitlines()[0]
        raise ResultError(f"{name}: not a Parquet file ({line})") from None
    columns = [column.to_pylist() for column in table.columns]
    rows = [
        (n, tuple("" if cell is None else str(cell) for cell in cells))
        for n, cells in enumerate(zip(*columns, strict=True), start=2)
    ]
    return list(table.column_names), rows


def _check_header(sheet: Sheet) -> None:
    for name in sheet.header:
        if match := _BYTES.match(name):
            raise ResultError(
                f"{sheet.name}: header {name} is a bytes literal; write {match[2]}"
            )
    twice = [name for name, n in Counter(sheet.header).items() if n > 1]
    if twice:
        raise ResultError(f"{sheet.name}: column {twice[0]!r} stands twice; remove one")
    if len(sheet.header) == 1 and ";" in sheet.header[0]:
        raise ResultError(
            f"{sheet.name}: cells are separated by semicolons; save it with commas"
        )


def _check_widths(sheet: Sheet) -> None:
    width = len(sheet.header)
    ragged = [(n, len(cells)) for n, cells in sheet.rows if len(cells) != width]
    if ragged:
        shown = ", ".join(f"row {n} has {k}" for n, k in ragged[:_SHOWN])
        raise ResultError(
            f"{sheet.name}: the header has {width} cells, but {shown}"
            f"{rest(len(ragged))}; complete the rows"
        )


def _check_distinct(sheet: Sheet) -> None:
    first: dict[tuple[str, ...], int] = {}
    twice = [
        (first[cells], n) for n, cells in sheet.rows if first.setdefault(cells, n) != n
    ]
    if twice:
        shown = ", ".join(f"{a} and {b}" for a, b in twice[:_SHOWN])
        raise ResultError(
            f"{sheet.name}: rows {shown} agree in every column{rest(len(twice))}; "
            "remove the copies, or give replicates a specimen to tell them apart"
        )


def rest(n: int) -> str:
    """How many are not shown."""
    return f" and {n - _SHOWN} more" if n > _SHOWN else ""
