"""SEI growth by the fast kernel: seeded, stopped by time, events or exhaustion."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.sei.barriers import TEMPERATURE_K, Barriers
from bigloop.simulators.sei.lattice import Lattice
from bigloop.simulators.sei.layout import (
    ENDED,
    N_EVENTS,
    N_TRIALS,
    PENDING,
    TIME,
)
from bigloop.simulators.sei.model import Event, check_shape, rules

_NEVER = 1 << 62


class End(StrEnum):
    """Why a run stopped."""

    TIME = "time"
    EVENTS = "events"
    EXHAUSTED = "exhausted"
    """No event is possible any more: the clock has no next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The lattice at one moment."""

    lattice: NDArray[np.uint8]
    """`rows x columns`, codes of `Species`, row 0 the electrode."""
    time_s: float
    n_events: int
    end: End


class Growth:
    """One run of the model; it may be continued.

    Running on in chunks gives the same bits as one run, and so do two machines.

    Args:
        barriers: of events 1 to 15 [eV].
        version: the rules, `v1` or `v2`.
        shape: rows x columns, electrode and absorber included; the published one of the
            rules when left out.
        seed: of this run's own generator (xoroshiro128+).
        temperature_K: of the rates.
        start: a lattice to begin with instead of solvent; it gives the shape.

    Raises:
        SpecError: the version, shape, seed or temperature cannot be.
    """

    def __init__(
        self,
        barriers: Barriers | None = None,
        version: str = "v1",
        shape: tuple[int, int] | None = None,
        seed: int = 0,
        temperature_K: float = TEMPERATURE_K,
        start: Lattice | None = None,
    ) -> None:
        from bigloop.simulators.sei import arrays

        if isinstance(seed, bool) or not isinstance(seed, int):
            raise SpecError(f"seed: {seed!r}: give a whole number")
        self._rules = rules(version)
        lattice = start or Lattice.initial(shape or self._rules.shape)
        rows, columns = lattice.species.shape
        self.shape = check_shape((rows, columns))
        rates = (barriers or Barriers()).rates(temperature_K)
        self._law = arrays.law(self._rules, rates, self.shape)
        self._book = arrays.build(lattice, self._rules, self._law.listed, seed)
        self._end = End.EVENTS

    def run(
        self, *, events: int | None = None, time_s: float | None = None
    ) -> Snapshot:
        """Go on until that number of events or that time, counted from the start.

        With neither it goes on until exhaustion, which may never come.

        Raises:
            SpecError: a limit is negative or not a number.
        """
        from bigloop.simulators.sei.kernel import run

        until_event = _NEVER if events is None else _whole("events", events)
        until_time = math.inf if time_s is None else _time(time_s)
        run(self._book, self._law, until_event, until_time)
        if self._book.ints[ENDED]:
            self._end = End.EXHAUSTED
        elif self._book.ints[PENDING] and self.n_events < until_event:
            self._end = End.TIME
        else:
            self._end = End.EVENTS
        return self.snapshot()

    def trajectory(
        self, *, events: Sequence[int] = (), times_s: Sequence[float] = ()
    ) -> Iterator[Snapshot]:
        """Snapshots at event counts or at times, in increasing order; one is given.

        After exhaustion nothing changes any more: the rest are alike.

        Raises:
            SpecError: both or neither are given, or they do not increase.
        """
        if bool(len(events)) == bool(len(times_s)):
            raise SpecError("trajectory: give either events or times_s")
        marks: list[float] = [*events, *times_s]
        if any(a > b for a, b in pairwise(marks)):
            raise SpecError("trajectory: give events or times in increasing order")
        for mark in marks:
            if len(events):
                yield self.run(events=int(mark))
            else:
                yield self.run(time_s=float(mark))

    def snapshot(self) -> Snapshot:
        """The present state."""
        return Snapshot(
            lattice=self.lattice().species,
            time_s=self.time_s,
            n_events=self.n_events,
            end=self._end,
        )

    def lattice(self) -> Lattice:
        """Species, pairs and clusters as they stand."""
        from bigloop.simulators.sei.arrays import lattice_of

        return lattice_of(self._book, self.shape)

    @property
    def time_s(self) -> float:
        """Simulated time [s]."""
        return float(self._book.times[TIME])

    @property
    def n_events(self) -> int:
        """Events executed; null events of the thinning are not among them."""
        return int(self._book.ints[N_EVENTS])

    @property
    def n_null_events(self) -> int:
        """Trials that the thinning turned down; they cost time, simulated and real."""
        return int(self._book.ints[N_TRIALS]) - self.n_events

    @property
    def counts(self) -> dict[Event, int]:
        """How often each event was executed."""
        return {event: int(self._book.counts[event]) for event in Event}


def _whole(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SpecError(f"{name}: {value!r}: give a whole number, 0 or more")
    return value


def _time(value: float) -> float:
    if math.isnan(value) or value < 0:
        raise SpecError(f"time_s: {value!r}: give seconds, 0 or more")
    return float(value)
