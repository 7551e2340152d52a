"""Ray at the rim: started once a process, quiet, without telemetry."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bigloop.contracts import SourceError


def connect(address: str) -> Any:
    """The ray module, connected to the cluster at `address`, or to a local one.

    Raises:
        SourceError: no cluster answers there.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        return ray
    try:
        with _ended_as_before():
            if address:
                ray.init(address=address, log_to_driver=False, logging_level="error")
            else:
                ray.init(
                    include_dashboard=False, log_to_driver=False, logging_level="error"
                )
    except Exception as error:
        where = address or "on this machine"
        raise SourceError(
            f"Ray {where} does not answer ({type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else ''}); check the address, "
            "or run with --executor in-process"
        ) from None
    return ray


@contextmanager
def _ended_as_before() -> Iterator[None]:
    """Let a SIGTERM come to whoever handled it before Ray was started.

    Ray puts a handler of its own in its place, which prints a trace and aborts.
    """
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if callable(handler) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
