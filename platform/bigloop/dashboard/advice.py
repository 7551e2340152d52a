"""What is recommended, or why nothing is yet, in lines."""

from __future__ import annotations

from bigloop.contracts import Campaign, Choice, Expected, Recommendation, significant
from bigloop.dashboard.fronts import MeasuredFront
from bigloop.dashboard.wording import (
    design_text,
    quantity,
    recommended_text,
    unit_name,
)

COMPROMISE = "the compromise: the largest product of what it gains above the references"


def nothing_text(spec: Campaign) -> str:
    """Why there is no recommendation yet."""
    text = f"no result of {spec.objective.source}"
    if spec.requirements:
        text += ", or none that keeps all requirements"
    return text


def advice_lines(spec: Campaign, best: Recommendation) -> list[str]:
    """What is expected of the recommended design, then the others of a front."""
    if not best.front:
        return [recommended_text(best), *_kept(best)]
    lines = [f"{COMPROMISE} ({_references(best)})"]
    for one in best.front:
        mark = "*" if one.is_compromise else " "
        lines.append(f"{mark} {design_text(spec, one.design)} (n = {one.n_target})")
        lines += [f"    {expected_text(e)}" for e in one.expected]
    n = len(best.front)
    what = "design is" if n == 1 else "designs are"
    lines.append(f"{n} {what} beaten by no other that was tried")
    if best.hypervolume is not None:
        volume = f"{significant(best.hypervolume)} {volume_unit(spec)}".rstrip()
        lines.append(f"their hypervolume above the references: {volume}")
    return lines


def _kept(best: Recommendation) -> list[str]:
    return [expected_text(e) for e in best.requirements]


def _references(best: Recommendation) -> str:
    units = {e.observable: e.unit for e in best.front[0].expected}
    return ", ".join(
        f"{name} {quantity(value, units.get(name, ''))}"
        for name, value in best.reference.items()
    )


def expected_text(e: Expected) -> str:
    """One observable: its mean with the interval, and whether its bound holds."""
    text = (
        f"{e.observable} {quantity(e.mean, e.unit)} ({significant(e.low)} to "
        f"{significant(e.high)}, {100 * e.level:.0f} %)"
    )
    if e.bound:
        text += f"; {e.bound} holds with probability {significant(e.p_holds, 2)}"
    return text


def values_text(one: Choice) -> str:
    """The objectives of a design of a front in one line."""
    return ", ".join(
        f"{e.observable} {quantity(e.mean, e.unit)}"
        for e in one.expected
        if e.role == "objective"
    )


def volume_unit(spec: Campaign) -> str:
    """The product of the units of the objectives that are not `log`."""
    observables = [spec.observables[g.observable] for g in spec.goals]
    units = [unit_name(o.unit) for o in observables if not o.log]
    return " x ".join(unit for unit in units if unit)


def front_text(spec: Campaign, found: MeasuredFront) -> str:
    """What was measured, in one line: the front, its volume, what breaks a bound."""
    if not found.n_designs:
        return f"no result of {spec.objective.source} yet"
    if not found.n_feasible:
        return f"none of {found.n_designs} measured designs keeps all requirements"
    kept = f"{found.n_feasible} of {found.n_designs} measured designs keep all"
    if not spec.objectives:
        return f"{kept} requirements"
    text = f"{len(found.points)} of {found.n_designs} measured designs not beaten"
    if spec.requirements:
        text = f"{kept} requirements, {len(found.points)} of them not beaten"
    if found.hypervolume is not None:
        unit = volume_unit(spec)
        text += f"; hypervolume {significant(found.hypervolume)} {unit}".rstrip()
    return text
