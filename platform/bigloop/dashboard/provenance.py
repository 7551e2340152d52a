"""Where a report comes from: specification, versions, chain, citations."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from bigloop.contracts import content_hash
from bigloop.dashboard.study import Study

_PACKAGES = ("bigloop", "torch", "botorch", "gpytorch", "pybamm", "ray", "mlflow")


def provenance(found: Study) -> list[tuple[str, str]]:
    """Names and values, in the order in which they are read."""
    spec, champion = found.spec, found.champion
    checked = found.verified
    whole = f"verified: {checked.events} events, {checked.rows} rows replayed"
    broken = f"NOT verified: {checked.n_problems} problems"
    return [
        ("campaign", f"{spec.name}, revision {found.info.revision}"),
        ("specification (SHA-256)", content_hash(spec.model_dump(mode="json"))),
        ("seed", str(spec.seed)),
        ("agent", spec.agent),
        ("champion predictor", champion.id if champion else "none"),
        ("training data (SHA-256)", champion.snapshot if champion else "none"),
        ("audit chain", whole if checked.is_ok else broken),
        ("begun", f"{found.info.created_at:%Y-%m-%d %H:%M} UTC"),
        ("last change", f"{found.info.updated_at:%Y-%m-%d %H:%M} UTC"),
        ("Python", platform.python_version()),
        *((name, _version(name)) for name in _PACKAGES),
    ]


def citations(found: Study) -> list[str]:
    """What the results themselves cite, each once."""
    cited: dict[str, None] = {}
    for trial in found.trials:
        said = trial.outcome.provenance.get("citations", ()) if trial.outcome else ()
        for text in [said] if isinstance(said, str) else said:
            cited[str(text)] = None
    return list(cited)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
