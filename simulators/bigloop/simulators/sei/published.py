"""The list of events as the program of the published v1 runs keeps it, faults included.

That program does not list all events anew. After an event it drops those that involve
the sites around it and asks only the molecules there again [SEI-AL]_. Facts read in its
public source, written anew here:

- An event of a molecule further away that ended on one of those sites is dropped and
  not found again until something happens beside that molecule: events are lost.
- The whole electrode, and one site of every cluster, is asked again after every event
  without dropping what it had said: reductions at the electrode, and the uptake of
  Li2EDC by clusters, stand in the list many times and are that much faster.
- When the list is empty all is asked again, but not Li2CO3: reduction on the SEI that
  was lost stays lost, and the run ends ("finished") though it could go on.
- Only states at multiples of 100 events are stored, and the run stops by wall time.

`Growth` has none of this. Use this one only to compare with the published runs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bigloop.simulators.sei.barriers import Barriers
from bigloop.simulators.sei.growth import End, Snapshot
from bigloop.simulators.sei.lattice import Lattice
from bigloop.simulators.sei.published_asking import C, E, F, S, ask, ask_clusters
from bigloop.simulators.sei.published_steps import step, total_rate

STORED_EVERY = 100
Array = NDArray[Any]


class Book(NamedTuple):
    """State of a run; sites are `row * columns + column`, entries `4 * site + way`."""

    sp: Array
    partner: Array
    owner: Array
    around: Array
    """Neighbours, `n x 4`, -1 outside."""
    times: Array
    """How often an entry stands in the list."""
    kind: Array
    turn: Array
    """Where the second site of a pair goes."""
    act: Array
    """Entries with a count, and where each stands."""
    place: Array
    uptake: Array
    """Uptake as clusters said it, rows of cluster site, Li2EDC, event, count."""
    fresh: Array
    """Moves, merges and escapes of clusters: site, way or site, event."""
    rate: Array
    touched: Array
    touched_list: Array
    asked: Array
    """Sites to ask after an event, the electrode apart."""
    cluster_sites: Array
    work: Array
    n: Array
    """Numbers of entries, uptakes, fresh events, cluster numbers given, events, touched
    and asked sites, sites of clusters, and whether these have changed."""


def replay(barriers: Barriers, seed: int, max_events: int) -> tuple[Snapshot, Snapshot]:
    """The stored state and the last one of a run on the 50 x 50 lattice."""
    book = _new(Lattice.initial((50, 50)))
    stored = book.sp.copy()
    times = np.zeros(2)
    is_over = _run(book, barriers.rates(), seed, max_events, stored, times)
    end = End.EXHAUSTED if is_over else End.EVENTS
    n_events = int(book.n[4])
    shots = [
        Snapshot(
            lattice=sp.reshape(50, 50).astype(np.uint8), time_s=t, n_events=n, end=end
        )
        for sp, t, n in (
            (stored, float(times[0]), n_events - n_events % STORED_EVERY),
            (book.sp, float(times[1]), n_events),
        )
    ]
    return shots[0], shots[1]


def _new(lattice: Lattice) -> Book:
    rows, columns = lattice.species.shape
    n = rows * columns
    site = np.arange(n).reshape(rows, columns)
    padded = np.pad(site, 1, constant_values=-1)
    # The published order: left, down, up, right.
    sides = (padded[1:-1, :-2], padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, 2:])
    around = np.stack([side.ravel() for side in sides], axis=1)
    return Book(
        sp=lattice.species.ravel().astype(np.int64),
        partner=np.full(n, -1),
        owner=np.full(n, -1),
        around=around,
        times=np.zeros(4 * n, np.int64),
        kind=np.full(4 * n, -1),
        turn=np.full(4 * n, -1),
        act=np.zeros(4 * n, np.int64),
        place=np.full(4 * n, -1),
        uptake=np.zeros((4 * n, 4), np.int64),
        fresh=np.zeros((4 * n, 3), np.int64),
        rate=np.zeros(4 * n),
        touched=np.zeros(n, np.bool_),
        touched_list=np.zeros(n, np.int64),
        asked=np.zeros(n, np.int64),
        cluster_sites=np.zeros(n, np.int64),
        work=np.zeros((4, n), np.int64),
        n=np.zeros(9, np.int64),
    )


@njit(cache=True)
def _run(book, k, seed, max_events, stored, times):  # type: ignore[no-untyped-def]
    """Until the list stays empty; whether it does."""
    np.random.seed(seed)
    columns = book.around[0, 2]
    is_second_try = False
    while book.n[4] < max_events:
        # The electrode is asked every time, whatever it has said.
        for site in range(columns):
            ask(book, site)
        for i in range(book.n[6]):
            if book.sp[book.asked[i]] != C:
                ask(book, book.asked[i])
        ask_clusters(book, k)
        total = total_rate(book, k)
        if total == 0.0:
            if is_second_try:
                return True
            is_second_try = True
            book.n[6] = 0
            for site in range(book.sp.size):
                s = book.sp[site]
                if s != S and s != F and s != E:
                    book.asked[book.n[6]] = site
                    book.n[6] += 1
            continue
        is_second_try = False
        times[1] -= math.log(1.0 - np.random.random()) / total
        step(book, k, total)
        book.n[4] += 1
        if book.n[4] % STORED_EVERY == 0:
            stored[:] = book.sp
            times[0] = times[1]
    return False
