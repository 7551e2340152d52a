"""The SEI model: species, events and the two published sets of rules.

A square lattice, `rows x columns`, one molecule a site (1 nm), four neighbours, walls
on both sides. Row 0 is the electrode, the last row absorbs what leaves, all else begins
as solvent [Esmaeilpour2023]_, [Soleymanibrojeni2024]_.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from bigloop.contracts import SpecError

TUNNEL_ROWS = 4
"""Rows above the electrode that electrons reach through the SEI (4 nm)."""
CLUSTER_DECAY = 30.0
"""Rules v1: a cluster of n sites diffuses with the rate times `exp(-n / 30)`."""
CITATIONS = (
    "Esmaeilpour, Jana, Li, Soleymanibrojeni, Wenzel, Adv. Energy Mater. 13, 2203966 "
    "(2023): the kinetic Monte Carlo model of SEI growth",
    "Soleymanibrojeni, Rego, Esmaeilpour, Wenzel, J. Mater. Chem. A 12, 2249 (2024), "
    "doi:10.1039/D3TA06054C: barriers, observables and classes",
    "Bortz, Kalos, Lebowitz, J. Comput. Phys. 17, 10 (1975): rejection-free sampling",
)


class Species(IntEnum):
    """What a site holds; the codes of the published lattices."""

    SOLVENT = 0
    ELECTRODE = 1
    ABSORBER = 2
    RADICAL = 3
    """P: C2H4OCO2Li, the product of the first reduction."""
    INORGANIC = 4
    """F: Li2CO3, the product of the second reduction."""
    MONOMER = 5
    """O: Li2EDC."""
    PAIR = 6
    """OO: one of the two sites of a bonded pair of Li2EDC."""
    CLUSTER = 7
    """C: a site of an organic cluster."""


class Event(IntEnum):
    """The 19 events; the first 15 have the barriers `e1` to `e15`."""

    REDUCE_AT_ELECTRODE = 0
    REDUCE_AT_SEI = 1
    DEPOSIT_AT_ELECTRODE = 2
    DIMERISE = 3
    PAIR_UP = 4
    NUCLEATE = 5
    DEPOSIT_AT_SEI = 6
    MONOMER_JOINS = 7
    PAIR_JOINS = 8
    PAIRS_NUCLEATE = 9
    CLUSTERS_MERGE = 10
    PAIR_MOVES = 11
    MONOMER_MOVES = 12
    RADICAL_MOVES = 13
    CLUSTER_MOVES = 14
    RADICAL_ESCAPES = 15
    PAIR_ESCAPES = 16
    CLUSTER_ESCAPES = 17
    MONOMER_ESCAPES = 18


RulesName = Literal["v1", "v2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the events of a lattice are counted; see `RULES` for the published sets.

    A contact is a pair of neighbouring sites. Two like molecules in contact count as
    two channels, as both are asked for their neighbours; so do both conductors of v2.
    """

    name: RulesName
    shape: tuple[int, int]
    """Rows x columns of the published lattice, electrode and absorber included."""
    reduction_rows: int
    """Highest row in which solvent is reduced on the SEI (event 2)."""
    nucleation_channels: int
    """Channels of one contact of a monomer and a pair (event 6)."""
    is_second_version: bool
    """v1: a cluster that touches Li2EDC only takes it up; else one at the absorber
    escapes unless it touches the electrode; else one that touches Li2CO3 is fixed; else
    it moves, slower when larger, and merges. v2: a cluster that touches the electrode
    or Li2CO3 is attached: fixed, and its sites up to row 4 pass electrons; else it
    moves at full rate and merges, and at the absorber escapes."""


RULES: dict[str, Rules] = {
    "v1": Rules(
        name="v1",
        shape=(50, 50),
        reduction_rows=TUNNEL_ROWS,
        nucleation_channels=1,
        is_second_version=False,
    ),
    "v2": Rules(
        name="v2",
        shape=(52, 50),
        reduction_rows=TUNNEL_ROWS + 1,
        nucleation_channels=2,
        is_second_version=True,
    ),
}


def rules(name: str) -> Rules:
    """The published rules of that name.

    Raises:
        SpecError: there are only `v1` and `v2`.
    """
    if name not in RULES:
        raise SpecError(f"rules: {name!r}: there are {', '.join(RULES)}")
    return RULES[name]


def check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Refuse a lattice that is no lattice; returns it.

    Raises:
        SpecError: fewer than 3 rows or 2 columns, or more than 16 million sites.
    """
    rows, columns = shape
    for name, value, least in (("rows", rows, 3), ("columns", columns, 2)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise SpecError(f"{name}: {value!r}: give a whole number, {least} or more")
    if rows * columns > 16_000_000:
        raise SpecError(
            f"rows, columns: {rows} x {columns}: give at most 16 million sites"
        )
    return rows, columns
