"""How good what was found is, result by result, where several observables decide."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.contracts import Campaign, Key, key_of
from bigloop.contracts.dominance import hypervolume
from bigloop.dashboard.advice import volume_unit
from bigloop.dashboard.fronts import keeps, reference, scores
from bigloop.dashboard.timeline import Result
from bigloop.dashboard.wording import unit_name

VOLUME = (
    "The line is the hypervolume of the measured means: the product of units of what "
    "the designs that no other beats dominate above the references ({references}). "
    "{kept}Nothing predicted, and no other source, is in it; it falls when a design is "
    "measured again with less."
)
KEPT = "Designs whose means break a requirement count for nothing. "


def running_worth(spec: Campaign, results: Sequence[Result]) -> list[float | None]:
    """After each result, the best mean, or the hypervolume; none while nothing counts.

    Of what keeps all requirements. The reference is that of the end, so that the whole
    line is measured alike.
    """
    history: list[dict[Key, dict[str, float]]] = []
    totals: dict[Key, list[dict[str, float]]] = {}
    means: dict[Key, dict[str, float]] = {}
    for result in results:
        key = key_of(result.design)
        totals.setdefault(key, []).append(result.values)
        rows = totals[key]
        means[key] = {k: sum(r[k] for r in rows) / len(rows) for k in rows[0]}
        history.append({k: m for k, m in means.items() if keeps(spec, m)})
    if not spec.objectives:
        return [_best(spec, found) for found in history]
    last = [scores(spec, m) for m in history[-1].values()] if history else []
    at = reference(spec, last)
    return [
        hypervolume([scores(spec, m) for m in found.values()], at)
        if at is not None and found
        else None
        for found in history
    ]


def _best(spec: Campaign, found: dict[Key, dict[str, float]]) -> float | None:
    name, sign = spec.objective.observable, spec.objective.goal == "maximize"
    values = [means[name] for means in found.values()]
    return (max(values) if sign else min(values)) if values else None


def axis_title(spec: Campaign) -> str:
    """Of the worth: the observable, or the hypervolume, with its unit."""
    if spec.objectives:
        return f"hypervolume [{volume_unit(spec) or '1'}]"
    name = spec.objective.observable
    return f"{name} [{unit_name(spec.observables[name].unit) or '1'}]"


def reading(spec: Campaign) -> str:
    """What the line of hypervolumes is, with its references."""
    units = {k: unit_name(o.unit) for k, o in spec.observables.items()}
    stated = [
        f"{g.observable} {g.reference:g} {units[g.observable]}"
        for g in spec.objectives
        if g.reference is not None
    ]
    told = ", ".join(one.rstrip() for one in stated)
    kind = "inferred from what was measured" if len(stated) < len(spec.goals) else ""
    return VOLUME.format(
        references=", ".join(part for part in (told, kind) if part),
        kept=KEPT if spec.requirements else "",
    )
