"""The kernel against analytic results and against what must never change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import ndimage, stats

from bigloop.contracts import SpecError
from bigloop.simulators.sei.barriers import Barriers
from bigloop.simulators.sei.growth import End, Growth
from bigloop.simulators.sei.lattice import Lattice
from bigloop.simulators.sei.layout import ASLEEP, STATIC
from bigloop.simulators.sei.model import Event, Species
from bigloop.simulators.sei.observables import measure

NEVER = 3.0
# All 15 events happen within a thousand: every species is there at once.
EASY = Barriers.of(
    [
        *(0.40, 0.38, 0.44, 0.34, 0.35, 0.33, 0.45, 0.34),
        *(0.33, 0.34, 0.35, 0.41, 0.39, 0.40, 0.40),
    ]
)


def put(shape: tuple[int, int], sites: dict[tuple[int, int], Species]) -> Lattice:
    species = Lattice.initial(shape).species.copy()
    for site, code in sites.items():
        species[site] = code
    return Lattice.of(species)


def check_lists(growth: Growth) -> None:
    """Pairs are bonded both ways, clusters hang together, only they have owners."""
    lattice = growth.lattice()
    flat, partner = lattice.species.ravel(), lattice.partner.ravel()
    pairs = np.flatnonzero(flat == Species.PAIR)
    np.testing.assert_array_equal(partner[partner[pairs]], pairs)
    columns = lattice.species.shape[1]
    assert all(abs(i - partner[i]) in (1, columns) for i in pairs)
    is_cluster = lattice.species == Species.CLUSTER
    np.testing.assert_array_equal(lattice.owner >= 0, is_cluster)
    for owner in np.unique(lattice.owner[is_cluster]):
        assert ndimage.label(lattice.owner == owner)[1] == 1


def _only(**barriers: float) -> Barriers:
    return Barriers.of({f"e{i}": NEVER for i in range(1, 16)} | barriers)


def _first_times(
    start: Lattice, barriers: Barriers, version: str = "v1", n: int = 400
) -> list[float]:
    return [
        Growth(barriers, version, seed=seed, start=start).run(events=1).time_s
        for seed in range(n)
    ]


@pytest.mark.parametrize(
    ("sites", "barriers", "channels"),
    [
        ({(2, 2): Species.RADICAL}, {"e14": 0.4}, 4),
        ({(2, 0): Species.RADICAL}, {"e14": 0.4}, 3),
        ({(2, 2): Species.MONOMER}, {"e13": 0.4}, 4),
        ({(2, 1): Species.PAIR, (2, 2): Species.PAIR}, {"e12": 0.4}, 6),
        ({(2, 2): Species.RADICAL, (2, 3): Species.RADICAL}, {"e4": 0.4}, 2),
        ({(2, 2): Species.MONOMER, (2, 3): Species.MONOMER}, {"e5": 0.4}, 2),
        ({(1, 2): Species.INORGANIC}, {"e2": 0.4}, 3),
        ({(5, 2): Species.INORGANIC}, {"e2": 0.4}, 1),
        ({(6, 2): Species.INORGANIC}, {"e2": 0.4}, 0),
        ({(1, 2): Species.INORGANIC, (2, 2): Species.RADICAL}, {"e7": 0.4}, 1),
        ({(5, 2): Species.RADICAL, (4, 2): Species.INORGANIC}, {"e7": 0.4}, 0),
    ],
)
def test_first_passage_is_exponential(
    sites: dict[tuple[int, int], Species], barriers: dict[str, float], channels: int
) -> None:
    start = put((9, 5), sites)
    if channels == 0:
        # The other events have barriers of 3 eV: nothing within a second.
        assert Growth(_only(**barriers), start=start).run(time_s=1.0).n_events == 0
        return
    (name,) = barriers
    rate = channels * Barriers.of(barriers).rates()[int(name[1:]) - 1]
    times = _first_times(start, _only(**barriers))
    assert stats.kstest(times, "expon", args=(0, 1 / rate)).pvalue > 1e-4


def test_the_electrode_is_reduced_site_by_site() -> None:
    rate = Barriers().rates()[0]
    times = _first_times(Lattice.initial((6, 7)), Barriers(e1=0.5))
    assert stats.kstest(times, "expon", args=(0, 1 / (7 * rate))).pvalue > 1e-4


def test_a_walker_spreads_as_it_must() -> None:
    """Mean square displacement of one radical: 4 k t, on a lattice without a wall."""
    rate = Barriers(e14=0.4).rates()[13]
    duration, squares = 20 / rate, []
    for seed in range(300):
        growth = Growth(
            _only(e14=0.4), seed=seed, start=put((81, 81), {(40, 40): Species.RADICAL})
        )
        end = np.argwhere(growth.run(time_s=duration).lattice == Species.RADICAL)[0]
        squares.append(float(((end - 40) ** 2).sum()))
    error = np.std(squares, ddof=1) / math.sqrt(len(squares))
    assert abs(np.mean(squares) - 4 * rate * duration) < 4 * error


def test_escape_is_certain_and_ends_the_run() -> None:
    start = put((5, 5), {(3, 2): Species.RADICAL})
    growth = Growth(_only(e14=0.4), start=start)
    end = growth.run(time_s=1.0)
    assert growth.counts[Event.RADICAL_ESCAPES] == 1
    assert end.n_events == 1 + growth.counts[Event.RADICAL_MOVES]
    assert (end.lattice[1:-1] != Species.RADICAL).all()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nothing_left_to_do_is_exhaustion(version: str) -> None:
    species = Lattice.initial((7, 4)).species.copy()
    species[1:6] = Species.INORGANIC
    growth = Growth(version=version, start=Lattice.of(species))
    end = growth.run()
    assert end.end is End.EXHAUSTED
    assert (end.n_events, end.time_s) == (0, 0.0)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_locked_in_molecules_do_not_hold_a_run_up(version: str) -> None:
    species = Lattice.initial((8, 5)).species.copy()
    species[1:5] = Species.INORGANIC
    species[2, 2] = species[3, 2] = Species.MONOMER
    species[5:7] = Species.CLUSTER
    growth = Growth(Barriers(e5=0.9), version, start=Lattice.of(species))
    assert growth.run(events=50).end is End.EXHAUSTED
    assert growth.counts[Event.PAIR_UP] == 1


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("barriers", [Barriers(), EASY])
def test_what_must_hold_at_every_step(version: str, barriers: Barriers) -> None:
    growth = Growth(barriers, version, (14, 12), seed=5)
    before = growth.snapshot()
    for n_events in range(1, 1500):
        counts = growth.counts
        now = growth.run(events=n_events)
        if now.end is End.EXHAUSTED:
            break
        (event,) = [e for e in Event if growth.counts[e] != counts[e]]
        _check_species(event, before.lattice, now.lattice)
        assert now.time_s >= before.time_s
        assert measure(now.lattice)["in_flux"] <= 4
        check_lists(growth)
        before = now


def _check_species(event: Event, before: np.ndarray, now: np.ndarray) -> None:
    """What each event may do to the numbers of each species."""
    change = np.bincount(now.ravel(), minlength=8).astype(int) - np.bincount(
        before.ravel(), minlength=8
    )
    solvent, electrode, absorber, radical, inorganic, monomer, pair, cluster = change
    assert electrode == absorber == 0
    if "MOVES" in event.name or event is Event.CLUSTERS_MERGE:
        assert not change.any()
    elif event in (Event.REDUCE_AT_ELECTRODE, Event.REDUCE_AT_SEI):
        assert (solvent, radical) == (-1, 1)
    elif event in (Event.DEPOSIT_AT_ELECTRODE, Event.DEPOSIT_AT_SEI):
        assert (radical, inorganic) == (-1, 1)
    elif event is Event.DIMERISE:
        assert (radical, monomer, solvent) == (-2, 1, 1)
    elif "ESCAPES" in event.name:
        assert solvent == -(radical + monomer + pair + cluster) > 0
    else:
        # Li2EDC is only bonded differently.
        assert monomer + pair + cluster == 0
        assert solvent == radical == inorganic == 0


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_who_is_tried_and_who_sleeps(version: str) -> None:
    """Each mover is tried or asleep; sites know what stands and sleeps beside them."""
    growth = Growth(Barriers(), version, (20, 16), seed=6)  # a crowd
    slept = 0
    for mark in range(1000, 30_001, 1000):
        growth.run(events=mark)
        book = growth._book
        for code in (Species.RADICAL, Species.MONOMER, Species.PAIR):
            first, n = (code >> 1) * book.place.size, book.n_slots[code >> 1]
            tried = book.slots[first : first + n]
            awake = np.flatnonzero((book.sp == code) & (book.asleep == 0))
            np.testing.assert_array_equal(np.sort(tried), awake)
        assert np.isin(book.sp[book.asleep == 1], (3, 5, 6)).all()
        slept += int(book.asleep.sum())
        bits = 1 << book.sp.astype(int) & STATIC
        grid = bits + ASLEEP * book.asleep.astype(int)
        grid, near = grid.reshape(20, 18), book.near.reshape(20, 18)
        beside = np.stack([np.roll(grid, s, x) for x in (0, 1) for s in (1, -1)])
        expected = np.bitwise_or.reduce(beside & STATIC) + (beside & ~STATIC).sum(0)
        np.testing.assert_array_equal(near[1:-1, 1:-1], expected[1:-1, 1:-1])
    assert slept > 0


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_same_seed_gives_the_same_bits_in_any_chunks(version: str) -> None:
    whole = Growth(EASY, version, (20, 16), seed=3)
    end = whole.run(events=40_000)
    by_events = Growth(EASY, version, (20, 16), seed=3)
    for mark in range(0, 40_001, 333):
        by_events.run(events=mark)
    by_times = Growth(EASY, version, (20, 16), seed=3)
    for fraction in np.linspace(0, 1, 101):
        by_times.run(events=40_000, time_s=float(fraction * end.time_s))
    for other in (by_events.run(events=40_000), by_times.run(events=40_000)):
        assert (other.time_s, other.n_events) == (end.time_s, end.n_events)
        np.testing.assert_array_equal(other.lattice, end.lattice)
    differs = Growth(EASY, version, (20, 16), seed=4).run(events=40_000)
    assert differs.time_s != end.time_s


def test_a_trajectory() -> None:
    growth = Growth(EASY, seed=1, shape=(20, 16))
    shots = list(growth.trajectory(events=[0, 10, 100]))
    assert [shot.n_events for shot in shots] == [0, 10, 100]
    later = shots[-1].time_s * np.array([1.5, 2.0])
    shots = list(growth.trajectory(times_s=later.tolist()))
    assert [shot.time_s for shot in shots] == later.tolist()
    assert shots[-1].end is End.TIME


def test_a_lattice_goes_in_and_out() -> None:
    growth = Growth(EASY, seed=2, shape=(20, 16))
    growth.run(events=3000)
    lattice = growth.lattice()
    again = Growth(EASY, start=lattice).lattice()
    np.testing.assert_array_equal(again.species, lattice.species)
    np.testing.assert_array_equal(again.partner, lattice.partner)
    np.testing.assert_array_equal(again.owner, lattice.owner)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"version": "v3"}, "rules"),
        ({"shape": (0, 50)}, "rows: 0"),
        ({"shape": (50, 1)}, "columns: 1"),
        ({"shape": (50, 2.5)}, "columns: 2.5"),
        ({"shape": (5000, 5000)}, "16 million"),
        ({"seed": 1.5}, "seed"),
        ({"temperature_K": math.nan}, "temperature_K"),
    ],
)
def test_bad_options_are_refused_in_one_line(
    options: dict[str, Any], says: str
) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        Growth(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"events": -1}, "events"),
        ({"events": 1.5}, "events"),
        ({"time_s": math.nan}, "time_s"),
        ({"time_s": -1.0}, "time_s"),
    ],
)
def test_bad_limits_are_refused(limits: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        Growth(shape=(5, 5)).run(**limits)


@pytest.mark.parametrize("row", [0, 3])
def test_a_start_that_cannot_be_is_refused(row: int) -> None:
    species = Lattice.initial((7, 4)).species.copy()
    species[row, 1] = Species.PAIR
    with pytest.raises(SpecError, match="lattice"):
        Lattice.of(species)
