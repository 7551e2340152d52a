"""Of very many dots those are drawn that can be told apart, and every extreme."""

from __future__ import annotations

import random

import pytest

from bigloop.dashboard.picture import MANY, Picture, Series, Titles
from bigloop.dashboard.thinning import corners, spread


def cloud(n: int, seed: int = 0) -> list[tuple[float, float, float]]:
    rng = random.Random(seed)
    return [(rng.gauss(0, 1), rng.gauss(0, 1), rng.random()) for _ in range(n)]


@pytest.mark.parametrize("seed", range(5))
def test_every_dot_has_a_drawn_one_beside_it_and_extremes_stay(seed: int) -> None:
    points = cloud(10_000, seed)
    kept = spread(points, MANY)
    assert len(kept) <= MANY + 6
    assert kept == sorted(set(kept))
    for axis in range(3):
        values = [p[axis] for p in points]
        drawn = [points[place][axis] for place in kept]
        assert (min(values), max(values)) == (min(drawn), max(drawn))
    side = int(MANY**0.5)
    x, y = (max(p[a] for p in points) - min(p[a] for p in points) for a in (0, 1))
    for p in points[::97]:
        near = [
            points[k]
            for k in kept
            if abs(points[k][0] - p[0]) <= x / side
            and abs(points[k][1] - p[1]) <= y / side
        ]
        assert near


def test_dots_on_a_line_are_spread_along_it() -> None:
    kept = spread([(float(n), 0.0) for n in range(10_000)], 1000)
    assert len(kept) == 251
    assert (kept[0], kept[-1]) == (0, 9999)


def test_stairs_keep_their_shape() -> None:
    rng = random.Random(1)
    height, stairs = 0.0, []
    for n in range(1000):
        height += rng.random() < 0.02
        stairs.append((float(n), height))
    kept = corners(stairs)
    assert len(kept) < 100
    back = {x: [y for at, y in kept if at <= x][-1] for x, _ in stairs}
    assert back == dict(stairs)


def test_the_chart_says_how_many_are_drawn_and_titles_stay_with_their_dots() -> None:
    points = cloud(5000)
    titles = Titles(points, lambda p: f"{p[0]:.3f}")
    series = Series(kind="dots", name="n", colour="c1", points=points, titles=titles)
    picture = Picture(
        key="k", title="t", reading="r", note="n = 5000.", series=[series]
    )
    (data,) = picture.data()["series"]
    assert f"Drawn are {len(data['points']):,} of 5,000 dots" in picture.says
    for point, title in zip(data["points"], data["titles"], strict=True):
        assert title == f"{point[0]:.3f}"


def test_few_dots_are_all_drawn_with_all_digits() -> None:
    points = cloud(MANY)
    series = Series(kind="dots", name="n", colour="c1", points=points)
    picture = Picture(key="k", title="t", reading="r", note="n.", series=[series])
    assert picture.says == "n."
    assert list(picture.data()["series"][0]["points"]) == points
