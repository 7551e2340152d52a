"""What the first page of a fresh server would wait for, read before it is asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from bigloop.contracts import BigloopError, units
from bigloop.dashboard.pages.desk import Desk
from bigloop.dashboard.pages.figures import load_templates

_AT_WORK = ("running", "paused")


def warm(desk: Desk, is_over: Callable[[], bool]) -> None:
    """Load templates and units, and read the campaigns that people look at.

    Nothing here is needed: whatever is asked for before it is ready is read then, by
    the same ways, and a store that cannot be read is told of to whoever asks.

    Args:
        desk: what the pages work on.
        is_over: whether to stop; asked between two steps.
    """
    steps: list[Callable[[], object]] = [load_templates, units.registry]
    with suppress(BigloopError):
        for info in desk.store.campaigns():
            if info.status in _AT_WORK:
                steps.append(partial(desk.store.moment, info.name))
                steps.append(partial(_read, desk, info.name))
    for step in steps:
        if is_over():
            return
        with suppress(BigloopError):
            step()


def _read(desk: Desk, campaign: str) -> None:
    desk.chronicle(campaign).timeline()
