"""Model versions in a line each."""

from __future__ import annotations

from typing import Any

from bigloop.contracts import ModelVersion, significant

_SCHEME = "leave one specimen out"
_LEVEL = 0.9


def version_row(version: ModelVersion) -> tuple[str, ...]:
    """Id, model, standing, rows, labels, held-out error and coverage with their n."""
    whose = f"{version.model} of {version.source}" if version.source else version.model
    n = int(version.metrics.get("specimen_out_n", 0))
    error = version.metrics.get("specimen_out_mape_percent")
    shown = f"{significant(error)} % (n = {n})" if error is not None else "too few"
    if (score := version.metrics.get("held_out_log_score")) is not None:
        held = int(version.metrics["held_out_n"])
        shown = f"log score {significant(score)} (n = {held})"
    labelled = version.metrics.get("n_labelled")
    return (
        version.id[:12],
        whose,
        version.status,
        str(version.n_rows),
        "?" if labelled is None else f"{labelled:.0f}",
        shown,
        _coverage(version),
    )


def without_weights(version: ModelVersion) -> dict[str, Any]:
    """The version as JSON, without the file of its weights."""
    return version.model_dump(mode="json", exclude={"artifact"})


def _coverage(version: ModelVersion) -> str:
    if version.source:
        return _of_runs(version)
    for entry in version.calibration:
        key = (entry.get("scheme"), entry.get("group"), entry.get("level"))
        if key == (_SCHEME, "all", _LEVEL):
            low, high = 100 * entry["low"], 100 * entry["high"]
            return (
                f"{100 * entry['coverage']:.0f} % of nominal 90 % "
                f"({low:.0f} to {high:.0f})"
            )
    return "too few"


def _of_runs(version: ModelVersion) -> str:
    """The least coverage among the properties of a source's model."""
    found = [e for e in version.calibration if e.get("level") == _LEVEL]
    if not found:
        return "too few"
    worst = min(found, key=lambda e: e["coverage"])
    name = worst["scheme"].rpartition(": ")[2]
    return f"{100 * worst['coverage']:.0f} % of nominal 90 % or more ({name} least)"
