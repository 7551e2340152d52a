"""`NAME=VALUE[:UNIT]` as people type it."""

from __future__ import annotations

import math

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


def number(name: str, text: str) -> float:
    """A finite number.

    Raises:
        SpecError: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SpecError(f"{name} = {text!r} is not a finite number; write it like 5.0")
    return value
