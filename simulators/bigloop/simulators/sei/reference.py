"""The model once more, as the textbook has it [Bortz1975]_: slow, and plain to read.

Every step lists all events anew from the lattice, picks one in proportion to its rate
and draws the time to it. It shares no code with the fast kernel but the tables of
`model`; the two must agree in distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bigloop.simulators.sei.barriers import TEMPERATURE_K, Barriers
from bigloop.simulators.sei.lattice import Lattice
from bigloop.simulators.sei.model import (
    CLUSTER_DECAY,
    TUNNEL_ROWS,
    Event,
    Species,
    rules,
)

Site = tuple[int, int]
DIRECTIONS: tuple[Site, ...] = ((0, 1), (0, -1), (1, 0), (-1, 0))
S = Species
_PLAIN = {
    (S.ELECTRODE, S.SOLVENT): Event.REDUCE_AT_ELECTRODE,
    (S.ELECTRODE, S.RADICAL): Event.DEPOSIT_AT_ELECTRODE,
    (S.RADICAL, S.RADICAL): Event.DIMERISE,
    (S.MONOMER, S.MONOMER): Event.PAIR_UP,
    (S.PAIR, S.PAIR): Event.PAIRS_NUCLEATE,
    (S.MONOMER, S.CLUSTER): Event.MONOMER_JOINS,
    (S.PAIR, S.CLUSTER): Event.PAIR_JOINS,
    (S.RADICAL, S.ABSORBER): Event.RADICAL_ESCAPES,
    (S.PAIR, S.ABSORBER): Event.PAIR_ESCAPES,
    (S.MONOMER, S.ABSORBER): Event.MONOMER_ESCAPES,
    (S.MONOMER, S.SOLVENT): Event.MONOMER_MOVES,
    (S.RADICAL, S.SOLVENT): Event.RADICAL_MOVES,
}
"""Events of a site and its neighbour that depend on nothing else."""


@dataclass(frozen=True, slots=True)
class Possible:
    """One event that may happen now."""

    event: Event
    rate: float
    sites: tuple[Site, ...]
    """The site and its neighbour; for a cluster one site of it, and of the other."""
    shift: Site = (0, 0)


class Reference:
    """A run that lists its events anew at every step.

    Args:
        barriers: of events 1 to 15 [eV].
        version: the rules, `v1` or `v2`.
        start: the lattice to begin with; that of the rules when left out.
        seed: of NumPy's generator.
        temperature_K: of the rates.

    Raises:
        SpecError: the rules are unknown.
    """

    def __init__(
        self,
        barriers: Barriers | None = None,
        version: str = "v1",
        start: Lattice | None = None,
        seed: int = 0,
        temperature_K: float = TEMPERATURE_K,
    ) -> None:
        self.rules = rules(version)
        lattice = start or Lattice.initial(self.rules.shape)
        self.species = lattice.species.astype(int)
        self.rates = (barriers or Barriers()).rates(temperature_K)
        self.random = np.random.default_rng(seed)
        self.time_s, self.n_events = 0.0, 0
        columns = self.species.shape[1]
        self.partner: dict[Site, Site] = {}
        self.cluster: dict[Site, set[Site]] = {}
        for site in np.argwhere(self.species == S.PAIR):
            other = divmod(int(lattice.partner[*site]), columns)
            self.partner[int(site[0]), int(site[1])] = other
        for owner in np.unique(lattice.owner[lattice.owner >= 0]):
            sites = {(int(r), int(c)) for r, c in np.argwhere(lattice.owner == owner)}
            self.cluster.update(dict.fromkeys(sites, sites))

    def step(self, until_time: float = math.inf) -> Possible | None:
        """One event; none when nothing can happen, or not before `until_time`."""
        events = list(self.possible())
        total = sum(event.rate for event in events)
        if total == 0:
            return None
        self.time_s += self.random.exponential(1 / total)
        if self.time_s > until_time:
            self.time_s = until_time
            return None
        weights = np.array([event.rate for event in events]) / total
        chosen = events[self.random.choice(len(events), p=weights)]
        self.apply(chosen)
        self.n_events += 1
        return chosen

    def possible(self) -> Iterator[Possible]:
        """Every event that may happen, with its rate."""
        for row, column in np.argwhere(self.species != S.SOLVENT):
            yield from self._of_site((int(row), int(column)))
        seen: set[int] = set()
        for sites in self.cluster.values():
            if id(sites) not in seen:
                seen.add(id(sites))
                yield from self._of_cluster(sites)

    def _of_site(self, site: Site) -> Iterator[Possible]:
        for other in self._around(site):
            kinds = (S(self.species[site]), S(self.species[other]))
            event = _PLAIN.get(kinds)
            if kinds == (S.PAIR, S.PAIR) and self.partner[site] == other:
                continue
            if event is not None:
                yield Possible(event, self.rates[event], (site, other))
            else:
                yield from self._of_contact(site, other, kinds)

    def _of_contact(
        self, site: Site, other: Site, kinds: tuple[Species, Species]
    ) -> Iterator[Possible]:
        reduce, deposit = Event.REDUCE_AT_SEI, Event.DEPOSIT_AT_SEI
        low = max(site[0], other[0]) <= TUNNEL_ROWS
        if kinds == (S.INORGANIC, S.SOLVENT):
            if other[0] <= self.rules.reduction_rows:
                yield Possible(reduce, self.rates[reduce], (site, other))
        elif kinds == (S.INORGANIC, S.RADICAL):
            if other[0] <= TUNNEL_ROWS:
                yield Possible(deposit, self.rates[deposit], (site, other))
        elif kinds == (S.MONOMER, S.PAIR):
            for _ in range(self.rules.nucleation_channels):
                nucleate = Event.NUCLEATE
                yield Possible(nucleate, self.rates[nucleate], (site, other))
        elif kinds == (S.PAIR, S.SOLVENT):
            turns = [s for s in self._around(other) if self.species[s] == S.SOLVENT]
            for turn in turns:
                rate = self.rates[Event.PAIR_MOVES] / len(turns)
                yield Possible(Event.PAIR_MOVES, rate, (site, other, turn))
        elif kinds[0] == S.CLUSTER and low and self._is_attached(self.cluster[site]):
            if kinds[1] == S.SOLVENT:
                yield Possible(reduce, self.rates[reduce], (site, other))
            elif kinds[1] == S.RADICAL:
                for _ in range(2):
                    yield Possible(deposit, self.rates[deposit], (site, other))

    def _of_cluster(self, sites: set[Site]) -> Iterator[Possible]:
        touched = {
            S(self.species[other])
            for site in sites
            for other in self._around(site)
            if other not in sites
        }
        one = min(sites)
        is_free = True
        can_escape: bool = S.ABSORBER in touched and S.ELECTRODE not in touched
        if self.rules.is_second_version:
            is_free = not self._is_attached(sites)
            can_escape = can_escape and is_free
        elif touched & {S.MONOMER, S.PAIR}:
            is_free = can_escape = False
        elif touched & {S.ABSORBER, S.INORGANIC}:
            is_free = False
        if can_escape:
            escape = Event.CLUSTER_ESCAPES
            yield Possible(escape, self.rates[escape], (one,))
        if is_free:
            yield from self._of_free_cluster(sites, one)

    def _of_free_cluster(self, sites: set[Site], one: Site) -> Iterator[Possible]:
        rate = self.rates[Event.CLUSTER_MOVES]
        if not self.rules.is_second_version:
            rate *= math.exp(-len(sites) / CLUSTER_DECAY)
        for shift in DIRECTIONS:
            moved = {(r + shift[0], c + shift[1]) for r, c in sites}
            front = sorted(moved - sites)
            inside = [site for site in front if self._is_inside(site)]
            if len(inside) == len(front) and all(
                self.species[site] == S.SOLVENT for site in front
            ):
                yield Possible(Event.CLUSTER_MOVES, rate, (one,), shift)
            others = [site for site in inside if self.species[site] == S.CLUSTER]
            if others:
                merge = Event.CLUSTERS_MERGE
                yield Possible(merge, self.rates[merge], (one, others[0]))

    def apply(self, chosen: Possible) -> None:
        """Change the lattice by an event."""
        event, sites = chosen.event, chosen.sites
        if event in (Event.REDUCE_AT_ELECTRODE, Event.REDUCE_AT_SEI):
            self.species[sites[1]] = S.RADICAL
        elif event in (Event.DEPOSIT_AT_ELECTRODE, Event.DEPOSIT_AT_SEI):
            self.species[sites[1]] = S.INORGANIC
        elif event == Event.DIMERISE:
            keep = int(self.random.integers(2))
            self.species[sites[keep]] = S.MONOMER
            self.species[sites[1 - keep]] = S.SOLVENT
        elif event == Event.PAIR_UP:
            self._bond(sites[0], sites[1])
        elif event == Event.PAIR_MOVES:
            self._empty({sites[0], self.partner[sites[0]]})
            self._bond(sites[1], sites[2])
        elif event in (Event.MONOMER_MOVES, Event.RADICAL_MOVES):
            self.species[sites[1]] = self.species[sites[0]]
            self.species[sites[0]] = S.SOLVENT
        elif event == Event.CLUSTER_MOVES:
            old = self.cluster[sites[0]]
            self._empty(old)
            self._join({(r + chosen.shift[0], c + chosen.shift[1]) for r, c in old})
        elif event.name.endswith("ESCAPES"):
            self._empty(self._molecule(sites[0]))
        else:
            self._join(self._molecule(sites[0]) | self._molecule(sites[1]))

    def _molecule(self, site: Site) -> set[Site]:
        if site in self.partner:
            return {site, self.partner[site]}
        return self.cluster.get(site, {site})

    def _bond(self, one: Site, other: Site) -> None:
        self.species[one] = self.species[other] = S.PAIR
        self.partner[one], self.partner[other] = other, one

    def _join(self, sites: set[Site]) -> None:
        for site in sites:
            self.partner.pop(site, None)
            self.species[site] = S.CLUSTER
            self.cluster[site] = sites

    def _empty(self, sites: set[Site]) -> None:
        for site in sites:
            self.partner.pop(site, None)
            self.cluster.pop(site, None)
            self.species[site] = S.SOLVENT

    def _is_attached(self, sites: set[Site]) -> bool:
        if not self.rules.is_second_version:
            return False
        touched = {self.species[o] for site in sites for o in self._around(site)}
        return bool(touched & {S.ELECTRODE, S.INORGANIC})

    def _around(self, site: Site) -> list[Site]:
        shifted = [(site[0] + r, site[1] + c) for r, c in DIRECTIONS]
        return [other for other in shifted if self._is_inside(other)]

    def _is_inside(self, site: Site) -> bool:
        rows, columns = self.species.shape
        return bool(0 <= site[0] < rows and 0 <= site[1] < columns)
