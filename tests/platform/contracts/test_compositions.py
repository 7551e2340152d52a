"""Compositions: what is refused, what is said of a design, and even draws."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, ks_1samp, ks_2samp

from bigloop.contracts import Campaign, SpecError, parse
from bigloop.contracts.compositions import Composition
from bigloop.contracts.drawing import draw, sample

Array = np.ndarray[Any, np.dtype[np.float64]]
Ranges = dict[str, tuple[float, float]]
LEVEL = 1e-4
"""Of every test of uniformity; its seed is fixed, so that it never flickers."""


def spec(ranges: Ranges, *, total: float = 1.0, **changes: Any) -> dict[str, Any]:
    return {
        "name": "mixture",
        "parameters": {
            **{name: {"low": low, "high": high} for name, (low, high) in ranges.items()}
        },
        "compositions": {"solvent": {"components": list(ranges), "total": total}},
        "observables": {"y": {}},
        "objective": {"observable": "y", "source": "lab"},
        "sources": {"lab": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 1}}},
        "budget": {"EUR": 10},
        **changes,
    }


def mixture(ranges: Ranges, **changes: Any) -> Campaign:
    return parse(Campaign, spec(ranges, **changes), "mixture.yaml")


def whole(d: int) -> Ranges:
    return {f"x{i}": (0.0, 1.0) for i in range(d)}


def one_by_one(campaign: Campaign, n: int) -> Array:
    rng = random.Random(5)
    return np.array([list(sample(campaign, rng).values()) for _ in range(n)])


def at_once(campaign: Campaign, n: int) -> Array:
    return np.array([list(design.values()) for design in draw(campaign, n, 5)])


Draw = Callable[[Campaign, int], Array]
BOTH = pytest.mark.parametrize("how", [one_by_one, at_once])


@BOTH
@pytest.mark.parametrize("d", [2, 3, 5, 8])
def test_every_component_of_a_whole_simplex_is_beta_distributed(
    how: Draw, d: int
) -> None:
    points = how(mixture(whole(d)), 2000)
    assert np.abs(points.sum(axis=1) - 1).max() < 1e-9
    for column in points.T:
        assert ks_1samp(column, beta(1, d - 1).cdf).pvalue > LEVEL / d
    # Of the marginals alone, a wrong dependence could not be told: the largest one.
    exact = np.random.default_rng(1).dirichlet(np.ones(d), size=20_000).max(axis=1)
    assert ks_2samp(points.max(axis=1), exact).pvalue > LEVEL


NARROW: dict[str, Ranges] = {
    "bounds": {"a": (0.1, 0.5), "b": (0.0, 0.4), "c": (0.05, 1.0), "d": (0.0, 0.2)},
    "mixed": {"a": (0, 1), "b": (0, 1), "c": (0, 0.01), "d": (0.1, 0.1001)},
    "alike": {f"x{i}": (0.995 / 8, 1.005 / 8) for i in range(8)},
}


@BOTH
@pytest.mark.parametrize("case", NARROW)
def test_narrow_bounds_are_kept_and_filled_evenly(how: Draw, case: str) -> None:
    ranges = NARROW[case]
    low, high = np.array(list(ranges.values()), dtype=float).T
    points = how(mixture(ranges), 2000)
    assert (points >= low).all()
    assert (points <= high).all()
    assert np.abs(points.sum(axis=1) - 1).max() < 1e-9
    # Exactly even: all but the widest drawn from their ranges, the rest is the widest.
    rng = np.random.default_rng(2)
    exact = low + (high - low) * rng.random((400_000, len(low)))
    widest = int((high - low).argmax())
    exact[:, widest] += 1 - exact.sum(axis=1)
    fits = (exact[:, widest] >= low[widest]) & (exact[:, widest] <= high[widest])
    for column, other in zip(points.T, exact[fits].T, strict=True):
        assert ks_2samp(column, other).pvalue > LEVEL / len(low)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(1e-3, 1)), min_size=2, max_size=8),
    st.floats(0.01, 0.99),
    st.integers(0, 9),
)
def test_any_composition_with_room_is_drawn(
    pairs: list[tuple[float, float]], share: float, seed: int
) -> None:
    ranges = {f"x{i}": (low, low + width) for i, (low, width) in enumerate(pairs)}
    least, most = (math.fsum(pair[k] for pair in ranges.values()) for k in (0, 1))
    total = least + share * (most - least)
    campaign = mixture(ranges, total=total)
    for design in (sample(campaign, random.Random(seed)), *draw(campaign, 3, seed)):
        assert campaign.why_infeasible(design) is None
        assert math.fsum(map(float, design.values())) == pytest.approx(total, abs=1e-9)


def test_the_same_seed_draws_the_same() -> None:
    campaign = mixture(whole(4))
    assert draw(campaign, 5, 1) == draw(campaign, 5, 1) != draw(campaign, 5, 2)


def test_a_design_is_told_what_is_missing() -> None:
    campaign = mixture(whole(3))
    assert campaign.degrees_of_freedom == 2
    assert campaign.is_feasible({"x0": 0.3, "x1": 0.3, "x2": 0.4})
    assert campaign.is_feasible({"x0": 0.333333, "x1": 0.333333, "x2": 0.333333})
    assert campaign.why_infeasible({"x0": 0.3, "x1": 0.3, "x2": 0.3}) == (
        "x0 + x1 + x2 is 0.9, not 1: 0.1 is missing"
    )
    assert campaign.why_infeasible({"x0": 0.5, "x1": 0.3, "x2": 0.3}) == (
        "x0 + x1 + x2 is 1.1, not 1: 0.1 is too much"
    )


def test_a_tolerance_forgives_rounding_by_hand() -> None:
    parts = ("a", "b", "c")
    strict = Composition(components=parts, total=100, unit="percent")
    loose = Composition(components=parts, total=100, unit="percent", tolerance=0.5)
    rounded: dict[str, float | str] = {"a": 33.3, "b": 33.3, "c": 33.3}
    assert "0.1 percent is missing" in str(strict.problem(rounded))
    assert loose.problem(rounded) is None


def test_rounded_components_keep_their_total() -> None:
    third = Composition(components=("a", "b", "c"))
    assert third.rounded({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, 3) == {
        "a": 0.334,
        "b": 0.333,
        "c": 0.333,
    }
    rng = random.Random(0)
    campaign = mixture(whole(6))
    for _ in range(100):
        design = sample(campaign, rng)
        shown = campaign.compositions["solvent"].rounded(design, 3)
        assert math.fsum(shown.values()) == pytest.approx(1.0, abs=1e-12)
        assert all(abs(shown[k] - float(design[k])) < 1e-3 for k in shown)


PARTS = {"low": 0.0, "high": 1.0}
BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"solvent": {"components": ["a"]}}, ["solvent", "1 named", "two or more"]),
    ({"solvent": {"components": ["a", "a"]}}, ["solvent", "'a' stands twice"]),
    ({"solvent": {"components": ["a", "q"]}}, ["solvent", "'q' is not declared"]),
    ({"solvent": {"components": ["a", "salt"]}}, ["'salt' has choices"]),
    ({"solvent": {"components": ["a", "rate"]}}, ["'rate' is on a log scale"]),
    ({"solvent": {"components": ["a", "t"]}}, ["'t' is in 'hour'", "same unit"]),
    (
        {"solvent": {"components": ["a", "b"]}, "salts": {"components": ["b", "c"]}},
        ["compositions.salts", "'b' is a component of 'solvent' too"],
    ),
    (
        {"solvent": {"components": ["a", "b"], "total": 3}},
        ["add up to 0 to 2", "the total 3 leaves nothing", "change"],
    ),
    ({"solvent": {"components": ["a", "b"], "total": 2}}, ["leaves nothing"]),
    ({"solvent": {"components": ["a", "b"], "total": 1.99999}}, ["leaves nothing"]),
    ({"solvent": {"components": ["a", "b"], "total": -1}}, ["total", "-1"]),
]


@pytest.mark.parametrize(("compositions", "words"), BAD)
def test_what_is_no_composition_is_refused_in_one_line(
    compositions: dict[str, Any], words: list[str]
) -> None:
    bad = spec(whole(2))
    bad["compositions"] = compositions
    bad["parameters"] = {
        "a": PARTS,
        "b": PARTS,
        "c": PARTS,
        "salt": {"choices": ["LiPF6", "LiFSI"]},
        "rate": {"low": 0.1, "high": 1, "log": True},
        "t": {**PARTS, "unit": "hour"},
    }
    with pytest.raises(SpecError) as told:
        parse(Campaign, bad, "mixture.yaml")
    message = str(told.value)
    assert "\n" not in message
    assert message.startswith("mixture.yaml: compositions")
    missing = [word for word in words if word not in message]
    assert not missing, message


@pytest.mark.parametrize("total", [0.001, 1.999])
def test_a_total_near_its_end_is_drawn(total: float) -> None:
    campaign = mixture(whole(2), total=total)
    for design in draw(campaign, 50, 0):
        assert campaign.why_infeasible(design) is None
