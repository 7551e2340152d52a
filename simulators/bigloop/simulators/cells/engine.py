"""PyBaMM, imported when it is needed, silent and without telemetry."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def engine() -> Any:
    """The module `pybamm`; its import takes a second and asks nothing.

    On its first import PyBaMM asks for consent on the terminal and writes a file into
    the user's home, unless this variable says no.
    """
    os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"
    import pybamm

    # Somebody may have imported it before, without the variable.
    pybamm.telemetry.disable()
    return pybamm


@contextmanager
def silence() -> Iterator[None]:
    """No log lines and warnings: what they say is checked on the results instead."""
    logger = engine().logger
    level = logger.level
    logger.setLevel("CRITICAL")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
