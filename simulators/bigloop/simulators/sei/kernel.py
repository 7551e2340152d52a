"""The fast kernel: one flat loop over arrays; `state` holds them, `growth` drives it.

Every array is flat over a lattice that is padded with a wall column on both sides:
site = row * width + column, width = columns + 2. A bond is a site and a direction:
`2 * site` to its right, `2 * site + 1` upwards.

Contacts that react fast stand in one list a class, and clusters keep their counts of
moves, merges and escapes: their rates are exact. What a molecule does at most as fast
as it diffuses is thinned: the bound is 4 directions at the rate of diffusion for each
molecule that is not locked in. A direction with solvent is a move; one with a partner
is the reaction with the probability rate/bound; else it is a null event, which takes
its time like any other, so that the process stays exact [Lewis1979]_.
"""

# Chains of comparisons compile to jumps; membership in a tuple would not.
# ruff: noqa: SIM109

from __future__ import annotations

import math

import numpy as np
from numba import njit

SOLVENT, ELECTRODE, ABSORBER, RADICAL = 0, 1, 2, 3
INORGANIC, MONOMER, PAIR, CLUSTER, WALL = 4, 5, 6, 7, 8
N_CODES = 9

# Classes of contacts: the first 13 in both versions, the last two by attached clusters.
N_CLASSES = 15
TUNNEL_CLASS, DEPOSIT_CLASS = 1, 6
ATTACHED_SOLVENT, ATTACHED_RADICAL = 13, 14

# Whole-number state.
S0, S1, N_EVENTS, N_TRIALS, N_NULLS, N_CLUSTERS, N_FREE_IDS, N_DIRTY = range(8)
POCKETS, PENDING, ENDED, N_ACTIVE, N_ALL = 8, 9, 10, 11, 14
NULLS_AT_CHECK, IS_EXACT, NEXT_CHECK = 17, 18, 19
N_INTS = 20
"""Generator (2 words), counts, locked pairs beside a pocket, whether the time of the
next trial is drawn, whether nothing can happen, molecules free to move and all (3)."""
TIME, NEXT_TIME, EVENT_TIME = 0, 1, 2
WINDOW, MOST_NULLS = 8192, 6144
"""Trials after which the null events among them are counted, and how many there may be:
above, every contact is listed from then on."""
RELIST = 3
"""Stands for the number of a mover, 0 to 2, where none is drawn."""
MOVERS = 1 << RADICAL | 1 << MONOMER | 1 << PAIR

# Flags of a cluster.
ATTACHED, FROZEN, IS_DIRTY, WIRED = 0, 1, 2, 3
N_MOVES, N_MERGES, MOVE_BITS, MERGE_BITS, CAN_ESCAPE = 4, 5, 6, 7, 8
N_FLAGS = 9


@njit(cache=True, nogil=True, boundscheck=False, error_model="numpy")
def run(  # type: ignore[no-untyped-def]
    sp,
    partner,
    owner,
    next_member,
    head,
    size,
    flags,
    free_ids,
    live,
    live_place,
    dirty,
    contact_class,
    contact_place,
    contacts,
    n_contacts,
    movers,
    mover_place,
    changed,
    becomes,
    members,
    counts,
    ints,
    times,
    table,
    full_table,
    slow,
    cares,
    k,
    class_rate,
    geometry,
    until_event,
    until_time,
):
    """Go on until an event count, a time, or until nothing can happen.

    One function, and flat: numba pays for every array that it hands to a helper, which
    made the same loop several times slower.
    """
    width, rows = geometry[0], geometry[1]
    reduction_rows, tunnel_rows, v2 = geometry[2], geometry[3], geometry[4]
    n_sites = sp.size
    top = rows - 2
    # An array: a variable index into a tuple is compiled to a jump.
    offset = geometry[5:9]

    s0, s1 = np.uint64(ints[S0]), np.uint64(ints[S1])
    n_events, n_trials, n_nulls = ints[N_EVENTS], ints[N_TRIALS], ints[N_NULLS]
    n_clusters, n_free_ids = ints[N_CLUSTERS], ints[N_FREE_IDS]
    n_dirty, pockets, pending = ints[N_DIRTY], ints[POCKETS], ints[PENDING]
    a_radical, a_monomer, a_pair = (
        ints[N_ACTIVE],
        ints[N_ACTIVE + 1],
        ints[N_ACTIVE + 2],
    )
    t_radical, t_monomer, t_pair = ints[N_ALL], ints[N_ALL + 1], ints[N_ALL + 2]
    nulls_at_check, is_exact = ints[NULLS_AT_CHECK], ints[IS_EXACT]
    next_check = ints[NEXT_CHECK]
    event_time = times[EVENT_TIME]
    started = times[TIME]
    time, next_time = times[TIME], times[NEXT_TIME]
    base_monomer, base_pair = n_sites, 2 * n_sites

    hop_radical, hop_monomer, hop_pair = 4 * k[13], 4 * k[12], 4 * k[11]
    per_radical, per_monomer, per_pair = 1 / k[13], 1 / k[12], 1 / k[11]
    scale = 1.0 / 9007199254740992.0
    r_contacts = 0.0
    r_move = 0.0
    r_merge = 0.0
    r_escape = 0.0
    inverse = 0.0
    total = 0.0
    stale = True  # the total rate
    contacts_stale = True
    clusters_stale = True
    ended = 0

    while n_events < until_event:
        # Clusters whose surroundings changed.
        while n_dirty > 0:
            n_dirty -= 1
            c = dirty[n_dirty]
            flags[c, IS_DIRTY] = 0
            if size[c] == 0 or flags[c, FROZEN] == 1:
                continue
            touches = 0
            move_bits = 15
            merge_bits = 0
            m = head[c]
            while m >= 0:
                for d in range(4):
                    n = m + offset[d]
                    s = sp[n]
                    if s == CLUSTER:
                        if owner[n] != c:
                            merge_bits |= 1 << d
                            move_bits &= ~(1 << d)
                    elif s != SOLVENT:
                        move_bits &= ~(1 << d)
                        touches |= 1 << s
                m = next_member[m]
            by_electrode = touches >> ELECTRODE & 1
            by_inorganic = touches >> INORGANIC & 1
            by_absorber = touches >> ABSORBER & 1
            by_organic = (touches >> MONOMER | touches >> PAIR) & 1
            escape = 0
            if v2:
                if by_electrode or by_inorganic:
                    move_bits = 0
                    merge_bits = 0
                    flags[c, FROZEN] = 1
                    flags[c, ATTACHED] = 1
                else:
                    escape = by_absorber
            elif by_organic:
                move_bits = 0
                merge_bits = 0
            elif by_absorber:
                move_bits = 0
                merge_bits = 0
                escape = 1 - by_electrode
            elif by_inorganic:
                move_bits = 0
                merge_bits = 0
            if not v2 and by_inorganic and (by_electrode or not by_absorber):
                flags[c, FROZEN] = 1
            flags[c, MOVE_BITS] = move_bits
            flags[c, MERGE_BITS] = merge_bits
            flags[c, CAN_ESCAPE] = escape
            flags[c, N_MOVES] = (
                (move_bits & 1) + (move_bits >> 1 & 1) + (move_bits >> 2 & 1)
            ) + (move_bits >> 3 & 1)
            flags[c, N_MERGES] = (
                (merge_bits & 1) + (merge_bits >> 1 & 1) + (merge_bits >> 2 & 1)
            ) + (merge_bits >> 3 & 1)
            clusters_stale = True
            if flags[c, ATTACHED] == 1 and flags[c, WIRED] == 0:
                # Its sites now pass electrons: their contacts change class.
                flags[c, WIRED] = 1
                m = head[c]
                while m >= 0:
                    for d in range(4):
                        n = m + offset[d]
                        s = sp[n]
                        if (s != SOLVENT and s != RADICAL) or (
                            m // width > tunnel_rows or n // width > tunnel_rows
                        ):
                            continue
                        if d == 0:
                            bond = 2 * m
                        elif d == 1:
                            bond = 2 * n
                        elif d == 2:
                            bond = 2 * m + 1
                        else:
                            bond = 2 * n + 1
                        new = table[N_CODES * CLUSTER + s]
                        if new >= 0 and contact_class[bond] < 0:
                            contact_class[bond] = new
                            p = n_contacts[new]
                            contacts[new, p] = bond
                            contact_place[bond] = p
                            n_contacts[new] = p + 1
                            contacts_stale = True
                    m = next_member[m]
        if clusters_stale:
            clusters_stale = False
            stale = True
            r_move = 0.0
            r_merge = 0.0
            r_escape = 0.0
            for q in range(n_clusters):
                c = live[q]
                if flags[c, FROZEN] == 0:
                    if flags[c, N_MOVES] > 0:
                        damping = 1.0 if v2 else math.exp(-size[c] / 30.0)
                        r_move += k[14] * damping * flags[c, N_MOVES]
                    r_merge += k[10] * flags[c, N_MERGES]
                    r_escape += k[17] * flags[c, CAN_ESCAPE]
        if contacts_stale:
            contacts_stale = False
            stale = True
            r_contacts = 0.0
            for q in range(N_CLASSES):
                r_contacts += n_contacts[q] * class_rate[q]
        if stale:
            stale = False
            total = hop_radical * a_radical + hop_monomer * a_monomer
            total += hop_pair * a_pair + r_contacts + r_move + r_merge + r_escape
            if total <= 0.0:
                ended = 1
                # The trials after the last event did not happen.
                time = max(event_time, started)
                break
            inverse = 1.0 / total

        kind = -1
        n_changed = 0
        q = -1
        mover = -1
        if n_trials >= next_check and pending == 0:
            next_check = n_trials + WINDOW
            if is_exact == 0 and n_nulls - nulls_at_check > MOST_NULLS:
                # Most that moves is blocked: list every contact from here on.
                is_exact = 1
                for n in range(slow.size):
                    slow[n] = 0.0
                for n in range(table.size):
                    table[n] = full_table[n]
                cares[0] = cares[1] = cares[2] = 254
                for n in range(width, n_sites - width):
                    if sp[n] != WALL:
                        changed[n_changed] = n
                        n_changed += 1
                mover = RELIST
            nulls_at_check = n_nulls

        # xoroshiro128+ [Blackman2018]_; two words a trial.
        if pending == 0 and mover != RELIST:
            word = s0 + s1
            s1 ^= s0
            s0 = ((s0 << np.uint64(24)) | (s0 >> np.uint64(40))) ^ s1
            s0 ^= s1 << np.uint64(16)
            s1 = (s1 << np.uint64(37)) | (s1 >> np.uint64(27))
            uniform = (float(word >> np.uint64(11)) + 1.0) * scale
            next_time = time - math.log(uniform) * inverse
        if next_time > until_time and mover != RELIST:
            # Drawn, not spent: going on from here gives the same bits.
            pending = 1
            time = until_time
            break
        if mover != RELIST:
            pending = 0
            time = next_time
            n_trials += 1
        word = s0 + s1
        s1 ^= s0
        s0 = ((s0 << np.uint64(24)) | (s0 >> np.uint64(40))) ^ s1
        s0 ^= s1 << np.uint64(16)
        s1 = (s1 << np.uint64(37)) | (s1 >> np.uint64(27))
        u = float(word >> np.uint64(11)) * scale * total

        part = hop_radical * a_radical
        if mover == RELIST:
            pass
        elif u < part:
            mover = 0
            i = min(int(u * per_radical), 4 * a_radical - 1)
            place = i >> 2
        else:
            u -= part
            part = hop_monomer * a_monomer
            if u < part:
                mover = 1
                i = min(int(u * per_monomer), 4 * a_monomer - 1)
                place = base_monomer + (i >> 2)
            else:
                u -= part
                part = hop_pair * a_pair
                if u < part:
                    mover = 2
                    i = min(int(u * per_pair), 4 * a_pair - 1)
                    place = base_pair + (i >> 2)
        if mover == RELIST:
            pass
        elif mover >= 0:
            # A molecule tries one direction.
            a = movers[place]
            b = a + offset[i & 3]
            s = sp[b]
            n_ways = 1
            if s == SOLVENT and mover == 2:
                n_ways = 0
                for d in range(4):
                    if sp[b + offset[d]] == SOLVENT:
                        n_ways += 1
            if s == SOLVENT and n_ways > 0:
                n_events += 1
                counts[13 - mover] += 1
                event_time = time
                if mover < 2:
                    near = (
                        1 << sp[a + 1]
                        | 1 << sp[a - 1]
                        | 1 << sp[a + width]
                        | 1 << sp[a - width]
                    )
                    sp[a] = SOLVENT
                    near |= (
                        1 << sp[b + 1]
                        | 1 << sp[b - 1]
                        | 1 << sp[b + width]
                        | 1 << sp[b - width]
                    )
                    sp[b] = RADICAL if mover == 0 else MONOMER
                else:
                    # The pair turns to the neighbour of b that a draw picks.
                    word = s0 + s1
                    s1 ^= s0
                    s0 = ((s0 << np.uint64(24)) | (s0 >> np.uint64(40))) ^ s1
                    s0 ^= s1 << np.uint64(16)
                    s1 = (s1 << np.uint64(37)) | (s1 >> np.uint64(27))
                    i = int(float(word >> np.uint64(11)) * scale * n_ways)
                    way = -1
                    for d in range(4):
                        n = b + offset[d]
                        if sp[n] == SOLVENT:
                            if i == 0:
                                way = n
                            i -= 1
                    a2 = partner[a]
                    partner[b] = way
                    partner[way] = b
                    sp[a] = SOLVENT
                    sp[a2] = SOLVENT
                    near = 0
                    for d in range(4):
                        near |= 1 << sp[a + offset[d]] | 1 << sp[a2 + offset[d]]
                        near |= 1 << sp[b + offset[d]] | 1 << sp[way + offset[d]]
                    sp[b] = PAIR
                    sp[way] = PAIR
                    other_place = mover_place[a2]
                    if other_place >= base_pair + a_pair:
                        # The partner was locked in: it is free now.
                        last = base_pair + a_pair
                        other = movers[last]
                        movers[other_place] = other
                        mover_place[other] = other_place
                        other_place = last
                        a_pair += 1
                        stale = True
                    movers[other_place] = way
                    mover_place[way] = other_place
                    changed[2] = a2
                    changed[3] = way
                movers[place] = b
                mover_place[b] = place
                if pockets > 0:
                    pockets = 0
                    a_pair = t_pair
                    stale = True
                watched = cares[mover]
                if a_radical != t_radical or a_monomer != t_monomer or a_pair != t_pair:
                    watched |= MOVERS
                if near & watched == 0:
                    continue
                changed[0] = a
                changed[1] = b
                n_changed = 4 if mover == 2 else 2
            else:
                chance = slow[N_CODES * mover + s]
                if chance > 0.0:
                    word = s0 + s1
                    s1 ^= s0
                    s0 = ((s0 << np.uint64(24)) | (s0 >> np.uint64(40))) ^ s1
                    s0 ^= s1 << np.uint64(16)
                    s1 = (s1 << np.uint64(37)) | (s1 >> np.uint64(27))
                    if float(word >> np.uint64(11)) * scale < chance:
                        q = full_table[N_CODES * sp[a] + s]
                        if q == DEPOSIT_CLASS:
                            if a // width > tunnel_rows:
                                q = -1
                        elif q == 9:
                            if partner[a] == b:
                                q = -1
                        elif q == ATTACHED_RADICAL and (
                            flags[owner[b], WIRED] == 0
                            or a // width > tunnel_rows
                            or b // width > tunnel_rows
                        ):
                            q = -1
                if q < 0:
                    n_nulls += 1
                    if word & np.uint64(3):
                        continue  # one look in four is enough to find who is locked in
                    is_locked = True
                    is_pocket = False
                    for d in range(4):
                        n = a + offset[d]
                        s = sp[n]
                        if s == SOLVENT:
                            if mover < 2:
                                is_locked = False
                            else:
                                is_pocket = True
                                for e in range(4):
                                    if sp[n + offset[e]] == SOLVENT:
                                        is_locked = False
                        elif slow[N_CODES * mover + s] > 0.0 and not (
                            mover == 2 and n == partner[a]
                        ):
                            is_locked = False
                    if is_locked:
                        # Out of the bound until something beside it changes.
                        if mover == 0:
                            a_radical -= 1
                            last = a_radical
                        elif mover == 1:
                            a_monomer -= 1
                            last = base_monomer + a_monomer
                        else:
                            if is_pocket:
                                pockets += 1
                            a_pair -= 1
                            last = base_pair + a_pair
                        other = movers[last]
                        movers[last] = a
                        movers[place] = other
                        mover_place[a] = last
                        mover_place[other] = place
                        stale = True
                    continue
        elif u - part < r_contacts:
            u -= part
            q = 0
            last_q = 0
            while q < N_CLASSES:
                part = n_contacts[q] * class_rate[q]
                if part > 0.0:
                    last_q = q
                    if u < part:
                        break
                u -= part
                q += 1
            if q == N_CLASSES:  # the rounding of the sums
                q = last_q
                u = 0.0
            i = min(int(u / class_rate[q]), n_contacts[q] - 1)
            bond = contacts[q, i]
            a = bond >> 1
            b = a + (width if bond & 1 else 1)
        else:
            # A cluster moves, merges or escapes.
            u -= part + r_contacts
            if u < r_move:
                kind = 14
            else:
                u -= r_move
                if u < r_merge:
                    kind = 10
                else:
                    u -= r_merge
                    kind = 17
            c = -1
            left = u
            d = 0
            for j in range(n_clusters):
                x = live[j]
                if flags[x, FROZEN] == 1:
                    continue
                if kind == 14:
                    n = flags[x, N_MOVES]
                    damping = 1.0 if v2 else math.exp(-size[x] / 30.0)
                    rate = k[14] * damping
                elif kind == 10:
                    n = flags[x, N_MERGES]
                    rate = k[10]
                else:
                    n = flags[x, CAN_ESCAPE]
                    rate = k[17]
                if n > 0:
                    c = x
                    if left < n * rate:
                        d = min(int(left / rate), n - 1)
                        break
                    left -= n * rate
                    d = n - 1  # the rounding of the sums
            if c < 0:
                # Rounding fell on a kind without clusters: an event of no weight.
                n_nulls += 1
                continue
            if kind != 17:
                bits = flags[c, MOVE_BITS] if kind == 14 else flags[c, MERGE_BITS]
                i = d
                for e in range(4):
                    if bits >> e & 1:
                        if i == 0:
                            d = e
                            break
                        i -= 1
                step = offset[d]
            if kind == 14:
                # Only the front and the rear change; the inside stays cluster.
                n = 0
                m = head[c]
                while m >= 0:
                    members[n] = m
                    n += 1
                    m = next_member[m]
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
                head[c] = -1
                for i in range(n):
                    m = members[i] + step
                    owner[m] = c
                    next_member[m] = head[c]
                    head[c] = m
                for i in range(n_changed):
                    if becomes[i] == SOLVENT:
                        owner[changed[i]] = -1
                if flags[c, IS_DIRTY] == 0:
                    flags[c, IS_DIRTY] = 1
                    dirty[n_dirty] = c
                    n_dirty += 1
            elif kind == 17:
                m = head[c]
                while m >= 0:
                    changed[n_changed] = m
                    becomes[n_changed] = SOLVENT
                    owner[m] = -1
                    n_changed += 1
                    m = next_member[m]
                size[c] = 0
                n_clusters -= 1
                x = live[n_clusters]
                live[live_place[c]] = x
                live_place[x] = live_place[c]
                free_ids[n_free_ids] = c
                n_free_ids += 1
                clusters_stale = True
            else:
                event_time = time
                n_events += 1
                counts[10] += 1
                # The other cluster of the first contact in that direction.
                other = -1
                m = head[c]
                lowest = n_sites
                while m >= 0:
                    n = m + step
                    if sp[n] == CLUSTER and owner[n] != c and m < lowest:
                        lowest = m
                        other = owner[n]
                    m = next_member[m]
                keep, gone = c, other
                if size[gone] > size[keep]:
                    keep, gone = gone, keep
                m = head[gone]
                while True:
                    owner[m] = keep
                    if next_member[m] < 0:
                        break
                    m = next_member[m]
                next_member[m] = head[keep]
                head[keep] = head[gone]
                size[keep] += size[gone]
                size[gone] = 0
                n_clusters -= 1
                x = live[n_clusters]
                live[live_place[gone]] = x
                live_place[x] = live_place[gone]
                free_ids[n_free_ids] = gone
                n_free_ids += 1
                flags[keep, FROZEN] = 0
                flags[keep, WIRED] = 0
                flags[keep, ATTACHED] |= flags[gone, ATTACHED]
                clusters_stale = True
                if flags[keep, IS_DIRTY] == 0:
                    flags[keep, IS_DIRTY] = 1
                    dirty[n_dirty] = keep
                    n_dirty += 1
                continue
        if q >= 0:
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
                word = s0 + s1
                s1 ^= s0
                s0 = ((s0 << np.uint64(24)) | (s0 >> np.uint64(40))) ^ s1
                s0 ^= s1 << np.uint64(16)
                s1 = (s1 << np.uint64(37)) | (s1 >> np.uint64(27))
                changed[0] = a
                changed[1] = b
                n_changed = 2
                if word >> np.uint64(63):
                    becomes[0] = MONOMER
                    becomes[1] = SOLVENT
                else:
                    becomes[0] = SOLVENT
                    becomes[1] = MONOMER
            elif q == 4:
                kind = 4
                changed[0] = a
                changed[1] = b
                becomes[0] = PAIR
                becomes[1] = PAIR
                partner[a] = b
                partner[b] = a
                n_changed = 2
            elif q == 10 or q == 12:
                kind = 15 if q == 10 else 18
                changed[0] = a
                becomes[0] = SOLVENT
                n_changed = 1
            elif q == 11:
                kind = 16
                changed[0] = a
                changed[1] = partner[a]
                becomes[0] = SOLVENT
                becomes[1] = SOLVENT
                n_changed = 2
            else:
                # Organic molecules make a cluster or join one.
                changed[0] = a
                changed[1] = b
                n_changed = 2
                if q == 5:
                    kind = 5
                    changed[2] = partner[a] if sp[a] == PAIR else partner[b]
                    n_changed = 3
                elif q == 9:
                    kind = 9
                    changed[2] = partner[a]
                    changed[3] = partner[b]
                    n_changed = 4
                else:
                    kind = 7 if q == 7 else 8
                    if sp[a] == CLUSTER:
                        c = owner[a]
                        changed[0] = b
                    else:
                        c = owner[b]
                    n_changed = 1
                    if q == 8:
                        changed[1] = partner[changed[0]]
                        n_changed = 2
                if q == 5 or q == 9:
                    n_free_ids -= 1
                    c = free_ids[n_free_ids]
                    head[c] = -1
                    size[c] = 0
                    for i in range(N_FLAGS):
                        flags[c, i] = 0
                    live[n_clusters] = c
                    live_place[c] = n_clusters
                    n_clusters += 1
                for i in range(n_changed):
                    m = changed[i]
                    becomes[i] = CLUSTER
                    owner[m] = c
                    next_member[m] = head[c]
                    head[c] = m
                    size[c] += 1
                    if m // width == top:
                        flags[c, FROZEN] = 0
                if flags[c, IS_DIRTY] == 0:
                    flags[c, IS_DIRTY] = 1
                    dirty[n_dirty] = c
                    n_dirty += 1
        if kind >= 0:
            event_time = time
            n_events += 1
            counts[kind] += 1
            # The lists of molecules, then the species.
            for i in range(n_changed):
                m = changed[i]
                was = sp[m]
                new = becomes[i]
                if was == RADICAL:
                    place = mover_place[m]
                    if place < a_radical:
                        a_radical -= 1
                        other = movers[a_radical]
                        movers[place] = other
                        mover_place[other] = place
                        place = a_radical
                    t_radical -= 1
                    if place != t_radical:
                        other = movers[t_radical]
                        movers[place] = other
                        mover_place[other] = place
                    stale = True
                elif was == MONOMER:
                    place = mover_place[m] - base_monomer
                    if place < a_monomer:
                        a_monomer -= 1
                        other = movers[base_monomer + a_monomer]
                        movers[base_monomer + place] = other
                        mover_place[other] = base_monomer + place
                        place = a_monomer
                    t_monomer -= 1
                    if place != t_monomer:
                        other = movers[base_monomer + t_monomer]
                        movers[base_monomer + place] = other
                        mover_place[other] = base_monomer + place
                    stale = True
                elif was == PAIR:
                    place = mover_place[m] - base_pair
                    if place < a_pair:
                        a_pair -= 1
                        other = movers[base_pair + a_pair]
                        movers[base_pair + place] = other
                        mover_place[other] = base_pair + place
                        place = a_pair
                    t_pair -= 1
                    if place != t_pair:
                        other = movers[base_pair + t_pair]
                        movers[base_pair + place] = other
                        mover_place[other] = base_pair + place
                    stale = True
                sp[m] = new
                if new == RADICAL:
                    if a_radical != t_radical:
                        other = movers[a_radical]
                        movers[t_radical] = other
                        mover_place[other] = t_radical
                    movers[a_radical] = m
                    mover_place[m] = a_radical
                    a_radical += 1
                    t_radical += 1
                    stale = True
                elif new == MONOMER:
                    if a_monomer != t_monomer:
                        other = movers[base_monomer + a_monomer]
                        movers[base_monomer + t_monomer] = other
                        mover_place[other] = base_monomer + t_monomer
                    movers[base_monomer + a_monomer] = m
                    mover_place[m] = base_monomer + a_monomer
                    a_monomer += 1
                    t_monomer += 1
                    stale = True
                elif new == PAIR:
                    if a_pair != t_pair:
                        other = movers[base_pair + a_pair]
                        movers[base_pair + t_pair] = other
                        mover_place[other] = base_pair + t_pair
                    movers[base_pair + a_pair] = m
                    mover_place[m] = base_pair + a_pair
                    a_pair += 1
                    t_pair += 1
                    stale = True
            if pockets > 0:
                pockets = 0
                a_pair = t_pair
                stale = True

        # The contacts of what changed, and who is beside it.
        for i in range(n_changed):
            m = changed[i]
            now = sp[m]
            row = N_CODES * now
            for d in range(4):
                n = m + offset[d]
                s = sp[n]
                if d == 0:
                    bond = 2 * m
                elif d == 1:
                    bond = 2 * n
                elif d == 2:
                    bond = 2 * m + 1
                else:
                    bond = 2 * n + 1
                new = table[row + s]
                if new > 0:
                    if new == TUNNEL_CLASS:
                        x = m if now == SOLVENT else n
                        if x // width > reduction_rows:
                            new = -1
                    elif new == DEPOSIT_CLASS:
                        x = m if now == RADICAL else n
                        if x // width > tunnel_rows:
                            new = -1
                    elif new == 9:
                        if partner[m] == n:
                            new = -1
                    elif new >= ATTACHED_SOLVENT:
                        x = m if now == CLUSTER else n
                        if (
                            flags[owner[x], WIRED] == 0
                            or m // width > tunnel_rows
                            or n // width > tunnel_rows
                        ):
                            new = -1
                old = contact_class[bond]
                if new != old:
                    contacts_stale = True
                    if old >= 0:
                        p = contact_place[bond]
                        x = n_contacts[old] - 1
                        n_contacts[old] = x
                        other = contacts[old, x]
                        contacts[old, p] = other
                        contact_place[other] = p
                    contact_class[bond] = new
                    if new >= 0:
                        p = n_contacts[new]
                        contacts[new, p] = bond
                        contact_place[bond] = p
                        n_contacts[new] = p + 1
                if s == CLUSTER:
                    c = owner[n]
                    if flags[c, FROZEN] == 0 and flags[c, IS_DIRTY] == 0:
                        flags[c, IS_DIRTY] = 1
                        dirty[n_dirty] = c
                        n_dirty += 1
                elif s == RADICAL or s == MONOMER or s == PAIR:
                    # A molecule that was locked in beside it may do something again.
                    if s == RADICAL:
                        place = mover_place[n]
                        if place >= a_radical:
                            other = movers[a_radical]
                            movers[a_radical] = n
                            movers[place] = other
                            mover_place[n] = a_radical
                            mover_place[other] = place
                            a_radical += 1
                            stale = True
                    elif s == MONOMER:
                        place = mover_place[n]
                        if place >= base_monomer + a_monomer:
                            last = base_monomer + a_monomer
                            other = movers[last]
                            movers[last] = n
                            movers[place] = other
                            mover_place[n] = last
                            mover_place[other] = place
                            a_monomer += 1
                            stale = True
                    else:
                        place = mover_place[n]
                        if place >= base_pair + a_pair:
                            last = base_pair + a_pair
                            other = movers[last]
                            movers[last] = n
                            movers[place] = other
                            mover_place[n] = last
                            mover_place[other] = place
                            a_pair += 1
                            stale = True

    ints[S0], ints[S1] = np.int64(s0), np.int64(s1)
    ints[N_EVENTS], ints[N_TRIALS], ints[N_NULLS] = n_events, n_trials, n_nulls
    ints[N_CLUSTERS], ints[N_FREE_IDS] = n_clusters, n_free_ids
    ints[N_DIRTY], ints[POCKETS], ints[PENDING] = n_dirty, pockets, pending
    ints[N_ACTIVE], ints[N_ACTIVE + 1], ints[N_ACTIVE + 2] = (
        a_radical,
        a_monomer,
        a_pair,
    )
    ints[N_ALL], ints[N_ALL + 1], ints[N_ALL + 2] = t_radical, t_monomer, t_pair
    ints[ENDED] = ended
    ints[NULLS_AT_CHECK], ints[IS_EXACT] = nulls_at_check, is_exact
    ints[NEXT_CHECK] = next_check
    times[EVENT_TIME] = event_time
    times[TIME], times[NEXT_TIME] = time, next_time
