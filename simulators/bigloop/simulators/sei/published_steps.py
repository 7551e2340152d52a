"""One event of `published`: choose, apply, and forget what is around."""

from __future__ import annotations

import numpy as np
from numba import njit

from bigloop.simulators.sei.published_asking import (
    C,
    E,
    F,
    O,
    P,
    Q,
    S,
    list_clusters,
)


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
def total_rate(book, k):  # type: ignore[no-untyped-def]
    """Sum of the rates of all that stands in the list."""
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
def step(book, k, total):  # type: ignore[no-untyped-def]
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
    n_all = list_clusters(book)
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
