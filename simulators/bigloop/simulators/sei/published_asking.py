"""What sites and clusters say in `published`: events, added to its list."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

S, E, A, P, F, O, Q, C = range(8)  # noqa: E741


@njit(cache=True)
def ask(book, a):  # type: ignore[no-untyped-def]
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
def list_clusters(book):  # type: ignore[no-untyped-def]
    """Number of cluster sites, listed anew where they changed."""
    if book.n[8]:
        book.n[7] = book.n[8] = 0
        for site in range(book.sp.size):
            if book.sp[site] == C:
                book.cluster_sites[book.n[7]] = site
                book.n[7] += 1
    return book.n[7]


@njit(cache=True)
def ask_clusters(book, k):  # type: ignore[no-untyped-def]
    """Add what the first site of each cluster says."""
    book.n[2] = 0
    all_sites, sites = book.work[0], book.work[1]
    n_all = list_clusters(book)
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
