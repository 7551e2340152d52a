"""Designs that no other design beats in both of two observables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bigloop.contracts import Campaign, Design, Key, Observation, key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A design with the means of two observables of one source."""

    design: Design
    x: float
    y: float
    n: int
    """Results in the mean that has fewer."""


def pairs(
    observations: Iterable[Observation], source: str, x: str, y: str
) -> list[Pair]:
    """Designs of which one source measured both; no other fidelity is mixed in."""
    groups: dict[Key, dict[str, list[Observation]]] = {}
    for o in observations:
        if o.source == source and o.solicited and not o.censored:
            group = groups.setdefault(key_of(o.design), {})
            group.setdefault(o.observable, []).append(o)
    return [
        Pair(
            design=group[x][0].design,
            x=statistics.fmean(o.value for o in group[x]),
            y=statistics.fmean(o.value for o in group[y]),
            n=min(len(group[x]), len(group[y])),
        )
        for group in groups.values()
        if x in group and y in group
    ]


def front(points: Sequence[Pair], *, x_up: bool, y_up: bool) -> list[Pair]:
    """The pairs that are not dominated, in order of x.

    Args:
        points: all pairs.
        x_up: whether large x are wanted.
        y_up: whether large y are wanted.
    """
    sign_x, sign_y = (1 if up else -1 for up in (x_up, y_up))
    # Best x first, of equal ones best y first; plain tuples, for there may be many.
    places = [(-sign_x * p.x, -sign_y * p.y, n) for n, p in enumerate(points)]
    best: float | None = None
    found = []
    for _, y, n in sorted(places):
        if best is None or y < best:
            best = y
            found.append(points[n])
    return sorted(found, key=lambda p: p.x)


def choices(
    spec: Campaign, observations: Iterable[Observation]
) -> dict[str, list[str]]:
    """Sources that measured two observables or more, with these."""
    seen: dict[str, set[str]] = {}
    for o in observations:
        if o.solicited and not o.censored:
            seen.setdefault(o.source, set()).add(o.observable)
    return {
        name: [o for o in spec.observables if o in seen[name]]
        for name in spec.sources
        if len(seen.get(name, ())) > 1
    }
