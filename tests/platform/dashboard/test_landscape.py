from __future__ import annotations

import random

import numpy as np
import pytest

from bigloop.contracts import Campaign
from bigloop.dashboard.landscape import LEAST_UMAP, Place, pca, places, umap
from bigloop.dashboard.pareto import Pair, choices, front, pairs
from bigloop.db import Store


def scattered(n: int) -> list[Place]:
    rng = random.Random(4)
    return [
        Place(
            design={"k": float(i)},
            features=(x := rng.gauss(0, 3), 2 * x + rng.gauss(0, 0.1), rng.gauss(0, 1)),
            means={},
            n={},
            sources=("quick",),
        )
        for i in range(n)
    ]


def test_pca_is_the_eigenvectors_of_the_correlations() -> None:
    found = scattered(40)
    made = pca(found)
    assert made is not None
    assert made.explained is not None
    data = np.array([p.features for p in found])
    data = (data - data.mean(0)) / data.std(0)
    values, vectors = np.linalg.eigh(np.corrcoef(data.T))
    assert made.explained[0] == pytest.approx(values[-1] / values.sum())
    first = np.array(made.points)[:, 0]
    assert np.abs(first) == pytest.approx(np.abs(data @ vectors[:, -1]))


def test_too_few_places_have_no_map() -> None:
    assert pca(scattered(4)) is None
    assert umap(scattered(LEAST_UMAP - 1), (), 0) is None


@pytest.mark.slow
def test_umap_keeps_neighbours_and_its_seed() -> None:
    found = scattered(60)
    one, two = umap(found, (), 3), umap(found, (), 3)
    assert one is not None
    assert one == two
    x, y = np.array([p.features[0] for p in found]), np.array(one.points)
    near = np.argsort(((y[:, None] - y[None]) ** 2).sum(-1), axis=1)[:, 1]
    assert np.abs(x - x[near]).mean() < 0.5 * np.abs(x - x.mean()).mean()


def test_early_observables_take_part_only_where_every_design_has_them(
    store: Store, spec: Campaign
) -> None:
    found, early = places(spec, store.observations("demo"))
    assert early == ("early",)
    assert all(len(p.features) == 3 for p in found)
    bare = [o for o in store.observations("demo") if o.observable == "life"]
    without = [o for o in store.observations("demo") if o.source == "quick"][:1]
    mixed, none = places(spec, [*bare, *without])
    assert none == ()
    assert all(len(p.features) == 2 for p in mixed)


def test_the_target_alone_colours_a_place(store: Store, spec: Campaign) -> None:
    found, _ = places(spec, store.observations("demo"))
    quick_only = [p for p in found if p.sources == ("quick",)]
    assert quick_only
    assert all(p.means == {} for p in quick_only)
    repeated = next(p for p in found if p.design == {"rate": 3.5, "soc": 0.4})
    assert repeated.n["life"] > 1


@pytest.mark.parametrize("x_up", [True, False])
@pytest.mark.parametrize("y_up", [True, False])
def test_the_front_is_what_nothing_dominates(x_up: bool, y_up: bool) -> None:
    rng = random.Random(5)
    points = [
        Pair(design={"k": i}, x=rng.choice([0.5, rng.random()]), y=rng.random(), n=1)
        for i in range(60)
    ]
    u, v = (1 if up else -1 for up in (x_up, y_up))

    def beaten(p: Pair) -> bool:
        return any(
            u * q.x >= u * p.x and v * q.y >= v * p.y and (q.x, q.y) != (p.x, p.y)
            for q in points
        )

    expected = sorted((p for p in points if not beaten(p)), key=lambda p: p.x)
    assert front(points, x_up=x_up, y_up=y_up) == expected


def test_pairs_are_of_one_source(store: Store, spec: Campaign) -> None:
    observations = store.observations("demo")
    assert choices(spec, observations) == {"full": ["early", "life"]} or choices(
        spec, observations
    ) == {"full": ["life", "early"]}
    found = pairs(observations, "full", "life", "early")
    lives = {o.value for o in observations if o.observable == "life"}
    alone = [p for p in found if p.n == 1]
    assert alone
    assert all(p.x in lives for p in alone)
