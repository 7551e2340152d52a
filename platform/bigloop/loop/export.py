"""What a campaign holds, as rows of a sheet; a unit stands beside every value."""

from __future__ import annotations

from typing import Any

from bigloop.contracts import Campaign, SpecError, Trial, canonical_json
from bigloop.db import Store

Rows = tuple[list[str], list[dict[str, Any]]]


def rows_of(store: Store, campaign: str, what: str) -> Rows:
    """Columns and rows of `observations`, `trials` or `events`.

    Raises:
        SpecError: another word.
    """
    kinds = {"observations": _observations, "trials": _trials, "events": _events}
    if what not in kinds:
        raise SpecError(f"what {what!r}: write one of {', '.join(kinds)}")
    return kinds[what](store, store.campaign(campaign))


def headed(name: str, unit: str) -> str:
    """A column's header: the name, and the unit where there is one.

    Examples:
        >>> headed("C1", "1/hour"), headed("Q1", "")
        ('C1 [1/hour]', 'Q1')
    """
    return f"{name} [{unit}]" if unit else name


def _observations(store: Store, spec: Campaign) -> Rows:
    parameters = {name: headed(name, unit) for name, unit in spec.units.items()}
    columns = ["source", *parameters.values(), "specimen", "batch", "observable"]
    columns += ["value", "unit", "sd", "age", "censored"]
    columns += ["trial", "solicited", "recorded_at"]
    rows = [
        {
            **o.model_dump(mode="json", include=set(columns)),
            **{parameters[name]: value for name, value in o.design.items()},
        }
        for o in store.observations(spec.name)
    ]
    return columns, rows


def _trials(store: Store, spec: Campaign) -> Rows:
    fixed = ["trial", "number", "state", "source"]
    columns = [*fixed, *(headed(name, unit) for name, unit in spec.units.items())]
    columns += ["specimen", "from_age", "until_age", "age_unit"]
    columns += [f"{kind} [{c}]" for kind in ("reserved", "spent") for c in spec.budget]
    columns += ["failure", "reason", "because", "decided_by", "replaces"]
    columns += ["model_version", "score", "created_at"]
    return columns, [_trial(spec, trial) for trial in store.trials(spec.name)]


def _trial(spec: Campaign, trial: Trial) -> dict[str, Any]:
    proposal, decision = trial.proposal, trial.decision
    row: dict[str, Any] = {
        "trial": trial.id,
        "number": proposal.number,
        "state": str(trial.state),
        "source": proposal.source,
        "specimen": proposal.specimen,
        "from_age": proposal.from_age,
        "until_age": proposal.until_age,
        "age_unit": spec.sources[proposal.source].age_unit,
        "failure": trial.outcome.failure if trial.outcome else None,
        "reason": trial.reason,
        "because": trial.because and str(trial.because),
        "decided_by": decision.agent if decision else None,
        "replaces": proposal.replaces,
        "model_version": decision.model_version if decision else None,
        "score": decision.score if decision else None,
        "created_at": trial.created_at.isoformat(),
    }
    for name, value in proposal.design.items():
        row[headed(name, spec.units[name])] = value
    for currency in spec.budget:
        row[f"reserved [{currency}]"] = trial.reserved.get(currency, 0.0)
        row[f"spent [{currency}]"] = trial.spent.get(currency, 0.0)
    return row


def _events(store: Store, spec: Campaign) -> Rows:
    columns = ["seq", "at", "kind", "campaign", "actor", "subject", "data"]
    columns += ["previous", "hash"]
    rows = []
    for event in store.every_event(spec.name):
        row = event.model_dump(mode="json")
        rows.append({**row, "data": canonical_json(row["data"])})
    return columns, rows
