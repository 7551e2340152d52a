"""The fast kernel: one flat loop over the arrays of `layout`; `growth` drives it.

What a molecule does at most as fast as it diffuses is thinned. Each of its directions
is tried with the rate of diffusion: one that leads to solvent is a move; one that leads
to a partner is the reaction with the probability rate/bound; else it is a null event,
which takes its time like any other, so that the process stays exact [Lewis1979]_. A
molecule that solvent does not touch is put to sleep: it waits with just the rates of
its reactions until a site beside it changes. Contacts that react faster stand in one
list a class, and clusters keep their counts of moves, merges and escapes.

Two things make it fast. In a crowd half of the trials are null, at random: a jump on
that is guessed wrong by the processor at every second trial, so both outcomes run
through the same instructions. And the total rate stays what it is while molecules only
move, so that times need one logarithm for many trials: of the product of their draws.
"""

# One variable holds numbers of several widths; the compiler unifies them.
# mypy: disable-error-code=assignment
# Chains of comparisons compile to jumps; membership in a tuple would not.
# ruff: noqa: SIM109

from __future__ import annotations

import math

import numpy as np
from numba import njit

from bigloop.simulators.sei.layout import (
    ABSORBER,
    ALL_MOVERS,
    ANY_ASLEEP,
    ASLEEP,
    ATTACHED,
    ATTACHED_RADICAL,
    ATTACHED_SOLVENT,
    BASE,
    CAN_ESCAPE,
    CLUSTER,
    DEPOSIT_CLASS,
    ELECTRODE,
    ENDED,
    EVENT_PRODUCT,
    EVENT_TIME,
    FIRST_WEARY,
    FROZEN,
    INORGANIC,
    IS_DIRTY,
    MASK,
    MERGE_BITS,
    MONOMER,
    MONOMERS,
    MOVE_BITS,
    N_CLASSES,
    N_CLUSTERS,
    N_CODES,
    N_DIRTY,
    N_EVENTS,
    N_FLAGS,
    N_FREE_IDS,
    N_MERGES,
    N_MOVES,
    N_POCKETS,
    N_ROWS,
    N_TRIALS,
    NEXT_PRODUCT,
    NO_PRODUCT,
    PAIR,
    PAIRS,
    PENDING,
    PRODUCT,
    RADICAL,
    RADICALS,
    S0,
    S1,
    SOLVENT,
    STATIC,
    TIME,
    TUNNEL_CLASS,
    WALL,
    WIRED,
)
from bigloop.simulators.sei.slots import enrol, forget, retire, wake

SCALE = 1.0 / 9007199254740992.0
DAMPING = 1.0 / 30.0
NAP = np.uint64(15 << 8)
"""One in sixteen of those who find no way looks whether there is any."""
TINY = 1e-200
"""Of the product of draws: below it, time is taken before it underflows."""


@njit(inline="always")
def following(s0, s1):  # type: ignore[no-untyped-def]
    """The next state of xoroshiro128+ [Blackman2018]_; its word is `s0 + s1`."""
    s1 ^= s0
    s0 = ((s0 << np.uint64(24)) | (s0 >> np.uint64(40))) ^ s1 ^ (s1 << np.uint64(16))
    return s0, (s1 << np.uint64(37)) | (s1 >> np.uint64(27))


@njit(inline="always")
def uniform(word):  # type: ignore[no-untyped-def]
    """A number from 0 to below 1 from the upper 53 bits of a word."""
    return float(np.int64(word >> np.uint64(11))) * SCALE


@njit(cache=True, nogil=True, boundscheck=False, error_model="numpy")
def run(book, law, until_event, until_time):  # type: ignore[no-untyped-def]
    """Go on until an event count, a time, or until nothing can happen.

    One function, and flat: numba pays for every array that it hands to a helper, which
    made the same loop several times slower.
    """
    sp, near, asleep = book.sp, book.near, book.asleep
    slots, row, place = book.slots, book.row, book.place
    n_slots, opening, pockets = book.n_slots, book.opening, book.pockets
    partner, owner, next_member = book.partner, book.owner, book.next_member
    head, size, flags, free_ids = book.head, book.size, book.flags, book.free_ids
    live, live_place, dirty = book.live, book.live_place, book.dirty
    contact_class, contact_place = book.contact_class, book.contact_place
    contacts, n_contacts = book.contacts, book.n_contacts
    changed, becomes, members = book.changed, book.becomes, book.members
    counts, ints, times = book.counts, book.ints, book.times
    listed, full, thinned, sieve = law.listed, law.full, law.thinned, law.sieve
    weary_row, row_rate, cares = law.weary_row, law.row_rate, law.cares
    k, class_rate = law.k, law.class_rate
    width, rows = law.geometry[0] & MASK, law.geometry[1]
    reduction_rows, tunnel_rows = law.geometry[2], law.geometry[3]
    v2 = law.geometry[4]
    # An array: a variable index into a tuple is compiled to a jump.
    offset = law.geometry[5:9]
    stride, n_bonds = place.size & MASK, contact_class.size & MASK
    top, n_sites = rows - 2, sp.size

    s0, s1 = np.uint64(ints[S0]), np.uint64(ints[S1])
    n_events, n_trials = ints[N_EVENTS], ints[N_TRIALS]
    n_clusters, n_free_ids = ints[N_CLUSTERS], ints[N_FREE_IDS]
    n_dirty, n_pockets = ints[N_DIRTY], ints[N_POCKETS]
    pending, ended = ints[PENDING], 0
    started, time, event_time = times[TIME], times[BASE], times[EVENT_TIME]
    product, next_product = times[PRODUCT], times[NEXT_PRODUCT]
    last_product, least_product = 0.0, TINY
    hop_radical, hop_monomer, hop_pair = 4 * k[13], 4 * k[12], 4 * k[11]
    per_way, per_pair = np.array([1 / k[12], 1 / k[13]]), 1 / k[11]
    below = np.zeros(2)
    r_weary = r_contacts = r_move = r_merge = r_escape = total = 0.0
    r_single = r_monomers = r_pairs = u = v = 0.0
    is_stale = contacts_stale = clusters_stale = is_first = True

    while True:
        # What changed since the last trial, and the time that trials took until now.
        if is_stale:
            is_stale = False
            # Clusters whose surroundings changed.
            while n_dirty > 0:
                n_dirty -= 1
                c = dirty[n_dirty]
                flags[c, IS_DIRTY] = 0
                if size[c] == 0 or flags[c, FROZEN] == 1:
                    continue
                touches, move_bits, merge_bits = 0, 15, 0
                m = head[c]
                while m >= 0:
                    for way in range(4):
                        n = m + offset[way]
                        s = sp[n]
                        if s == CLUSTER:
                            if owner[n] != c:
                                merge_bits |= 1 << way
                                move_bits &= ~(1 << way)
                        elif s != SOLVENT:
                            move_bits &= ~(1 << way)
                            touches |= 1 << s
                    m = next_member[m]
                by_electrode = touches >> ELECTRODE & 1
                by_inorganic = touches >> INORGANIC & 1
                by_absorber = touches >> ABSORBER & 1
                by_organic = (touches >> MONOMER | touches >> PAIR) & 1
                escape = 0
                if v2:
                    if by_electrode or by_inorganic:
                        move_bits = merge_bits = 0
                        flags[c, FROZEN] = flags[c, ATTACHED] = 1
                    else:
                        escape = by_absorber
                else:
                    if by_organic or by_absorber or by_inorganic:
                        move_bits = merge_bits = 0
                    if by_absorber and not by_organic:
                        escape = 1 - by_electrode
                    if by_inorganic and (by_electrode or not by_absorber):
                        flags[c, FROZEN] = 1
                flags[c, MOVE_BITS], flags[c, MERGE_BITS] = move_bits, merge_bits
                flags[c, CAN_ESCAPE] = escape
                n_ways = n_others = 0
                for way in range(4):
                    n_ways += move_bits >> way & 1
                    n_others += merge_bits >> way & 1
                flags[c, N_MOVES], flags[c, N_MERGES] = n_ways, n_others
                clusters_stale = True
                if flags[c, ATTACHED] == 1 and flags[c, WIRED] == 0:
                    # Its sites now pass electrons: their contacts change class.
                    flags[c, WIRED] = 1
                    m = head[c]
                    while m >= 0:
                        for way in range(4):
                            n = m + offset[way]
                            s = sp[n]
                            if s == RADICAL and asleep[n]:
                                wake(
                                    n, sp, near, asleep, offset,
                                    slots, n_slots, row, place, stride,
                                )  # fmt: skip
                            if (s != SOLVENT and s != RADICAL) or (
                                m // width > tunnel_rows or n // width > tunnel_rows
                            ):
                                continue
                            bond = 2 * (n if way & 1 else m) + (way >> 1)
                            new = listed[N_CODES * CLUSTER + s]
                            if new >= 0 and contact_class[bond] < 0:
                                p = n_contacts[new]
                                contact_class[bond], contact_place[bond] = new, p
                                contacts[new * n_bonds + p] = bond
                                n_contacts[new] = p + 1
                                contacts_stale = True
                        m = next_member[m]
            if clusters_stale:
                clusters_stale = False
                r_move = r_merge = r_escape = 0.0
                for i in range(n_clusters):
                    c = live[i]
                    if flags[c, FROZEN] == 0:
                        if flags[c, N_MOVES] > 0:
                            rate = k[14] * (1.0 if v2 else math.exp(-size[c] * DAMPING))
                            r_move += rate * flags[c, N_MOVES]
                        r_merge += k[10] * flags[c, N_MERGES]
                        r_escape += k[17] * flags[c, CAN_ESCAPE]
            if contacts_stale:
                contacts_stale = False
                r_contacts = 0.0
                for q in range(N_CLASSES):
                    r_contacts += n_contacts[q] * class_rate[q]
            if product < 1.0 and not is_first:
                moment = time - math.log(product) / total
                event_product = times[EVENT_PRODUCT]
                if event_product == product:
                    event_time = moment
                elif event_product <= 1.0:
                    event_time = time - math.log(event_product) / total
                time, product, times[EVENT_PRODUCT] = moment, 1.0, 2.0
            is_first = False
            r_weary = 0.0
            for x in range(FIRST_WEARY, N_ROWS):
                r_weary += n_slots[x] * row_rate[x]
            r_monomers = below[1] = hop_monomer * n_slots[MONOMERS]
            r_single = r_monomers + hop_radical * n_slots[RADICALS]
            r_pairs = hop_pair * n_slots[PAIRS]
            total = r_single + r_pairs + r_weary + r_contacts
            total += r_move + r_merge + r_escape
            if until_time < math.inf:
                last_product = math.exp((time - until_time) * total)
                least_product = max(TINY, last_product)
            if total <= 0.0 and n_events < until_event:
                ended = 1
                # The trials after the last event did not happen.
                now = max(event_time, started)
                break
        if n_events >= until_event:
            now = time - (math.log(product) / total if product < 1.0 else 0.0)
            now = max(now, started)
            break

        # Two words a trial: for its time, and for what is tried. Times are exponential:
        # their sum is the logarithm of a product, which is taken when the rate changes.
        if pending == 0:
            next_product = product * (uniform(s0 + s1) + SCALE)
            s0, s1 = following(s0, s1)
        if next_product < least_product:
            if next_product < last_product:
                # Drawn, not spent: going on from here gives the same bits.
                pending = 1
                now = max(until_time, started)
                break
            is_stale = True
        pending = 0
        product = next_product
        n_trials += 1
        word = s0 + s1
        s0, s1 = following(s0, s1)
        u = uniform(word) * total

        mover = kind = q = waits = -1
        n_changed = n_opening = 0
        entry = a = b = 0
        c = -1
        is_listed = True
        if u < r_single:
            # Which of the two it is cannot be foretold: chosen without a jump.
            x = np.int64(u >= r_monomers)
            mover = MONOMERS - x
            v = (u - below[x]) * per_way[x]
            i = min(int(v), 4 * n_slots[mover] - 1)
            v -= i
        else:
            u -= r_single
            if u < r_pairs:
                mover = PAIRS
                v = u * per_pair
                i = min(int(v), 4 * n_slots[PAIRS] - 1)
                v -= i
            else:
                u -= r_pairs
        if mover > 0:
            # A molecule tries one direction.
            way = i & 3
            i = (i >> 2) & MASK
            a = np.int64(slots[mover * stride + i])
            b = (a + offset[way]) & MASK
            s = sp[b]
            cared = cares[mover]
            sieved = sieve[N_CODES * mover + s]
            if mover < PAIRS:
                # Most trials end here. That its end is free or not cannot be foretold,
                # and a jump that the processor guesses wrong costs more than all else:
                # so the molecule is put where it is after all, whichever that is.
                is_free = np.int64(s == SOLVENT)
                near_it = near[a] & (cared | ANY_ASLEEP) | near[b] & cared
                if cared & ALL_MOVERS:
                    to = a + is_free * offset[way]
                    for d in range(4):
                        near_it |= cared & 1 << sp[(a + offset[d]) & MASK]
                        if d != way ^ 1:
                            near_it |= cared & 1 << sp[(to + offset[d]) & MASK]
                alarm = np.int64(near_it + n_pockets != 0) & is_free
                alarm |= np.int64(v < sieved)
                alarm |= np.int64(word & NAP == 0) & (is_free ^ 1)
                if alarm == 0:
                    b = a + is_free * offset[way]
                    sp[a] = SOLVENT
                    sp[b & MASK] = 2 * mover + 1
                    slots[mover * stride + i] = b
                    place[4 * (b & MASK)] = i
                    times[NO_PRODUCT + is_free] = product
                    n_events += is_free
                    counts[14 - mover] += is_free
                    continue
            if s == SOLVENT:
                if mover < PAIRS:
                    kind = 14 - mover
                    sp[b] = sp[a]
                    sp[a] = SOLVENT
                    slots[mover * stride + i] = b
                    place[4 * b] = i
                    changed[0], changed[1] = a, b
                    n_changed = 2
                else:
                    n_ways = 0
                    for d in range(4):
                        n_ways += sp[(b + offset[d]) & MASK] == SOLVENT
                    if n_ways == 0:
                        # No room to turn.
                        waits = 0
                    else:
                        # The pair turns to the neighbour of b that a draw picks.
                        kind = 11
                        x = int(uniform(s0 + s1) * n_ways)
                        s0, s1 = following(s0, s1)
                        turn = np.int64(-1)
                        for d in range(4):
                            n = (b + offset[d]) & MASK
                            if sp[n] == SOLVENT:
                                if x == 0:
                                    turn = n
                                x -= 1
                        turn &= MASK
                        a2 = np.int64(partner[a]) & MASK
                        if asleep[a2]:
                            wake(
                                a2, sp, near, asleep, offset,
                                slots, n_slots, row, place, stride,
                            )  # fmt: skip
                            is_stale = True
                        near_it = (near[a] | near[a2]) & (cared | ANY_ASLEEP)
                        near_it |= (near[b] | near[turn]) & cared
                        if cared & ALL_MOVERS:
                            for d in range(4):
                                n = offset[d]
                                near_it |= cared & 1 << sp[(a + n) & MASK]
                                near_it |= cared & 1 << sp[(a2 + n) & MASK]
                                near_it |= cared & 1 << sp[(b + n) & MASK]
                                near_it |= cared & 1 << sp[(turn + n) & MASK]
                        partner[b], partner[turn] = turn, b
                        x = place[4 * a2]
                        slots[PAIRS * stride + i] = b
                        slots[PAIRS * stride + x] = turn
                        place[4 * b], place[4 * turn] = i, x
                        sp[a] = sp[a2] = SOLVENT
                        sp[b] = sp[turn] = PAIR
                        if near_it + n_pockets == 0:
                            times[EVENT_PRODUCT] = product
                            n_events += 1
                            counts[kind] += 1
                            continue
                        changed[0], changed[1], changed[2], changed[3] = a, a2, b, turn
                        n_changed = 4
                if kind > 0:
                    is_listed = near_it & ~ANY_ASLEEP != 0
            else:
                waits = 0
                if v < sieved and not (mover == PAIRS and partner[a] == b):
                    # `v` has but some 40 bits: it sieves, and a word of its own
                    # decides.
                    if uniform(s0 + s1) * sieved < thinned[N_CODES * mover + s]:
                        q = np.int64(full[N_CODES * sp[a] + s])
                    s0, s1 = following(s0, s1)
        elif u < r_weary:
            # A slot that waits: the reaction with its partner, if that is there still.
            x = 0
            for i in range(FIRST_WEARY, N_ROWS):
                if n_slots[i] > 0:
                    x = i
                    if u < n_slots[i] * row_rate[i]:
                        break
                    u -= n_slots[i] * row_rate[i]
            i = min(int(u / row_rate[x]), n_slots[x] - 1)
            entry = np.int64(slots[x * stride + (i & MASK)])
            a = entry >> 2
            b = (a + offset[entry & 3]) & MASK
            waits = 0
            q = np.int64(full[N_CODES * sp[a] + sp[b]])
        elif u - r_weary < r_contacts:
            u -= r_weary
            q = x = 0
            while q < N_CLASSES:
                part = n_contacts[q] * class_rate[q]
                if part > 0.0:
                    x = q
                    if u < part:
                        break
                u -= part
                q += 1
            if q == N_CLASSES:  # the rounding of the sums
                q, u = x, 0.0
            i = min(int(u / class_rate[q]), n_contacts[q] - 1)
            bond = np.int64(contacts[q * n_bonds + i])
            a = bond >> 1
            b = a + (width if bond & 1 else 1)
        else:
            # A cluster moves, merges or escapes.
            u -= r_weary + r_contacts
            kind = 14
            if u >= r_move:
                u -= r_move
                kind = 10
                if u >= r_merge:
                    u -= r_merge
                    kind = 17
            d = 0
            for i in range(n_clusters):
                x = live[i]
                if flags[x, FROZEN] == 1:
                    continue
                if kind == 14:
                    n = flags[x, N_MOVES]
                    rate = k[14] * (1.0 if v2 else math.exp(-size[x] * DAMPING))
                elif kind == 10:
                    n, rate = flags[x, N_MERGES], k[10]
                else:
                    n, rate = flags[x, CAN_ESCAPE], k[17]
                if n > 0:
                    c = x
                    if u < n * rate:
                        d = min(int(u / rate), n - 1)
                        break
                    u -= n * rate
                    d = n - 1  # the rounding of the sums
            if c < 0:
                # Rounding fell on a kind without clusters: an event of no weight.
                continue
            bits = flags[c, MOVE_BITS] if kind == 14 else flags[c, MERGE_BITS]
            way = 0
            if kind != 17:
                while d > 0 or bits >> way & 1 == 0:
                    d -= bits >> way & 1
                    way += 1
            step = offset[way]
            if kind == 14:
                # Only the front and the rear change; the inside stays cluster.
                n = 0
                m = head[c]
                while m >= 0:
                    members[n] = m
                    n += 1
                    m = next_member[m]
                head[c] = -1
                for i in range(n):
                    m = members[i]
                    if sp[m + step] == SOLVENT:
                        changed[n_changed] = m + step
                        becomes[n_changed] = CLUSTER
                        n_changed += 1
                    if sp[m - step] != CLUSTER or owner[m - step] != c:
                        changed[n_changed] = m
                        becomes[n_changed] = SOLVENT
                        n_changed += 1
                for i in range(n):
                    m = members[i] + step
                    owner[m] = c
                    next_member[m] = head[c]
                    head[c] = m
                for i in range(n_changed):
                    if becomes[i] == SOLVENT:
                        owner[changed[i]] = -1
            else:
                gone = c
                if kind == 17:
                    m = head[c]
                    while m >= 0:
                        changed[n_changed] = m
                        becomes[n_changed] = SOLVENT
                        owner[m] = -1
                        n_changed += 1
                        m = next_member[m]
                else:
                    # The other cluster of the lowest contact in that direction.
                    other, lowest = -1, n_sites
                    m = head[c]
                    while m >= 0:
                        n = m + step
                        if sp[n] == CLUSTER and owner[n] != c and m < lowest:
                            lowest, other = m, owner[n]
                        m = next_member[m]
                    gone = other
                    if size[gone] > size[c]:
                        c, gone = gone, c
                    m = head[gone]
                    n = m
                    while m >= 0:
                        owner[m] = c
                        n = m
                        m = next_member[m]
                    next_member[n] = head[c]
                    head[c] = head[gone]
                    size[c] += size[gone]
                    flags[c, FROZEN] = flags[c, WIRED] = 0
                    flags[c, ATTACHED] |= flags[gone, ATTACHED]
                size[gone] = 0
                n_clusters -= 1
                x = live[n_clusters]
                live[live_place[gone]] = x
                live_place[x] = live_place[gone]
                free_ids[n_free_ids] = gone
                n_free_ids += 1
                clusters_stale = True

        if waits >= 0 and q >= 0:
            # Where a thinned contact does not react after all.
            if (
                (q == DEPOSIT_CLASS and a // width > tunnel_rows)
                or (q == 9 and partner[a] == b)
                or (
                    q == ATTACHED_RADICAL
                    and (
                        flags[owner[b], WIRED] == 0
                        or a // width > tunnel_rows
                        or b // width > tunnel_rows
                    )
                )
            ):
                q = -1
            else:
                waits = -1
        if waits >= 0:
            # A null event. Who cannot go anywhere is put to sleep, but not at once:
            # it costs more than to try in vain.
            if mover < 0:
                forget(entry, slots, n_slots, row, place, stride)
                is_stale = True
            elif word & NAP == 0:
                in_pocket = False
                is_shut = True
                for d in range(4):
                    n = (a + offset[d]) & MASK
                    if sp[n] == SOLVENT:
                        if mover == PAIRS:
                            in_pocket = True
                            for e in range(4):
                                if sp[(n + offset[e]) & MASK] == SOLVENT:
                                    is_shut = False
                        else:
                            is_shut = False
                if is_shut:
                    if in_pocket:
                        pockets[n_pockets] = a
                        n_pockets += 1
                    retire(a, mover, slots, n_slots, place, stride)
                    asleep[a] = 1
                    for d in range(4):
                        n = (a + offset[d]) & MASK
                        near[n] += ASLEEP
                        x = weary_row[N_CODES * mover + sp[n]]
                        if x > 0 and not (mover == PAIRS and partner[a] == n):
                            entry = 4 * a + d
                            p = n_slots[x]
                            n_slots[x] = p + 1
                            slots[x * stride + p] = entry
                            row[entry], place[entry] = x, p
                    is_stale = True
            continue

        times[EVENT_PRODUCT] = product
        n_events += 1
        if q >= 0:
            # A contact reacts.
            changed[0], changed[1] = a, b
            if q == 0 or q == TUNNEL_CLASS or q == ATTACHED_SOLVENT:
                kind = 0 if q == 0 else 1
                changed[0] = a if sp[a] == SOLVENT else b
                becomes[0] = RADICAL
                n_changed = 1
            elif q == 2 or q == DEPOSIT_CLASS or q == ATTACHED_RADICAL:
                kind = 2 if q == 2 else 6
                changed[0] = a if sp[a] == RADICAL else b
                becomes[0] = INORGANIC
                n_changed = 1
            elif q == 3:
                kind = 3
                keep = 0 if (s0 + s1) >> np.uint64(63) else 1
                s0, s1 = following(s0, s1)
                becomes[keep], becomes[1 - keep] = MONOMER, SOLVENT
                n_changed = 2
            elif q == 4:
                kind = 4
                becomes[0] = becomes[1] = PAIR
                partner[a], partner[b] = b, a
                n_changed = 2
            elif q == 10 or q == 12:
                kind = 15 if q == 10 else 18
                becomes[0] = SOLVENT
                n_changed = 1
            elif q == 11:
                kind = 16
                changed[1] = partner[a]
                becomes[0] = becomes[1] = SOLVENT
                n_changed = 2
            else:
                # Organic molecules make a cluster (5, 9) or join one (7, 8).
                kind = q
                if q == 5:
                    changed[2] = partner[a] if sp[a] == PAIR else partner[b]
                    n_changed = 3
                elif q == 9:
                    changed[2], changed[3] = partner[a], partner[b]
                    n_changed = 4
                else:
                    c = owner[a] if sp[a] == CLUSTER else owner[b]
                    changed[0] = b if sp[a] == CLUSTER else a
                    changed[1] = partner[changed[0]]
                    n_changed = 1 if q == 7 else 2
                if c < 0:
                    n_free_ids -= 1
                    c = free_ids[n_free_ids]
                    head[c], size[c] = -1, 0
                    for i in range(N_FLAGS):
                        flags[c, i] = 0
                    live[n_clusters], live_place[c] = c, n_clusters
                    n_clusters += 1
                for i in range(n_changed):
                    m = changed[i]
                    becomes[i] = CLUSTER
                    owner[m], next_member[m], head[c] = c, head[c], m
                    size[c] += 1
                    if m // width == top:
                        flags[c, FROZEN] = 0
        counts[kind] += 1
        if c >= 0 and flags[c, FROZEN] == 0 and flags[c, IS_DIRTY] == 0:
            is_stale = True
            flags[c, IS_DIRTY] = 1
            dirty[n_dirty] = c
            n_dirty += 1
        # Sleepers beside a site that changed wake; those in pockets at any event.
        if kind < 11 or kind > 13:
            for i in range(n_changed):
                m = np.int64(changed[i]) & MASK
                if asleep[m]:
                    wake(
                        m, sp, near, asleep, offset,
                        slots, n_slots, row, place, stride,
                    )  # fmt: skip
        for i in range(n_changed):
            m = np.int64(changed[i]) & MASK
            if near[m] >= ASLEEP:
                for d in range(4):
                    n = (m + offset[d]) & MASK
                    if asleep[n]:
                        opening[n_opening] = n
                        n_opening += 1
        while n_pockets > 0:
            n_pockets -= 1
            opening[n_opening] = pockets[n_pockets]
            n_opening += 1
        for i in range(n_opening):
            m = np.int64(opening[i])
            if asleep[m]:
                is_stale = True
                wake(
                    m, sp, near, asleep, offset,
                    slots, n_slots, row, place, stride,
                )  # fmt: skip
        if kind < 11 or kind > 13:
            # Molecules end and begin.
            is_stale = True
            is_near_stale = False
            for i in range(n_changed):
                m = np.int64(changed[i]) & MASK
                s = np.int64(sp[m])
                if ALL_MOVERS >> s & 1:
                    retire(m, s >> 1, slots, n_slots, place, stride)
                is_near_stale = is_near_stale or STATIC >> s & 1
                s = np.int64(becomes[i])
                is_near_stale = is_near_stale or STATIC >> s & 1
                sp[m] = s
                if ALL_MOVERS >> s & 1:
                    enrol(m, s >> 1, slots, n_slots, place, stride)
            if is_near_stale:
                for i in range(n_changed):
                    m = np.int64(changed[i]) & MASK
                    for d in range(4):
                        n = (m + offset[d]) & MASK
                        s = sp[n]
                        if s == ELECTRODE or s == ABSORBER or s == WALL:
                            continue
                        x = 0
                        for e in range(4):
                            x |= 1 << sp[(n + offset[e]) & MASK]
                        near[n] = near[n] & ANY_ASLEEP | x & STATIC
        if not is_listed:
            continue

        # The contacts of what changed, and the clusters beside it.
        for i in range(n_changed):
            m = np.int64(changed[i])
            now = sp[m]
            for way in range(4):
                n = m + offset[way]
                s = sp[n]
                bond = 2 * (n if way & 1 else m) + (way >> 1)
                new = np.int64(listed[N_CODES * now + s])
                if new > 0:
                    if new == TUNNEL_CLASS:
                        if (m if now == SOLVENT else n) // width > reduction_rows:
                            new = -1
                    elif new == DEPOSIT_CLASS:
                        if (m if now == RADICAL else n) // width > tunnel_rows:
                            new = -1
                    elif new == 9:
                        if partner[m] == n:
                            new = -1
                    elif new >= ATTACHED_SOLVENT and (
                        flags[owner[m if now == CLUSTER else n], WIRED] == 0
                        or m // width > tunnel_rows
                        or n // width > tunnel_rows
                    ):
                        new = -1
                old = np.int64(contact_class[bond])
                if new != old:
                    contacts_stale = is_stale = True
                    if old >= 0:
                        p, x = contact_place[bond], n_contacts[old] - 1
                        n_contacts[old] = x
                        other = contacts[old * n_bonds + x]
                        contacts[old * n_bonds + p] = other
                        contact_place[other] = p
                    contact_class[bond] = new
                    if new >= 0:
                        p = n_contacts[new]
                        n_contacts[new] = p + 1
                        contacts[new * n_bonds + p] = bond
                        contact_place[bond] = p
                if s == CLUSTER:
                    c = owner[n]
                    if flags[c, FROZEN] == 0 and flags[c, IS_DIRTY] == 0:
                        is_stale = True
                        flags[c, IS_DIRTY] = 1
                        dirty[n_dirty] = c
                        n_dirty += 1

    ints[S0], ints[S1] = np.int64(s0), np.int64(s1)
    ints[N_EVENTS], ints[N_TRIALS] = n_events, n_trials
    ints[N_CLUSTERS], ints[N_FREE_IDS] = n_clusters, n_free_ids
    ints[N_DIRTY], ints[N_POCKETS] = n_dirty, n_pockets
    ints[PENDING], ints[ENDED] = pending, ended
    times[TIME], times[BASE], times[EVENT_TIME] = now, time, event_time
    times[PRODUCT], times[NEXT_PRODUCT] = product, next_product
