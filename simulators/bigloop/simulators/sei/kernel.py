"""The fast kernel: one flat loop over the arrays of `layout`; `growth` drives it.

What a molecule does at most as fast as it diffuses is thinned. Each direction that is
open to it is a slot with the rate of diffusion: a slot that leads to solvent is a move;
one that leads to a partner is the reaction with the probability rate/bound; else it is
a null event, which takes its time like any other, so that the process stays exact
[Lewis1979]_. A slot that failed at a partner waits with just the rate of that reaction,
and one that leads nowhere is put away, until the site at its end changes: nothing is
tried in vain twice. Contacts that react faster stand in one list a class, and clusters
keep their counts of moves, merges and escapes.
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
    ATTACHED,
    ATTACHED_RADICAL,
    ATTACHED_SOLVENT,
    CAN_ESCAPE,
    CLUSTER,
    DEPOSIT_CLASS,
    ELECTRODE,
    ENDED,
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
    N_FREE_MOLS,
    N_MERGES,
    N_MOVES,
    N_NULLS,
    N_POCKETS,
    N_ROWS,
    N_TRIALS,
    NEXT_TIME,
    PAIR,
    PAIRS,
    PENDING,
    RADICAL,
    RADICALS,
    S0,
    S1,
    SOLVENT,
    TIME,
    TUNNEL_CLASS,
    WIRED,
)

SCALE = 1.0 / 9007199254740992.0
DAMPING = 1.0 / 30.0


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
    sp, closed, mol, site = book.sp, book.closed, book.mol, book.site
    free_mols, slots, row, place = book.free_mols, book.slots, book.row, book.place
    n_slots, opening, pockets = book.n_slots, book.opening, book.pockets
    partner, owner, next_member = book.partner, book.owner, book.next_member
    head, size, flags, free_ids = book.head, book.size, book.flags, book.free_ids
    live, live_place, dirty = book.live, book.live_place, book.dirty
    contact_class, contact_place = book.contact_class, book.contact_place
    contacts, n_contacts = book.contacts, book.n_contacts
    changed, becomes, members = book.changed, book.becomes, book.members
    counts, ints, times = book.counts, book.ints, book.times
    listed, full, thinned, usable = law.listed, law.full, law.thinned, law.usable
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
    n_events, n_trials, n_nulls = ints[N_EVENTS], ints[N_TRIALS], ints[N_NULLS]
    n_clusters, n_free_ids = ints[N_CLUSTERS], ints[N_FREE_IDS]
    n_dirty, n_free_mols = ints[N_DIRTY], ints[N_FREE_MOLS]
    n_pockets, pending, ended = ints[N_POCKETS], ints[PENDING], 0
    time, next_time, event_time = times[TIME], times[NEXT_TIME], times[EVENT_TIME]
    started = time
    hop_radical, hop_monomer, hop_pair = k[13], k[12], k[11]
    per_radical, per_monomer, per_pair = 1 / k[13], 1 / k[12], 1 / k[11]
    r_weary = r_contacts = r_move = r_merge = r_escape = 0.0
    weary_stale = contacts_stale = clusters_stale = True

    while n_events < until_event:
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
                n_opening = 0
                m = head[c]
                while m >= 0:
                    for way in range(4):
                        n = m + offset[way]
                        s = sp[n]
                        if s == RADICAL and usable[RADICALS] >> CLUSTER & 1:
                            # It may have been tried in vain before.
                            back = way ^ 1
                            entry = 4 * np.int64(mol[n]) + back
                            if closed[n] >> back & 1 and row[entry] == 0:
                                x = weary_row[N_CODES * RADICALS + CLUSTER]
                                p = n_slots[x]
                                slots[x * stride + p] = entry
                                place[entry], row[entry] = p, x
                                n_slots[x] = p + 1
                                weary_stale = True
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
        if weary_stale:
            weary_stale = False
            r_weary = 0.0
            for x in range(FIRST_WEARY, N_ROWS):
                r_weary += n_slots[x] * row_rate[x]
        r_monomers = hop_monomer * n_slots[MONOMERS]
        r_radicals = hop_radical * n_slots[RADICALS]
        r_pairs = hop_pair * n_slots[PAIRS]
        total = r_monomers + r_radicals + r_pairs + r_weary + r_contacts
        total += r_move + r_merge + r_escape
        if total <= 0.0:
            ended = 1
            # The trials after the last event did not happen.
            time = max(event_time, started)
            break

        # Two words a trial: for its time, and for what is tried.
        if pending == 0:
            next_time = time - math.log(uniform(s0 + s1) + SCALE) / total
            s0, s1 = following(s0, s1)
        if next_time > until_time:
            # Drawn, not spent: going on from here gives the same bits.
            pending = 1
            time = until_time
            break
        pending = 0
        time = next_time
        n_trials += 1
        word = s0 + s1
        s0, s1 = following(s0, s1)
        u = uniform(word) * total

        mover = kind = q = waits = -1
        n_changed = n_opening = 0
        entry = a = b = 0
        c = -1
        is_listed = True
        if u < r_monomers:
            mover = MONOMERS
            i = min(int(u * per_monomer), n_slots[MONOMERS] - 1)
        else:
            u -= r_monomers
            if u < r_radicals:
                mover = RADICALS
                i = min(int(u * per_radical), n_slots[RADICALS] - 1)
            else:
                u -= r_radicals
                if u < r_pairs:
                    mover = PAIRS
                    i = min(int(u * per_pair), n_slots[PAIRS] - 1)
                else:
                    u -= r_pairs
        if mover > 0:
            # A molecule tries one direction.
            entry = np.int64(slots[mover * stride + (i & MASK)])
            way = entry & 3
            a = np.int64(site[entry >> 2])
            b = (a + offset[way]) & MASK
            s = sp[b]
            if s == SOLVENT:
                if mover < PAIRS:
                    kind = 14 - mover
                    code, shut = sp[a], np.int64(closed[a])
                    under, over = (a - width) & MASK, a + width
                    near = 1 << sp[a + 1] | 1 << sp[(a - 1) & MASK]
                    near |= 1 << sp[under] | 1 << sp[over]
                    sp[a] = SOLVENT
                    closed[a] = 0
                    # Whom it locked in.
                    beside = closed[a + 1] & 2 | closed[(a - 1) & MASK] & 1
                    beside |= closed[under] & 4 | closed[over] & 8
                    under, over = (b - width) & MASK, b + width
                    x, y = 1 << sp[b + 1], 1 << sp[(b - 1) & MASK]
                    z, w = 1 << sp[over], 1 << sp[under]
                    near |= x | y | z | w
                    sp[b] = code
                    mol[b] = entry >> 2
                    site[entry >> 2] = b
                    closed[b] = shut
                    if shut:
                        n = usable[mover]
                        shut &= (
                            (0 if x & n == 0 else 1)
                            | (0 if y & n == 0 else 2)
                            | (0 if z & n == 0 else 4)
                            | (0 if w & n == 0 else 8)
                        )
                        first = entry & ~3
                        for d in range(4):
                            opening[n_opening] = first + d
                            n_opening += shut >> d & 1
                    if beside:
                        for d in range(4):
                            n = a + offset[d]
                            opening[n_opening] = 4 * np.int64(mol[n]) + (d ^ 1)
                            n_opening += closed[n] >> (d ^ 1) & 1
                    changed[0], changed[1] = a, b
                    n_changed = 2
                else:
                    n_ways = 0
                    for d in range(4):
                        n_ways += sp[b + offset[d]] == SOLVENT
                    if n_ways == 0:
                        # No room to turn: closed until something happens.
                        pockets[n_pockets] = entry
                        n_pockets += 1
                        waits = 0
                    else:
                        # The pair turns to the neighbour of b that a draw picks.
                        kind = 11
                        i = int(uniform(s0 + s1) * n_ways)
                        s0, s1 = following(s0, s1)
                        turn = -1
                        for d in range(4):
                            n = b + offset[d]
                            if sp[n] == SOLVENT:
                                if i == 0:
                                    turn = n
                                i -= 1
                        a2 = np.int64(partner[a])
                        partner[b], partner[turn] = turn, b
                        x, y = np.int64(mol[a]), np.int64(mol[a2])
                        mol[b], mol[turn], site[x], site[y] = x, y, b, turn
                        z, w = closed[a], closed[a2]
                        closed[a] = closed[a2] = 0
                        closed[b], closed[turn] = z, w
                        sp[a] = sp[a2] = SOLVENT
                        sp[b] = sp[turn] = PAIR
                        near = 0
                        for d in range(4):
                            near |= 1 << sp[a + offset[d]] | 1 << sp[a2 + offset[d]]
                            near |= 1 << sp[b + offset[d]] | 1 << sp[turn + offset[d]]
                        changed[0], changed[1], changed[2], changed[3] = a, a2, b, turn
                        n_changed = 4
                if kind > 0:
                    is_listed = near & cares[mover] != 0
            else:
                chance = thinned[N_CODES * mover + s]
                waits = 0
                if chance > 0.0 and not (mover == PAIRS and partner[a] == b):
                    if uniform(s0 + s1) < chance:
                        q = np.int64(full[N_CODES * sp[a] + s])
                    else:
                        waits = weary_row[N_CODES * mover + s]
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
            entry = np.int64(slots[x * stride + i])
            a = np.int64(site[entry >> 2])
            b = a + offset[entry & 3]
            waits = 0
            if weary_row[N_CODES * (np.int64(sp[a]) >> 1) + sp[b]] == x:
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
                n_nulls += 1
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
            # A null event: the slot goes to where it waits, or away.
            n_nulls += 1
            closed[a] |= 1 << (entry & 3)
            x, p = np.int64(row[entry]), place[entry]
            n = n_slots[x] - 1
            n_slots[x] = n
            other = slots[x * stride + n]
            slots[x * stride + p] = other
            place[other] = p
            row[entry] = waits
            if waits > 0:
                n = n_slots[waits]
                n_slots[waits] = n + 1
                slots[waits * stride + n] = entry
                place[entry] = n
            weary_stale = weary_stale or waits > 0 or x >= FIRST_WEARY
            continue

        event_time = time
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
            flags[c, IS_DIRTY] = 1
            dirty[n_dirty] = c
            n_dirty += 1
        if kind < 11 or kind > 13:
            # Molecules end and begin, with all their directions closed.
            for i in range(n_changed):
                m = changed[i]
                if ALL_MOVERS >> sp[m] & 1:
                    first = 4 * np.int64(mol[m])
                    for e in range(first, first + 4):
                        x = np.int64(row[e])
                        if x > 0:
                            n = n_slots[x] - 1
                            n_slots[x] = n
                            p, other = place[e], slots[x * stride + n]
                            slots[x * stride + p] = other
                            place[other] = p
                            row[e] = 0
                    free_mols[n_free_mols] = mol[m]
                    n_free_mols += 1
                    closed[m] = 0
                    weary_stale = True
                sp[m] = becomes[i]
                if ALL_MOVERS >> sp[m] & 1:
                    n_free_mols -= 1
                    x = free_mols[n_free_mols]
                    mol[m], site[x], closed[m] = x, m, 15
        if kind < 12 or kind > 13:
            # Directions of what is new, and of its neighbours, that lead somewhere.
            for i in range(n_changed):
                m = changed[i]
                s = sp[m]
                for d in range(4):
                    n = m + offset[d]
                    e = d ^ 1
                    if closed[m] >> d & 1 and usable[s >> 1] >> sp[n] & 1:
                        opening[n_opening] = 4 * np.int64(mol[m]) + d
                        n_opening += 1
                    if closed[n] >> e & 1 and usable[sp[n] >> 1] >> s & 1:
                        opening[n_opening] = 4 * np.int64(mol[n]) + e
                        n_opening += 1
        while n_pockets > 0:
            n_pockets -= 1
            entry = np.int64(pockets[n_pockets])
            # The pair may have gone since; a slot too many is tried in vain once.
            if mol[site[entry >> 2]] == entry >> 2:
                opening[n_opening] = entry
                n_opening += 1
        for i in range(n_opening):
            entry = np.int64(opening[i])
            m = site[entry >> 2]
            if closed[m] >> (entry & 3) & 1:
                closed[m] ^= 1 << (entry & 3)
                x = np.int64(row[entry])
                if x > 0:
                    n = n_slots[x] - 1
                    n_slots[x] = n
                    p, other = place[entry], slots[x * stride + n]
                    slots[x * stride + p] = other
                    place[other] = p
                    weary_stale = True
                x = np.int64(sp[m]) >> 1
                n = n_slots[x]
                n_slots[x] = n + 1
                slots[x * stride + n] = entry
                place[entry] = n
                row[entry] = x
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
                    contacts_stale = True
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
                        flags[c, IS_DIRTY] = 1
                        dirty[n_dirty] = c
                        n_dirty += 1

    ints[S0], ints[S1] = np.int64(s0), np.int64(s1)
    ints[N_EVENTS], ints[N_TRIALS], ints[N_NULLS] = n_events, n_trials, n_nulls
    ints[N_CLUSTERS], ints[N_FREE_IDS] = n_clusters, n_free_ids
    ints[N_DIRTY], ints[N_FREE_MOLS] = n_dirty, n_free_mols
    ints[N_POCKETS], ints[PENDING], ints[ENDED] = n_pockets, pending, ended
    times[TIME], times[NEXT_TIME], times[EVENT_TIME] = time, next_time, event_time
