"""What the compiled parts of the kernel share: codes, places, arrays, constants.

Every array is flat over a lattice that is padded with a wall column on both sides:
site = row * width + column, width = columns + 2. A bond is a site and a direction:
`2 * site` to its right, `2 * site + 1` upwards. Directions are right, left, up, down,
so that `way ^ 1` is the way back.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

SOLVENT, ELECTRODE, ABSORBER, RADICAL = 0, 1, 2, 3
INORGANIC, MONOMER, PAIR, CLUSTER, WALL = 4, 5, 6, 7, 8
N_CODES = 9

# Movers have the numbers `species >> 1`, and a row of sites each. Sleepers wait for
# partners in the rows from `FIRST_WEARY` on, one for each mover and partner; 0: none.
RADICALS, MONOMERS, PAIRS, N_MOVERS = 1, 2, 3, 4
FIRST_WEARY, N_ROWS = 4, 13
ALL_MOVERS = 1 << RADICAL | 1 << MONOMER | 1 << PAIR
STATIC = 1 << ELECTRODE | 1 << ABSORBER | 1 << INORGANIC | 1 << CLUSTER
# What `near` counts above the bits of species: neighbours that sleep, at most four.
ASLEEP = 1 << 9
ANY_ASLEEP = 7 << 9

# Classes of contacts: the first 13 in both versions, the last two by attached clusters.
N_CLASSES = 15
TUNNEL_CLASS, DEPOSIT_CLASS = 1, 6
ATTACHED_SOLVENT, ATTACHED_RADICAL = 13, 14

# Whole-number state: words of the generator, counts, how it stands.
S0, S1, N_EVENTS, N_TRIALS, N_CLUSTERS, N_FREE_IDS, N_DIRTY = range(7)
N_POCKETS, PENDING, ENDED, N_INTS = range(7, 11)
# Time is that at `BASE` less the logarithm of `PRODUCT` over the total rate. The
# product of a trial goes to `EVENT_PRODUCT` if it was an event, else to `NO_PRODUCT`.
TIME, BASE, EVENT_TIME, PRODUCT, NEXT_PRODUCT, NO_PRODUCT, EVENT_PRODUCT = range(7)
N_TIMES = 7
SIEVE = 2.0**-12
"""Least probability that is tested with the rest of a draw."""
MASK = (1 << 40) - 1
"""Tells the compiler that an index is not negative: else it tests for that."""

# Flags of a cluster.
ATTACHED, FROZEN, IS_DIRTY, WIRED = 0, 1, 2, 3
N_MOVES, N_MERGES, MOVE_BITS, MERGE_BITS, CAN_ESCAPE = 4, 5, 6, 7, 8
N_FLAGS = 9

Array = NDArray[Any]


class Book(NamedTuple):
    """The state of a run, `n` sites."""

    sp: Array
    """Species of each site."""
    near: Array
    """A bit for each species of `STATIC` beside a site, and how many sleepers."""
    asleep: Array
    """Whether a mover cannot go anywhere and is not tried."""
    slots: Array
    """Sites of the movers that are tried, and slots of sleepers that wait for a
    partner, `4 * site + way`: `4 n` a row."""
    row: Array
    """Row in which the slot `4 * site + way` of a sleeper waits, 0 if in none."""
    place: Array
    """Where in its row, of a slot; of a mover that is tried, at `4 * site`."""
    n_slots: Array
    opening: Array
    """Sleepers that an event wakes, while it is worked on."""
    pockets: Array
    """Sleeping sites of pairs beside solvent that has no room for a second site."""
    partner: Array
    owner: Array
    """Number of the cluster of a site, -1 elsewhere."""
    next_member: Array
    head: Array
    """First site of each cluster; the others follow by `next_member`."""
    size: Array
    flags: Array
    free_ids: Array
    live: Array
    live_place: Array
    dirty: Array
    """Clusters whose surroundings changed."""
    contact_class: Array
    contact_place: Array
    contacts: Array
    """Bonds of the contacts that are listed, a row of `2 n` a class."""
    n_contacts: Array
    changed: Array
    becomes: Array
    members: Array
    counts: Array
    ints: Array
    times: Array


class Law(NamedTuple):
    """What the rates and rules of a run are."""

    listed: Array
    """Class of a contact of two species that is listed, flat `9 x 9`; -1: none."""
    full: Array
    """The same for every contact that reacts."""
    thinned: Array
    """Probability that a mover reacts with a species that it tries, flat `4 x 9`."""
    sieve: Array
    """The same, but not below `SIEVE` where there is any."""
    weary_row: Array
    """Row where slots of a mover towards a species wait, flat `4 x 9`; 0: nowhere."""
    row_rate: Array
    """Rate of one slot of each row [1/s]."""
    cares: Array
    """For each mover, a bit for every species near which its moves change a list."""
    k: Array
    """Rate of each of the 19 events [1/s]."""
    class_rate: Array
    """Rate of one contact of each class [1/s]."""
    geometry: Array
    """Width, rows, highest rows of reduction and deposition, version, four offsets."""
