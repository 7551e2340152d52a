"""Refusals in one line, for numbers and arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError

Floats = NDArray[np.float64]


def within(field: str, value: float, low: float, high: float, unit: str = "") -> float:
    """The value, when it is a finite number from `low` to `high`.

    Raises:
        SpecError: it is not.
    """
    if isinstance(value, str) or not math.isfinite(value) or not low <= value <= high:
        said = f"give a number from {low:g} to {high:g} {unit}".rstrip()
        raise SpecError(f"{field}: {value!r}: {said}")
    return float(value)


def vector(field: str, value: Any) -> Floats:
    """Three finite numbers, not all zero.

    Raises:
        SpecError: they are not.
    """
    found = np.asarray(value, dtype=float)
    if found.shape != (3,) or not np.isfinite(found).all() or not found.any():
        raise SpecError(f"{field}: {value!r}: give three finite numbers, not all zero")
    return found


def unit(field: str, value: Any) -> Floats:
    """The vector at length one.

    Raises:
        SpecError: there is no such vector.
    """
    found = vector(field, value)
    return np.asarray(found / np.linalg.norm(found))
