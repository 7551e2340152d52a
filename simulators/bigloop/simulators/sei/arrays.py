"""The arrays of the kernel, built from a lattice and read back into one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.sei import kernel
from bigloop.simulators.sei.lattice import Lattice
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


@dataclass(frozen=True, slots=True)
class Channels:
    """How each contact reacts: from a list of its class, or thinned by its mover."""

    listed: NDArray[np.int8]
    """Class of a contact of two species that is listed, flat `9 x 9`; -1: none."""
    full: NDArray[np.int8]
    """The same for every contact that reacts."""
    thinned: NDArray[np.float64]
    """Probability that a mover (3) reacts with a species (9) that it tries, flat."""
    cares: NDArray[np.int64]
    """For each mover, a bit for every species near which its moves change a list."""


def channels(rules: Rules, rates: NDArray[np.float64]) -> Channels:
    """A contact is thinned where it reacts no faster than its molecule diffuses."""
    full = _contact_table(rules)
    listed = full.copy()
    thinned = np.zeros((3, kernel.N_CODES))
    per_contact = class_rates(rules, rates)
    for mover, (code, hop) in enumerate(_MOVERS):
        for other in _S:
            number = int(full[code, other])
            if number < 0 or other in (_S.SOLVENT, _S.ABSORBER):
                continue
            if (other, code) in ((_S.MONOMER, _S.PAIR), (_S.RADICAL, _S.PAIR)):
                continue  # thinned by the monomer
            # Both of two like molecules try it: half the contact's rate each.
            share = per_contact[number] / (2 if other == code else 1)
            if share <= rates[hop]:
                thinned[mover, other] = share / rates[hop]
                listed[code, other] = listed[other, code] = -1
    cares = np.zeros(3, dtype=np.int64)
    for mover, (code, _) in enumerate(_MOVERS):
        for other in _S:
            touched = max(listed[code, other], listed[_S.SOLVENT, other]) >= 0
            if touched or other == _S.CLUSTER:
                cares[mover] |= 1 << other
    return Channels(listed.ravel(), full.ravel(), thinned.ravel(), cares)


def _contact_table(rules: Rules) -> NDArray[np.int8]:
    table = np.full((kernel.N_CODES, kernel.N_CODES), -1, dtype=np.int8)
    contacts = dict(_CONTACTS)
    if rules.is_second_version:
        contacts[_S.CLUSTER, _S.SOLVENT] = kernel.ATTACHED_SOLVENT
        contacts[_S.CLUSTER, _S.RADICAL] = kernel.ATTACHED_RADICAL
    for (one, other), number in contacts.items():
        table[one, other] = table[other, one] = number
    return table


def class_rates(rules: Rules, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rate of one contact of each class: rate times channels [1/s]."""
    count = np.ones(kernel.N_CLASSES)
    count[[3, 4, 9, kernel.ATTACHED_RADICAL]] = 2
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


@dataclass(slots=True)
class Arrays:
    """The arguments of `kernel.run`, in its order, up to `table`."""

    sp: NDArray[np.int8]
    partner: NDArray[np.int32]
    owner: NDArray[np.int32]
    next_member: NDArray[np.int32]
    head: NDArray[np.int32]
    size: NDArray[np.int32]
    flags: NDArray[np.int32]
    free_ids: NDArray[np.int32]
    live: NDArray[np.int32]
    live_place: NDArray[np.int32]
    dirty: NDArray[np.int32]
    contact_class: NDArray[np.int8]
    contact_place: NDArray[np.int32]
    contacts: NDArray[np.int32]
    n_contacts: NDArray[np.int64]
    movers: NDArray[np.int32]
    mover_place: NDArray[np.int32]
    changed: NDArray[np.int32]
    becomes: NDArray[np.int8]
    members: NDArray[np.int32]
    counts: NDArray[np.int64]
    ints: NDArray[np.int64]
    times: NDArray[np.float64]

    def arguments(self) -> tuple[Any, ...]:
        """The arrays in the order of the fields."""
        return tuple(getattr(self, name) for name in self.__slots__)


def build(lattice: Lattice, rules: Rules, table: NDArray[np.int8], seed: int) -> Arrays:
    """Arrays for a lattice at time 0; `table` says which contacts are listed."""
    rows, columns = lattice.species.shape
    width = columns + 2
    n = rows * width
    n_clusters = max(8, n // 3 + 2)

    def ints(size: int, value: int = -1) -> NDArray[np.int32]:
        return np.full(size, value, dtype=np.int32)

    arrays = Arrays(
        sp=_padded(lattice.species, kernel.WALL).astype(np.int8),
        partner=_padded_index(lattice.partner, columns),
        owner=_padded(lattice.owner, -1).astype(np.int32),
        next_member=ints(n),
        head=ints(n_clusters),
        size=ints(n_clusters, 0),
        flags=np.zeros((n_clusters, kernel.N_FLAGS), dtype=np.int32),
        free_ids=ints(n_clusters),
        live=ints(n_clusters),
        live_place=ints(n_clusters),
        dirty=ints(n_clusters),
        contact_class=np.full(2 * n, -1, dtype=np.int8),
        contact_place=ints(2 * n),
        contacts=np.empty((kernel.N_CLASSES, 2 * n), dtype=np.int32),
        n_contacts=np.zeros(kernel.N_CLASSES, dtype=np.int64),
        movers=ints(3 * n),
        mover_place=ints(n),
        changed=ints(2 * n),
        becomes=np.zeros(2 * n, dtype=np.int8),
        members=ints(n),
        counts=np.zeros(19, dtype=np.int64),
        ints=np.zeros(kernel.N_INTS, dtype=np.int64),
        times=np.zeros(3),
    )
    arrays.ints[[kernel.S0, kernel.S1]] = seed_words(seed)
    _list_movers(arrays)
    _list_clusters(arrays)
    _list_contacts(arrays, rules, table, width)
    return arrays


def lattice_of(arrays: Arrays, shape: tuple[int, int]) -> Lattice:
    """The lattice that the arrays hold."""
    rows, columns = shape
    width = columns + 2

    def inner(flat: NDArray[Any]) -> NDArray[Any]:
        return flat.reshape(rows, width)[:, 1:-1].copy()

    species = inner(arrays.sp).astype(np.uint8)
    partner = inner(arrays.partner).astype(np.int64)
    row, column = np.divmod(partner, width)
    partner = np.where(species == Species.PAIR, row * columns + column - 1, -1)
    owner = np.where(species == Species.CLUSTER, inner(arrays.owner), -1)
    return Lattice(species=species, partner=partner, owner=owner.astype(np.int64))


def _padded(values: NDArray[Any], wall: int) -> NDArray[Any]:
    return np.pad(
        values.astype(np.int64), ((0, 0), (1, 1)), constant_values=wall
    ).ravel()


def _padded_index(values: NDArray[np.int64], columns: int) -> NDArray[np.int32]:
    row, column = np.divmod(values, columns)
    moved = np.where(values >= 0, row * (columns + 2) + column + 1, -1)
    return _padded(moved, -1).astype(np.int32)


def _list_movers(arrays: Arrays) -> None:
    n = arrays.sp.size
    for i, code in enumerate((_S.RADICAL, _S.MONOMER, _S.PAIR)):
        sites = np.flatnonzero(arrays.sp == code)
        places = np.arange(i * n, i * n + len(sites))
        arrays.movers[places] = sites
        arrays.mover_place[sites] = places
        arrays.ints[[kernel.N_ACTIVE + i, kernel.N_ALL + i]] = len(sites)


def _list_clusters(arrays: Arrays) -> None:
    count = int(arrays.owner.max()) + 1
    for number in range(count):
        for site in np.flatnonzero(arrays.owner == number):
            arrays.next_member[site] = arrays.head[number]
            arrays.head[number] = site
            arrays.size[number] += 1
    numbers = np.arange(count)
    arrays.live[:count] = arrays.live_place[:count] = arrays.dirty[:count] = numbers
    arrays.flags[:count, kernel.IS_DIRTY] = 1
    free = np.arange(len(arrays.head) - 1, count - 1, -1)
    arrays.free_ids[: len(free)] = free
    arrays.ints[[kernel.N_CLUSTERS, kernel.N_DIRTY]] = count
    arrays.ints[kernel.N_FREE_IDS] = len(free)


def _list_contacts(
    arrays: Arrays, rules: Rules, table: NDArray[np.int8], width: int
) -> None:
    sp = arrays.sp.astype(int)
    for site in range(sp.size - width):
        for up, other in ((0, site + 1), (1, site + width)):
            number = int(table[kernel.N_CODES * sp[site] + sp[other]])
            if number < 0 or number >= kernel.ATTACHED_SOLVENT:
                continue
            if number == 9 and arrays.partner[site] == other:
                continue
            if number in (kernel.TUNNEL_CLASS, kernel.DEPOSIT_CLASS):
                limit = rules.reduction_rows if number == 1 else TUNNEL_ROWS
                outer = other if sp[site] == Species.INORGANIC else site
                if outer // width > limit:
                    continue
            bond, place = 2 * site + up, arrays.n_contacts[number]
            arrays.contact_class[bond] = number
            arrays.contact_place[bond] = place
            arrays.contacts[number, place] = bond
            arrays.n_contacts[number] += 1
