from __future__ import annotations

import numpy as np

from bigloop.simulators.sei import Barriers, End, measure
from bigloop.simulators.sei.published import STORED_EVERY, replay

# A published run of the thin, empty class: finished with one layer of Li2CO3.
EMPTY = Barriers(
    e1=0.30, e2=0.46, e3=0.33, e4=0.33, e5=0.70, e6=0.55, e7=0.72, e8=0.55,
    e9=0.55, e10=0.55, e11=0.55, e12=0.48, e13=0.35, e14=0.42, e15=0.45,
)  # fmt: skip


def test_the_stored_state_is_a_multiple_before_the_end() -> None:
    stored, last = replay(EMPTY, seed=1, max_events=1050)
    assert (stored.n_events, last.n_events) == (1000, 1050)
    assert stored.n_events % STORED_EVERY == 0
    assert stored.time_s < last.time_s
    again, _ = replay(EMPTY, seed=1, max_events=1050)
    np.testing.assert_array_equal(again.lattice, stored.lattice)


def test_a_run_ends_with_reduction_still_possible() -> None:
    _, last = replay(EMPTY, seed=1, max_events=300_000)
    assert last.end is End.EXHAUSTED
    # Li2CO3 beside solvent within the reach of electrons: event 2 is possible.
    beside = (last.lattice[1:4] == 4) & (last.lattice[2:5] == 0)
    assert beside.any()
    assert measure(last.lattice)["in_flux"][0] <= 4
