"""The compiler of the kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile for one core; compiled code is kept on disk for the next process.

    Sums may be reassociated (`fastmath`, without its assumption that NaN and infinity
    do not occur), so that they are vectorised: the same machine gives the same bits.
    """
    compiled: Callable[..., Any] = numba.njit(
        cache=True,
        nogil=True,
        error_model="numpy",
        fastmath={"contract", "reassoc", "nsz", "arcp"},
    )(function)
    return compiled
