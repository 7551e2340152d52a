"""Finding implementations by entry point, with an error that lists what exists."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bigloop.contracts.errors import NotFoundError, SourceError

GROUPS = ("simulators", "models", "agents", "readers")


@cache
def points(group: str) -> tuple[EntryPoint, ...]:
    """Entry points of `bigloop.<group>`.

    Read once a process: each of hundreds of packages has a file of them.
    """
    return tuple(entry_points(group=f"bigloop.{group}"))


def available(group: str) -> list[str]:
    """Names of the installed entry points of `bigloop.<group>`."""
    return sorted({point.name for point in points(group)})


def load(group: str, name: str) -> Any:
    """The object behind an entry point.

    Raises:
        NotFoundError: no such name; lists those that exist.
        SourceError: it is installed but cannot be imported.
    """
    for point in points(group):
        if point.name != name:
            continue
        try:
            return point.load()
        except Exception as error:
            raise SourceError(
                f"{group.rstrip('s')} {name!r} ({point.value}) cannot be imported: "
                f"{error}; reinstall the package that provides it"
            ) from error
    existing = available(group)
    near = difflib.get_close_matches(name, existing, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise NotFoundError(
        f"{group.rstrip('s')} {name!r} does not exist; there are "
        f"{', '.join(existing) or 'none (is bigloop installed?)'}{hint}"
    )
