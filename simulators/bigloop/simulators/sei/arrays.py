"""The state of the kernel, built from a lattice and read back into one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.sei import layout
from bigloop.simulators.sei.lattice import Lattice
from bigloop.simulators.sei.layout import Book, Law
from bigloop.simulators.sei.model import TUNNEL_ROWS, Rules, Species

_MASK = (1 << 64) - 1
_S = Species
_CONTACTS = {
    (_S.ELECTRODE, _S.SOLVENT): 0,
    (_S.INORGANIC, _S.SOLVENT): 1,
    (_S.ELECTRODE, _S.RADICAL): 2,
    (_S.RADICAL, _S.RADICAL): 3,
    (_S.MONOMER, _S.MONOMER): 4,
    (_S.MONOMER, _S.PAIR): 5,
    (_S.INORGANIC, _S.RADICAL): 6,
    (_S.MONOMER, _S.CLUSTER): 7,
    (_S.PAIR, _S.CLUSTER): 8,
    (_S.PAIR, _S.PAIR): 9,
    (_S.RADICAL, _S.ABSORBER): 10,
    (_S.PAIR, _S.ABSORBER): 11,
    (_S.MONOMER, _S.ABSORBER): 12,
}
_MOVERS = ((_S.RADICAL, 13), (_S.MONOMER, 12), (_S.PAIR, 11))
_EVENT_OF_CLASS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 18, 1, 6)


def law(rules: Rules, rates: NDArray[np.float64], shape: tuple[int, int]) -> Law:
    """Rates and rules; a contact is thinned that reacts no faster than a diffusion."""
    full = _contact_table(rules)
    listed = full.copy()
    thinned = np.zeros((layout.N_MOVERS, layout.N_CODES))
    weary_row = np.zeros((layout.N_MOVERS, layout.N_CODES), dtype=np.int64)
    row_rate = np.zeros(layout.N_ROWS)
    n_rows = layout.FIRST_WEARY
    per_contact = class_rates(rules, rates)
    for code, hop in _MOVERS:
        for other in _S:
            number = int(full[code, other])
            if number < 0 or other in (_S.SOLVENT, _S.ABSORBER):
                continue
            if (other, code) in ((_S.MONOMER, _S.PAIR), (_S.RADICAL, _S.PAIR)):
                continue  # thinned by the monomer
            # Both of two like molecules try it: half the contact's rate each.
            share = per_contact[number] / (2 if other == code else 1)
            if share <= rates[hop]:
                thinned[code >> 1, other] = share / rates[hop]
                listed[code, other] = listed[other, code] = -1
                weary_row[code >> 1, other] = n_rows
                row_rate[n_rows] = share
                n_rows += 1
    return Law(
        listed=listed.ravel(),
        full=full.ravel(),
        thinned=thinned.ravel(),
        sieve=np.where(thinned > 0, np.maximum(thinned, layout.SIEVE), 0.0).ravel(),
        weary_row=weary_row.ravel(),
        row_rate=row_rate,
        cares=_cares(listed),
        k=rates,
        class_rate=per_contact,
        geometry=_geometry(rules, shape),
    )


def _cares(listed: NDArray[np.int8]) -> NDArray[np.int64]:
    cares = np.zeros(layout.N_MOVERS, dtype=np.int64)
    for code, _ in _MOVERS:
        for other in _S:
            touched = max(listed[code, other], listed[_S.SOLVENT, other]) >= 0
            if touched or other == _S.CLUSTER:
                cares[code >> 1] |= 1 << other
    return cares


def _geometry(rules: Rules, shape: tuple[int, int]) -> NDArray[np.int64]:
    rows, columns = shape
    limits = (rules.reduction_rows, TUNNEL_ROWS, int(rules.is_second_version))
    width = columns + 2
    return np.array([width, rows, *limits, 1, -1, width, -width], dtype=np.int64)


def _contact_table(rules: Rules) -> NDArray[np.int8]:
    table = np.full((layout.N_CODES, layout.N_CODES), -1, dtype=np.int8)
    contacts = dict(_CONTACTS)
    if rules.is_second_version:
        contacts[_S.CLUSTER, _S.SOLVENT] = layout.ATTACHED_SOLVENT
        contacts[_S.CLUSTER, _S.RADICAL] = layout.ATTACHED_RADICAL
    for (one, other), number in contacts.items():
        table[one, other] = table[other, one] = number
    return table


def class_rates(rules: Rules, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rate of one contact of each class: rate times channels [1/s]."""
    count = np.ones(layout.N_CLASSES)
    count[[3, 4, 9, layout.ATTACHED_RADICAL]] = 2
    count[5] = rules.nucleation_channels
    return np.asarray(count * rates[list(_EVENT_OF_CLASS)])


def seed_words(seed: int) -> tuple[int, int]:
    """Two words of SplitMix64 [Steele2014]_ for the generator, as signed integers."""
    words = []
    state = seed & _MASK
    for _ in range(2):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        z ^= z >> 31
        words.append(z - (1 << 64) if z >> 63 else z)
    return words[0], words[1]


def build(lattice: Lattice, rules: Rules, listed: NDArray[np.int8], seed: int) -> Book:
    """State of a run for a lattice at time 0; `listed` is that of its law."""
    rows, columns = lattice.species.shape
    width = columns + 2
    n = rows * width
    n_clusters = max(8, n // 3 + 2)

    def ints(size: int) -> NDArray[np.int32]:
        return np.full(size, -1, dtype=np.int32)

    def numbers(size: int) -> NDArray[np.uint32]:
        return np.zeros(size, dtype=np.uint32)

    book = Book(
        sp=_padded(lattice.species, layout.WALL).astype(np.uint8),
        near=np.zeros(n, dtype=np.uint16),
        asleep=np.zeros(n, dtype=np.uint8),
        slots=numbers(4 * n * layout.N_ROWS),
        row=np.zeros(4 * n, dtype=np.uint8),
        place=numbers(4 * n),
        n_slots=np.zeros(layout.N_ROWS, dtype=np.int64),
        opening=numbers(12 * n),
        pockets=numbers(4 * n),
        partner=_padded_index(lattice.partner, columns),
        owner=_padded(lattice.owner, -1).astype(np.int32),
        next_member=ints(n),
        head=ints(n_clusters),
        size=np.zeros(n_clusters, dtype=np.int32),
        flags=np.zeros((n_clusters, layout.N_FLAGS), dtype=np.int32),
        free_ids=ints(n_clusters),
        live=ints(n_clusters),
        live_place=ints(n_clusters),
        dirty=ints(n_clusters),
        contact_class=np.full(2 * n, -1, dtype=np.int8),
        contact_place=numbers(2 * n),
        contacts=np.empty(layout.N_CLASSES * 2 * n, dtype=np.uint32),
        n_contacts=np.zeros(layout.N_CLASSES, dtype=np.int64),
        changed=ints(2 * n),
        becomes=np.zeros(2 * n, dtype=np.uint8),
        members=ints(n),
        counts=np.zeros(19, dtype=np.int64),
        ints=np.zeros(layout.N_INTS, dtype=np.int64),
        times=np.zeros(layout.N_TIMES),
    )
    book.ints[[layout.S0, layout.S1]] = seed_words(seed)
    book.times[[layout.PRODUCT, layout.EVENT_PRODUCT]] = 1.0, 2.0
    _list_movers(book)
    _look_around(book, width)
    _list_clusters(book)
    _list_contacts(book, rules, listed, width)
    return book


def lattice_of(book: Book, shape: tuple[int, int]) -> Lattice:
    """The lattice that the state holds."""
    rows, columns = shape
    width = columns + 2

    def inner(flat: NDArray[Any]) -> NDArray[Any]:
        return flat.reshape(rows, width)[:, 1:-1].copy()

    species = inner(book.sp).astype(np.uint8)
    partner = inner(book.partner).astype(np.int64)
    row, column = np.divmod(partner, width)
    partner = np.where(species == Species.PAIR, row * columns + column - 1, -1)
    owner = np.where(species == Species.CLUSTER, inner(book.owner), -1)
    return Lattice(species=species, partner=partner, owner=owner.astype(np.int64))


def _padded(values: NDArray[Any], wall: int) -> NDArray[Any]:
    return np.pad(
        values.astype(np.int64), ((0, 0), (1, 1)), constant_values=wall
    ).ravel()


def _padded_index(values: NDArray[np.int64], columns: int) -> NDArray[np.int32]:
    row, column = np.divmod(values, columns)
    moved = np.where(values >= 0, row * (columns + 2) + column + 1, -1)
    return _padded(moved, -1).astype(np.int32)


def _list_movers(book: Book) -> None:
    """All awake: who cannot go anywhere falls asleep when tried."""
    for code, _ in _MOVERS:
        sites = np.flatnonzero(book.sp == code)
        places = np.arange(len(sites))
        book.slots[places + (code >> 1) * book.place.size] = sites
        book.place[4 * sites] = places
        book.n_slots[code >> 1] = len(sites)


def _look_around(book: Book, width: int) -> None:
    bits = np.where(1 << book.sp & layout.STATIC, 1 << book.sp, 0).astype(np.uint16)
    inside = slice(width, -width)
    for step in (1, -1, width, -width):
        book.near[inside] |= np.roll(bits, step)[inside]


def _list_clusters(book: Book) -> None:
    count = int(book.owner.max()) + 1
    for number in range(count):
        for site in np.flatnonzero(book.owner == number):
            book.next_member[site] = book.head[number]
            book.head[number] = site
            book.size[number] += 1
    numbers = np.arange(count)
    book.live[:count] = book.live_place[:count] = book.dirty[:count] = numbers
    book.flags[:count, layout.IS_DIRTY] = 1
    free = np.arange(len(book.head) - 1, count - 1, -1)
    book.free_ids[: len(free)] = free
    book.ints[[layout.N_CLUSTERS, layout.N_DIRTY]] = count
    book.ints[layout.N_FREE_IDS] = len(free)


def _list_contacts(
    book: Book, rules: Rules, listed: NDArray[np.int8], width: int
) -> None:
    sp = book.sp.astype(int)
    for site in range(sp.size - width):
        for up, other in ((0, site + 1), (1, site + width)):
            number = int(listed[layout.N_CODES * sp[site] + sp[other]])
            if number < 0 or number >= layout.ATTACHED_SOLVENT:
                continue
            if number == 9 and book.partner[site] == other:
                continue
            if number in (layout.TUNNEL_CLASS, layout.DEPOSIT_CLASS):
                limit = rules.reduction_rows if number == 1 else TUNNEL_ROWS
                outer = other if sp[site] == Species.INORGANIC else site
                if outer // width > limit:
                    continue
            bond, place = 2 * site + up, book.n_contacts[number]
            book.contact_class[bond] = number
            book.contact_place[bond] = place
            book.contacts[number * 2 * sp.size + place] = bond
            book.n_contacts[number] += 1
