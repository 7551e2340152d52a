"""A Bayesian state-space model of interphases over their lives.

Names are found here without torch being imported before one is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigloop.models.interphase.fitting import Recipe, Step, Watch
    from bigloop.models.interphase.forecast import Forecast
    from bigloop.models.interphase.layout import Channel, Layout
    from bigloop.models.interphase.model import InterphaseRNN
    from bigloop.models.interphase.network import Sizes
    from bigloop.models.interphase.predictor import InterphasePredictor
    from bigloop.models.interphase.records import History, Reading, Records
    from bigloop.models.interphase.surrogate import InterphaseSurrogate
    from bigloop.models.interphase.table import Table, read_table

_HOMES = {
    "Channel": "layout",
    "Forecast": "forecast",
    "History": "records",
    "InterphasePredictor": "predictor",
    "InterphaseRNN": "model",
    "InterphaseSurrogate": "surrogate",
    "Layout": "layout",
    "Reading": "records",
    "Recipe": "fitting",
    "Records": "records",
    "Sizes": "network",
    "Step": "fitting",
    "Table": "table",
    "Watch": "fitting",
    "read_table": "table",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "Channel",
    "Forecast",
    "History",
    "InterphasePredictor",
    "InterphaseRNN",
    "InterphaseSurrogate",
    "Layout",
    "Reading",
    "Recipe",
    "Records",
    "Sizes",
    "Step",
    "Table",
    "Watch",
    "read_table",
]
