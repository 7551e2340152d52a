"""Parallel coordinates: every design as a line over parameters and what decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bigloop.contracts import Campaign
from bigloop.dashboard.fronts import decisive, is_large_wanted
from bigloop.dashboard.landscape import Place
from bigloop.dashboard.picture import Picture
from bigloop.dashboard.wording import unit_name

MOST_LINES = 500
"""Parallel coordinates of more designs cannot be read."""


def parallel(spec: Campaign, found: Sequence[Place], colour: str = "") -> Picture:
    """Every design of which the target measured all that decides.

    Args:
        spec: the campaign.
        found: the designs.
        colour: the observable that colours the lines; empty: the first objective.
    """
    names = decisive(spec)
    colour = colour or names[0]
    seen = [p for p in found if all(name in p.means for name in names)]
    sign = -1 if is_large_wanted(spec, colour) else 1
    shown = sorted(seen, key=lambda p: sign * p.means[colour])[:MOST_LINES]
    rows = [
        [*(p.design[n] for n in spec.parameters), *(p.means[n] for n in names)]
        for p in shown
    ]
    drawn = {
        "axes": _axes(spec, names),
        "rows": rows,
        "colour": len(spec.parameters) + names.index(colour),
    }
    whose = "" if spec.is_plain else f" of {colour}"
    return Picture(
        key="parallel",
        title="Parallel coordinates",
        reading=f"Each line is a design; its colour is its mean{whose} at the target. "
        "Drag along an axis to keep only the lines that pass there."
        + "".join(f" {c.text}." for c in spec.compositions.values()),
        note=_note(spec, seen, len([p for p in found if p.means])),
        is_wide=True,
        extra={"parallel": drawn} if rows else {},
    )


def _note(spec: Campaign, seen: Sequence[Place], n_any: int) -> str:
    """On how many designs it rests, and what is left out."""
    source = spec.objective.source
    if not n_any:
        return f"No result of {source} yet."
    part = n_any - len(seen)
    lack = "lacks" if part == 1 else "lack"
    left_out = f"{part} {lack} a result of {' or '.join(decisive(spec))}"
    if not seen:
        return f"No design was measured in all that decides: {left_out}."
    cut = f"; the best {MOST_LINES} are shown" if len(seen) > MOST_LINES else ""
    out = f"; {left_out} and {'is' if part == 1 else 'are'} left out" if part else ""
    return f"n = {len(seen)} designs measured by {source}{cut}{out}."


def _axes(spec: Campaign, names: Sequence[str]) -> list[dict[str, Any]]:
    """Parameters, then what decides."""
    parameters = [
        _axis(name, p.unit, list(p.choices), p.low, p.high)
        for name, p in spec.parameters.items()
    ]
    return parameters + [_axis(name, spec.observables[name].unit) for name in names]


def _axis(
    name: str,
    unit: str,
    choices: Sequence[str] = (),
    low: float | None = None,
    high: float | None = None,
) -> dict[str, Any]:
    return {
        "name": f"{name} [{unit_name(unit) or '1'}]",
        "choices": list(choices),
        "low": low,
        "high": high,
    }
