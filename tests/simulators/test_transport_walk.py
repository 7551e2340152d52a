"""Random walks against the finite volumes, pytrax, and their own premise."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from bigloop.contracts import SpecError
from bigloop.simulators.transport import tortuosity, walk


def blobs(shape: tuple[int, ...], part: float, seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).standard_normal(shape)
    field = ndimage.gaussian_filter(noise, 1.5, mode="wrap")
    found: NDArray[np.uint8] = (field < np.quantile(field, part)).astype(np.uint8)
    return found


@pytest.mark.parametrize("shape", [(24, 24), (12, 12, 12)])
def test_free_space_has_tortuosity_one(shape: tuple[int, ...]) -> None:
    found = [walk(np.ones(shape, dtype=int), 1, seed=seed) for seed in range(8)]
    # One walk in two hundred is taken for not stationary.
    good = [w for w in found if w.stationary]
    assert len(good) >= 7
    z = [(1 / w.tortuosity - 1) * w.tortuosity**2 / w.sd for w in good]
    assert stats.kstest(z, "norm").pvalue > 0.001
    assert all(0.01 < w.sd < 0.06 for w in good)


def test_agrees_with_the_finite_volumes() -> None:
    z = []
    for seed in range(10):
        image = blobs((30, 20) if seed < 6 else (14, 12, 12), 0.7, seed)
        exact, found = tortuosity(image, 1, axis=1), walk(image, 1, axis=1, seed=seed)
        assert found.reason == ""
        z.append((1 / found.tortuosity - 1 / exact.tortuosity) / found.sd)
        z[-1] *= found.tortuosity**2
        assert found.conductivity == pytest.approx(exact.conductivity, rel=0.3)
    assert stats.kstest(z, "norm").pvalue > 0.001


def test_agrees_with_pytrax() -> None:
    image = blobs((16, 16), 0.7, 1)
    ours = walk(image, 1, seed=1)
    np.random.seed(5)
    expected = np.random.random()
    np.random.seed(5)
    theirs = walk(image, 1, seed=1, engine="pytrax", walkers=400)
    assert np.random.random() == expected
    again = walk(image, 1, seed=1, engine="pytrax", walkers=400)
    assert theirs == again
    difference = 1 / ours.tortuosity - 1 / theirs.tortuosity
    spread = math.hypot(ours.sd / ours.tortuosity**2, theirs.sd / theirs.tortuosity**2)
    assert abs(difference) < 4 * spread


def test_the_same_seed_gives_the_same_bits() -> None:
    image = blobs((20, 20), 0.7, 1)
    quick = partial(walk, image, 1, walkers=100)
    assert quick(seed=3) == quick(seed=3)
    assert quick(seed=3).tortuosity != quick(seed=4).tortuosity


def test_a_walk_that_is_too_short_has_no_number() -> None:
    """In a labyrinth, walkers run freely at first: the slope must be seen to fall."""
    image = np.ones((60, 60), dtype=int)
    image[5::10, :55] = 0
    image[::10, 5:] = 0
    short = walk(image, 1, walkers=4000, steps=6400)
    assert not short.stationary
    assert math.isnan(short.tortuosity)
    assert "not stationary" in short.reason
    few = walk(image, 1, walkers=20, steps=640_000)
    assert math.isnan(few.tortuosity) or few.sd > 0.1 * few.tortuosity


def test_what_does_not_percolate_is_found_without_walking() -> None:
    image = np.zeros((20, 20), dtype=int)
    image[:15] = 1
    found = walk(image, 1)
    assert (found.tortuosity, found.conductivity) == (math.inf, 0.0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"walkers": 3}, "walkers: 3"),
        ({"steps": 10}, "steps: 10"),
        ({"engine": "legs"}, "compiled, pytrax"),
        ({"axis": 5}, "axis: 5"),
        ({"phase": 4}, "no cell of it"),
        ({"seed": -1}, "seed: -1"),
    ],
)
def test_bad_input(options: dict[str, int | str], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        walk(np.eye(30, dtype=int), **{"phase": 1, **options})  # type: ignore[arg-type]
