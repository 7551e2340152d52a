"""Maps of what was tried: designs and early observables in two dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bigloop.contracts import Campaign, Design, Key, Observation, Parameter, key_of
from bigloop.dashboard.fronts import decisive

LEAST = 5
"""Points below which a map shows nothing."""
LEAST_UMAP = 12
NEIGHBOURS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One design with what is known of it.

    Attributes:
        features: coordinates in the unit cube, then early observables, where all have.
        means: at the target fidelity, of each observable that decides and was measured.
        n: results in each mean.
        sources: that measured it.
        trials: that did.
    """

    design: Design
    features: tuple[float, ...]
    means: dict[str, float]
    n: dict[str, int]
    sources: tuple[str, ...]
    trials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """Points in two dimensions.

    Attributes:
        explained: of PCA, the share of variance of both axes; none for UMAP.
        early: early observables that take part beside the design.
    """

    method: str
    points: tuple[tuple[float, float], ...]
    explained: tuple[float, float] | None
    early: tuple[str, ...]


def places(
    spec: Campaign, observations: Iterable[Observation]
) -> tuple[list[Place], tuple[str, ...]]:
    """Every measured design, and which early observables take part.

    Early observables take part when every design has them; else a design without would
    need an invented value, and the map is of the designs alone.
    """
    groups: dict[Key, list[Observation]] = {}
    for o in observations:
        if o.solicited:
            groups.setdefault(key_of(o.design), []).append(o)
    wanted = spec.predictor.early if spec.predictor else ()
    early = tuple(
        name
        for name in wanted
        if groups and all(any(o.observable == name for o in g) for g in groups.values())
    )
    found = [_place(spec, group, early) for group in groups.values()]
    return found, early


def _place(spec: Campaign, group: Sequence[Observation], early: Sequence[str]) -> Place:
    measured = {
        name: seen for name in decisive(spec) if (seen := _at_target(spec, group, name))
    }
    features = [
        c
        for name, parameter in spec.parameters.items()
        for c in coordinates(parameter, group[0].design[name])
    ]
    for name in early:
        seen = [o.value for o in group if o.observable == name]
        features.append(sum(seen) / len(seen))
    return Place(
        design=group[0].design,
        features=tuple(features),
        means={name: sum(seen) / len(seen) for name, seen in measured.items()},
        n={name: len(seen) for name, seen in measured.items()},
        sources=tuple(dict.fromkeys(o.source for o in group)),
        trials=tuple(dict.fromkeys(o.trial for o in group if o.trial)),
    )


def _at_target(spec: Campaign, group: Sequence[Observation], name: str) -> list[float]:
    """What the target measured of an observable; censored results do not count."""
    return [
        o.value
        for o in group
        if o.source == spec.objective.source and o.observable == name and not o.censored
    ]


def coordinates(parameter: Parameter, value: float | str) -> list[float]:
    """One parameter in the unit cube; a choice takes a column for every value."""
    if parameter.choices:
        return [0.5**0.5 * (value == choice) for choice in parameter.choices]
    low, high = parameter.low or 0.0, parameter.high or 1.0
    if parameter.log:
        return [math.log(float(value) / low) / math.log(high / low)]
    return [(float(value) - low) / (high - low)]


def pca(found: Sequence[Place], early: tuple[str, ...] = ()) -> Map | None:
    """The two directions of largest variance of the standardised features.

    The sign of an axis is chosen so that its largest loading is positive.
    """
    import numpy as np

    if len(found) < LEAST:
        return None
    data = _standardised(found)
    _, size, axes = np.linalg.svd(data, full_matrices=False)
    axes = axes[:2]
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    points = data @ (axes * signs[:, None]).T
    if points.shape[1] < 2:
        points = np.column_stack([points, np.zeros(len(points))])
    shares = [*(size**2 / (size**2).sum()), 0.0]
    return Map(
        method="PCA",
        points=tuple((float(x), float(y)) for x, y in points),
        explained=(float(shares[0]), float(shares[1])),
        early=early,
    )


def embedded(data: Any, neighbours: int, seed: int) -> list[tuple[float, float]]:
    """UMAP [McInnes2018]_ of `n x d` numbers; seconds to minutes.

    .. [McInnes2018] L. McInnes, J. Healy, J. Melville, arXiv:1802.03426 (2018).
    """
    import warnings

    with warnings.catch_warnings():
        # Of umap: that a seed allows one thread only, which is what is wanted.
        warnings.simplefilter("ignore")
        from umap import UMAP

        points = UMAP(n_neighbors=neighbours, random_state=seed).fit_transform(data)
    return [(float(x), float(y)) for x, y in points]


def umap(
    found: Sequence[Place],
    early: tuple[str, ...],
    seed: int,
    embed: Callable[[Any, int, int], Sequence[tuple[float, float]]] = embedded,
) -> Map | None:
    """The UMAP map of the standardised features.

    Args:
        found: the designs.
        early: observables that take part beside the design.
        seed: the same gives the same map.
        embed: what computes it.
    """
    if len(found) < LEAST_UMAP:
        return None
    neighbours = min(NEIGHBOURS, len(found) - 1)
    points = embed(_standardised(found), neighbours, seed)
    return Map(method="UMAP", points=tuple(points), explained=None, early=early)


def _standardised(found: Sequence[Place]) -> Any:
    import numpy as np

    data = np.array([place.features for place in found])
    spread = data.std(axis=0)
    return (data - data.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
