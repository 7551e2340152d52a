"""Writing to stdout: one JSON document, or text for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_EVERY_S = 10.0
"""Seconds between two lines of progress where no terminal is."""
_WIDE = 160
"""Columns where no terminal says how many there are: nothing is cut for `grep`."""


def emit(value: Any) -> None:
    """Print one JSON document; documents of ours may stand anywhere in it."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    sys.stdout.write(text + "\n")


def complain(problems: Iterable[str]) -> None:
    """Print one `error:` line to stderr for each problem."""
    for problem in problems:
        print("error:", " ".join(problem.split()), file=sys.stderr)


def note(text: str) -> None:
    """Print a line to stderr that is no error, so that stdout holds the result."""
    print(" ".join(text.split()), file=sys.stderr)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")


def console() -> Console:
    """A rich console on stdout without guessing at numbers in the text."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    width = None if is_terminal else _WIDE
    return Console(
        file=sys.stdout, width=width, highlight=False, markup=False, emoji=False
    )


def say(*lines: str) -> None:
    """Print lines as they are, unless a terminal is narrower."""
    target = console()
    for line in lines:
        target.print(line, soft_wrap=not target.is_terminal)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table without a frame; the last column takes what is left."""
    from rich.table import Table
    from rich.text import Text

    target = console()
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    target.print(shown)
