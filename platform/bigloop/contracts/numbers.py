"""Numbers as people type them."""

from __future__ import annotations

import math

from bigloop.contracts.errors import SpecError


def number(name: str, said: str | float) -> float:
    """A finite number.

    Raises:
        SpecError: it is none.
    """
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SpecError(f"{name} = {said!r} is not a finite number; write it like 5.0")
    return value
