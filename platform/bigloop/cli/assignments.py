"""`NAME=VALUE[:UNIT]` as people type it."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.contracts import SpecError


def assignment(text: str) -> tuple[str, str]:
    """Name and value of `NAME=VALUE`.

    Raises:
        SpecError: it is none.
    """
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise SpecError(f"{text!r} is not NAME=VALUE; write it like C1=5.0")
    return name.strip(), value.strip()


def assignments(texts: Sequence[str]) -> dict[str, str]:
    """Values by name.

    Raises:
        SpecError: one is no `NAME=VALUE`, or a name stands twice.
    """
    found: dict[str, str] = {}
    for name, value in map(assignment, texts):
        if name in found:
            raise SpecError(f"{name} is given twice; give it once")
        found[name] = value
    return found
