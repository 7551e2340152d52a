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

STORED_EVERY = 100
S, E, A, P, F, O, Q, C = range(8)  # noqa: E741
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
            _ask(book, site)
        for i in range(book.n[6]):
            if book.sp[book.asked[i]] != C:
                _ask(book, book.asked[i])
        _ask_clusters(book, k)
        total = _total(book, k)
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
        _step(book, k, total)
        book.n[4] += 1
        if book.n[4] % STORED_EVERY == 0:
            stored[:] = book.sp
            times[0] = times[1]
    return False


@njit(cache=True)
def _ask(book, a):  # type: ignore[no-untyped-def]
    """Add what a site that is no cluster says."""
    s = book.sp[a]
    columns = book.around[0, 2]
    for way in range(4):
        b = book.around[a, way]
        if b < 0 or book.partner[a] == b:
            continue
        o, row, kind, turn = book.sp[b], b // columns, -1, -1
        if s == E:
            kind = 0 if o == S else (2 if o == P else -1)
        elif s == F and row <= 4:
            kind = 1 if o == S else (6 if o == P else -1)
        elif s == P:
            kind = 3 if o == P else (13 if o == S else (15 if o == A else -1))
        elif s == O:
            kind = 4 if o == O else (5 if o == Q else (12 if o == S else -1))
            kind = 18 if o == A else (7 if o == C else kind)
        elif s == Q:
            kind = 9 if o == Q else (16 if o == A else (8 if o == C else -1))
            if o == S:
                turn = _turn(book, b)
                kind = 11 if turn >= 0 else -1
        if kind >= 0:
            _add(book, 4 * a + way, kind, turn)


@njit(cache=True)
def _turn(book, b):  # type: ignore[no-untyped-def]
    """A solvent neighbour of a site, by lot; -1 without one."""
    chosen, n = -1, 0
    for way in range(4):
        c = book.around[b, way]
        if c >= 0 and book.sp[c] == S:
            n += 1
            if np.random.random() * n < 1.0:
                chosen = c
    return chosen


@njit(cache=True)
def _add(book, entry, kind, turn):  # type: ignore[no-untyped-def]
    if book.times[entry] == 0:
        book.place[entry] = book.n[0]
        book.act[book.n[0]] = entry
        book.n[0] += 1
        book.kind[entry] = kind
        book.turn[entry] = turn
    book.times[entry] += 1


@njit(cache=True)
def _drop(book, entry):  # type: ignore[no-untyped-def]
    if book.times[entry] > 0:
        book.times[entry] = 0
        book.n[0] -= 1
        last = book.act[book.n[0]]
        book.act[book.place[entry]] = last
        book.place[last] = book.place[entry]


@njit(cache=True)
def _members(book, owner, into):  # type: ignore[no-untyped-def]
    n = 0
    for site in range(book.sp.size):
        if book.owner[site] == owner:
            into[n] = site
            n += 1
    return n


@njit(cache=True)
def _ask_clusters(book, k):  # type: ignore[no-untyped-def]
    """Add what the first site of each cluster says."""
    book.n[2] = 0
    all_sites, sites = book.work[0], book.work[1]
    n_all = _list_clusters(book)
    all_sites[:n_all] = book.cluster_sites[:n_all]
    for i in range(n_all):
        if all_sites[i] < 0:
            continue
        first, n = all_sites[i], 0
        for j in range(i, n_all):
            if all_sites[j] >= 0 and book.owner[all_sites[j]] == book.owner[first]:
                sites[n] = all_sites[j]
                all_sites[j] = -1
                n += 1
        _ask_cluster(book, k, first, sites[:n])


@njit(cache=True)
def _list_clusters(book):  # type: ignore[no-untyped-def]
    if book.n[8]:
        book.n[7] = book.n[8] = 0
        for site in range(book.sp.size):
            if book.sp[site] == C:
                book.cluster_sites[book.n[7]] = site
                book.n[7] += 1
    return book.n[7]


@njit(cache=True)
def _ask_cluster(book, k, first, sites):  # type: ignore[no-untyped-def]
    n, organic, touches = len(sites), -1, 0
    begin = np.random.randint(n)
    for i in range(n):
        site = sites[(begin + i) % n]
        for way in range(4):
            b = book.around[site, way]
            if b < 0 or book.owner[b] == book.owner[first]:
                continue
            touches |= 1 << book.sp[b]
            if organic < 0 and (book.sp[b] == O or book.sp[b] == Q):
                organic = b
    if organic >= 0:
        _add_uptake(book, first, organic, 7 if book.sp[organic] == O else 8)
    elif touches >> A & 1:
        if not touches >> E & 1:
            _add_fresh(book, first, 0, 17, k[17])
    elif not touches >> F & 1:
        for way in range(4):
            _ask_way(book, k, first, sites, way)


@njit(cache=True)
def _ask_way(book, k, first, sites, way):  # type: ignore[no-untyped-def]
    is_free, other = True, -1
    for site in sites:
        b = book.around[site, way]
        if b < 0:
            return
        if book.owner[b] == book.owner[first]:
            continue
        if book.sp[b] != S:
            is_free = False
        if book.sp[b] == C and other < 0:
            other = b
    if is_free:
        _add_fresh(book, first, way, 14, k[14] * math.exp(-len(sites) / 30.0))
    if other >= 0:
        _add_fresh(book, first, other, 10, k[10])


@njit(cache=True)
def _add_fresh(book, site, other, kind, rate):  # type: ignore[no-untyped-def]
    i = book.n[2]
    book.fresh[i, 0], book.fresh[i, 1], book.fresh[i, 2] = site, other, kind
    book.rate[i] = rate
    book.n[2] += 1


@njit(cache=True)
def _add_uptake(book, site, organic, kind):  # type: ignore[no-untyped-def]
    for i in range(book.n[1]):
        row = book.uptake[i]
        if row[0] == site and row[1] == organic and row[2] == kind:
            row[3] += 1
            return
    row = book.uptake[book.n[1]]
    row[0], row[1], row[2], row[3] = site, organic, kind, 1
    book.n[1] += 1


@njit(cache=True)
def _total(book, k):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(book.n[0]):
        entry = book.act[i]
        total += book.times[entry] * k[book.kind[entry]]
    for i in range(book.n[1]):
        total += book.uptake[i, 3] * k[book.uptake[i, 2]]
    for i in range(book.n[2]):
        total += book.rate[i]
    return total


@njit(cache=True)
def _step(book, k, total):  # type: ignore[no-untyped-def]
    """Choose, apply, and forget what is around."""
    left = np.random.random() * total
    for i in range(book.n[2]):
        left -= book.rate[i]
        if left < 0:
            site, other, kind = book.fresh[i]
            return _apply_to_cluster(book, site, other, kind)
    for i in range(book.n[1]):
        left -= book.uptake[i, 3] * k[book.uptake[i, 2]]
        if left < 0:
            site, organic, kind, _ = book.uptake[i]
            return _apply(book, organic, site, kind, -1)
    entry = -1
    for i in range(book.n[0]):
        entry = book.act[i]
        left -= book.times[entry] * k[book.kind[entry]]
        if left < 0:
            break
    if entry >= 0:
        a, b = entry // 4, book.around[entry // 4, entry % 4]
        _apply(book, a, b, book.kind[entry], book.turn[entry])


@njit(cache=True)
def _apply(book, a, b, kind, turn):  # type: ignore[no-untyped-def]
    sp, partner, third, fourth = book.sp, book.partner, -1, -1
    if kind <= 1:
        sp[b] = P
    elif kind == 2 or kind == 6:
        sp[b] = F
    elif kind == 3:
        keep = np.random.random() < 0.5
        sp[a], sp[b] = (O, S) if keep else (S, O)
    elif kind == 4:
        sp[a], sp[b], partner[a], partner[b] = Q, Q, b, a
        third = a
    elif kind in (5, 7, 8, 9):
        owner = book.owner[b]
        if kind == 5 or kind == 9:
            owner = book.n[3]
            book.n[3] += 1
            fourth = partner[b]
        third = partner[a]
        book.n[8] = 1
        for site in (a, b, third, fourth):
            if site >= 0:
                sp[site], book.owner[site], partner[site] = C, owner, -1
    elif kind == 11:
        second = partner[a]
        sp[a], sp[second], partner[a], partner[second] = S, S, -1, -1
        sp[b], sp[turn], partner[b], partner[turn] = Q, Q, turn, b
        third = turn
    elif kind == 12 or kind == 13:
        sp[a], sp[b] = S, (O if kind == 12 else P)
    else:
        if partner[a] >= 0:
            sp[partner[a]], partner[partner[a]], partner[a] = S, -1, -1
        sp[a] = S
    _touch(book, a)
    _touch(book, b)
    if third >= 0:
        _mark(book, third)
    _touch_clusters(book)
    _forget(book)


@njit(cache=True)
def _apply_to_cluster(book, a, other, kind):  # type: ignore[no-untyped-def]
    sites = book.work[2]
    owner = book.owner[a]
    n = _members(book, owner, sites)
    book.n[8] = 1
    if kind == 14:
        for i in range(n):
            for b in book.around[sites[i]]:
                if b >= 0 and book.owner[b] != owner:
                    _mark(book, b)
        for i in range(n):
            book.sp[sites[i]], book.owner[sites[i]] = S, -1
        for i in range(n):
            b = book.around[sites[i], other]
            book.sp[b], book.owner[b] = C, owner
        _mark(book, a)
        if book.sp[a] == C:
            for i in range(_members(book, owner, sites)):
                _mark(book, sites[i])
        return _forget(book)
    if kind == 10:
        gone = book.owner[other]
        book.owner[book.owner == gone] = owner
        _touch(book, other)
    else:
        for i in range(n):
            book.sp[sites[i]], book.owner[sites[i]] = S, -1
    _touch(book, a)
    _touch_clusters(book)
    _forget(book)


@njit(cache=True)
def _touch(book, site):  # type: ignore[no-untyped-def]
    _mark(book, site)
    for b in book.around[site]:
        if b >= 0:
            _mark(book, b)


@njit(cache=True)
def _mark(book, site):  # type: ignore[no-untyped-def]
    if not book.touched[site]:
        book.touched[site] = True
        book.touched_list[book.n[5]] = site
        book.n[5] += 1


@njit(cache=True)
def _touch_clusters(book):  # type: ignore[no-untyped-def]
    """All around every cluster that was touched."""
    sites, owners, n = book.cluster_sites, book.work[3], 0
    n_all = _list_clusters(book)
    for i in range(n_all):
        if book.touched[sites[i]]:
            owners[n] = book.owner[sites[i]]
            n += 1
    for i in range(n_all if n else 0):
        is_hit = False
        for j in range(n):
            if owners[j] == book.owner[sites[i]]:
                is_hit = True
                break
        if is_hit:
            for b in book.around[sites[i]]:
                if b >= 0 and book.owner[b] != book.owner[sites[i]]:
                    _mark(book, b)


@njit(cache=True)
def _forget(book):  # type: ignore[no-untyped-def]
    """Drop the events that involve touched sites; ask the molecules there."""
    i = 0
    while i < book.n[0]:
        entry = book.act[i]
        a, b = entry // 4, book.around[entry // 4, entry % 4]
        is_hit = book.touched[a] or book.touched[b]
        if book.kind[entry] == 11 and book.touched[book.turn[entry]]:
            is_hit = True
        if is_hit:
            _drop(book, entry)
        else:
            i += 1
    n = 0
    for i in range(book.n[1]):
        if not (book.touched[book.uptake[i, 0]] or book.touched[book.uptake[i, 1]]):
            book.uptake[n] = book.uptake[i]
            n += 1
    book.n[1] = n
    book.n[6] = 0
    for i in range(book.n[5]):
        site = book.touched_list[i]
        book.touched[site] = False
        if book.sp[site] != S and book.sp[site] != E:
            book.asked[book.n[6]] = site
            book.n[6] += 1
    book.n[5] = 0
