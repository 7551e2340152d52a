"""The tables that come with the package."""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path

from bigloop.contracts import SpecError

DOCUMENT = "table.yaml"


def _root() -> Path:
    return Path(str(files("bigloop.simulators"))) / "data"


def packaged() -> list[str]:
    """Names of the tables in the package."""
    return sorted(path.parent.name for path in _root().glob(f"*/{DOCUMENT}"))


def locate(table: str, base: str = ".") -> Path:
    """The document of a packaged table, or a path relative to `base`.

    Raises:
        SpecError: there is neither; lists the packaged ones.
    """
    names = packaged()
    if table in names:
        return _root() / table / DOCUMENT
    path = Path(base) / table
    if path.is_file():
        return path
    near = difflib.get_close_matches(table, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SpecError(
        f"table {table!r} is neither a packaged table ({', '.join(names)}) nor a file "
        f"in {Path(base)}{hint}"
    )
