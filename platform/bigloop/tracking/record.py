"""What MLflow is told of a model version: parameters, metrics, tags. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bigloop.contracts import ModelVersion

EVENT = "bigloop.event"
MODEL = "bigloop.model_id"
CAMPAIGN = "bigloop.campaign"
STATUS = "bigloop.status"
SOURCE = "bigloop.source"
"""Whose model it is; runs of predictors do not have it."""

_LONGEST = 6000
"""MLflow's longest parameter value."""
_FORBIDDEN = re.compile(r"[^\w\-. :]")


def parameters(version: ModelVersion) -> dict[str, str]:
    """Settings, as text; what was learned is among the metrics."""
    given = {k: v for k, v in version.parameters.items() if k != "learned"}
    flat = {name: str(value)[:_LONGEST] for name, value in _flat(given)}
    return {"model": version.model, "n_rows": str(version.n_rows), **flat}


def metrics(version: ModelVersion) -> dict[str, float]:
    """Scores, learned numbers, and the coverage over all held-out specimens."""
    learned = {"learned": version.parameters.get("learned", {})}
    found = {
        name: float(value)
        for name, value in [*version.metrics.items(), *_flat(learned)]
        if isinstance(value, int | float)
    }
    for entry in version.calibration:
        if entry.get("group") == "all":
            name = f"coverage {100 * entry['level']:g} percent {entry['scheme']}"
            found[_key(name)] = float(entry["coverage"])
    return {_key(name): value for name, value in found.items()}


def tags(version: ModelVersion, event_seq: int) -> dict[str, str]:
    """By what a run is found again."""
    whose = {SOURCE: version.source} if version.source else {}
    return {
        **whose,
        EVENT: str(event_seq),
        MODEL: version.id,
        CAMPAIGN: version.campaign,
        STATUS: version.status,
        "bigloop.snapshot": version.snapshot,
    }


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield _key(prefix), value
        return
    for name, inner in value.items():
        yield from _flat(inner, f"{prefix}.{name}" if prefix else str(name))


def _key(name: str) -> str:
    """A name that MLflow takes; it would read a slash as a folder."""
    return _FORBIDDEN.sub("-", name)[:250]
