"""The two implementations agree in distribution: observables, time, and their spread.

Each comparison is a two-sample z of the means and one of the variances (with the fourth
moments measured); the threshold is that of Bonferroni over all comparisons of a test at
a false alarm in a thousand.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bigloop.simulators.sei.barriers import Barriers, box
from bigloop.simulators.sei.growth import Growth
from bigloop.simulators.sei.lattice import Lattice
from bigloop.simulators.sei.model import Event
from bigloop.simulators.sei.observables import measure
from bigloop.simulators.sei.reference import Reference

SHAPE = (10, 8)
EASY = Barriers.of(
    [
        *(0.40, 0.38, 0.44, 0.34, 0.35, 0.33, 0.45, 0.34),
        *(0.33, 0.34, 0.35, 0.41, 0.39, 0.40, 0.40),
    ]
)
STICKY = Barriers.of(
    [
        *(0.38, 0.39, 0.43, 0.30, 0.36, 0.35, 0.46, 0.36),
        *(0.36, 0.36, 0.30, 0.36, 0.34, 0.42, 0.33),
    ]
)


def _row(
    lattice: np.ndarray, time_s: float, n_events: int, counts: list[int]
) -> list[float]:
    values = [float(value[0]) for value in measure(lattice).values()]
    return [np.log(time_s), n_events, *values, *counts]


def _reference(barriers: Barriers, version: str, seed: int, events: int) -> list[float]:
    run = Reference(barriers, version, Lattice.initial(SHAPE), seed=seed)
    counts = [0] * len(Event)
    while run.n_events < events and (chosen := run.step()):
        counts[chosen.event] += 1
    return _row(run.species.astype(np.uint8), run.time_s, run.n_events, counts)


def _fast(barriers: Barriers, version: str, seed: int, events: int) -> list[float]:
    growth = Growth(barriers, version, SHAPE, seed=seed)
    end = growth.run(events=events)
    counts = list(growth.counts.values())
    return _row(end.lattice, end.time_s, end.n_events, counts)


def _z(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """`z` of the difference of the means of columns; 0 where neither varies."""
    error = np.sqrt(one.var(0, ddof=1) / len(one) + other.var(0, ddof=1) / len(other))
    difference = one.mean(0) - other.mean(0)
    constant = error < 1e-12
    assert np.abs(difference[constant]).max(initial=0) < 1e-9
    return np.asarray(np.where(constant, 0, difference / np.where(constant, 1, error)))


def _agree(barriers: Barriers, version: str, seeds: int, events: int) -> None:
    slow = np.array([_reference(barriers, version, s, events) for s in range(seeds)])
    fast = np.array([_fast(barriers, version, s, events) for s in range(8 * seeds)])
    # A count that is nearly always 0 has no normal mean: it needs 10 in the slow runs.
    enough = (np.abs(slow).sum(0) >= 10) | (fast.mean(0) * seeds >= 10)
    slow, fast = slow[:, enough], fast[:, enough]
    spread = [(x - fast.mean(0)) ** 2 for x in (slow, fast)]
    z = np.concatenate([_z(slow, fast), _z(*spread)])
    # Student's law for the smaller sample.
    limit = stats.t.isf(1e-3 / (2 * len(z)), seeds - 1)
    assert np.abs(z).max() < limit, np.round(z, 1)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("barriers", [EASY, STICKY])
def test_the_fast_kernel_agrees_with_the_textbook(
    version: str, barriers: Barriers
) -> None:
    _agree(barriers, version, seeds=30, events=100)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("number", range(5))
def test_the_fast_kernel_agrees_over_200_seeds(version: str, number: int) -> None:
    low, high = box().T
    inside = np.random.default_rng(7).uniform(low, high, (3, 15))
    sets = [EASY, STICKY, *(Barriers.of(values.tolist()) for values in inside)]
    _agree(sets[number], version, seeds=200, events=400)
