"""The cycle jumping alone, on maps whose lives are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bigloop.contracts import FailureClass
from bigloop.simulators.cells import jump
from bigloop.simulators.cells.jump import CycleError, Jumper, Solved
from bigloop.simulators.cells.living import Doubtful

Vector = np.ndarray[Any, np.dtype[np.float64]]
EVERY = np.array([1.0, 1.0, 0.0])


def film(y: Vector, number: int) -> tuple[Vector, float]:
    """A film that grows as 1/thickness, the lithium it takes, and a fast remnant."""
    thickness, lithium, fast = y
    grown = 0.01 / thickness
    capacity = lithium - 0.1 * fast
    return np.array([thickness + grown, lithium - grown, 0.01 * fast]), capacity


def jumper(tolerance: float, cycle: Any = film, **changes: Any) -> Jumper[float]:
    options: dict[str, Any] = {
        "cycle": cycle,
        "slow": lambda y: 1e6 * y[:2],
        "is_admissible": lambda y: bool(y[1] > 0),
        "tolerance": tolerance,
    }
    return Jumper[float](**{**options, **changes})


def start() -> Vector:
    return np.array([1.0, 10.0, 0.5])


def last(solved: list[Solved[float]]) -> Solved[float]:
    return solved[-1]


def test_without_tolerance_every_cycle_is_solved() -> None:
    by_hand, y = [], start()
    for number in range(1, 31):
        y, record = film(y, number)
        by_hand.append(record)
    solved = list(jumper(0.0).run(start(), [30]))
    assert [s.number for s in solved] == list(range(1, 31))
    assert [s.record for s in solved] == by_hand


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-4])
def test_the_error_stays_below_the_tolerance(tolerance: float) -> None:
    """Closed form for small growth: thickness^2 = 1 + 2 a n; and the map itself."""
    full = last(list(jumper(0.0).run(start(), [500])))
    one = jumper(tolerance)
    jumped = last(list(one.run(start(), [500])))
    change = full.y[0] - 1.0
    assert abs(jumped.y[0] - full.y[0]) < one.account.n_jumps * tolerance * change
    assert jumped.y[0] == pytest.approx((1 + 2 * 0.01 * 500) ** 0.5, rel=2e-2)
    assert one.account.n_solved < 250


def test_tighter_is_nearer() -> None:
    full = last(list(jumper(0.0).run(start(), [500]))).y[0]
    errors = [
        abs(last(list(jumper(t).run(start(), [500]))).y[0] - full)
        for t in (1e-2, 1e-3, 1e-4)
    ]
    assert errors[0] > errors[1] > errors[2]


def test_what_is_conserved_stays_so() -> None:
    for solved in jumper(1e-2).run(start(), [1000]):
        assert solved.y[0] + solved.y[1] == pytest.approx(11.0, rel=1e-12)


def test_constant_rates_are_jumped_exactly() -> None:
    def line(y: Vector, number: int) -> tuple[Vector, float]:
        return y + np.array([0.01, -0.01, 0.0]), float(y[0])

    one = jumper(1e-3, cycle=line)
    solved = list(one.run(start(), [900]))
    assert last(solved).number == 900
    assert last(solved).y[0] == pytest.approx(10.0, rel=1e-9)
    assert one.account.n_solved < 25


def test_asked_ages_are_solved() -> None:
    ages = [1, 7, 50, 51, 333]
    numbers = [s.number for s in jumper(1e-2).run(start(), ages)]
    assert set(ages) <= set(numbers)
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 333


def test_what_a_jump_disturbs_has_settled_at_the_asked_ages() -> None:
    """A fast quantity scatters by 1e-7, which a jump multiplies by its length."""

    def scattering(y: Vector, number: int) -> tuple[Vector, float]:
        after, _ = film(y, number)
        after[2] += 1e-7 * np.sin(7.0 * number)
        return after, float(after[2])

    new = np.array([1.0, 10.0, 0.0])
    full = {s.number: s for s in jumper(0.0, cycle=scattering).run(new, [100])}
    jumped = {s.number: s for s in jumper(1e-2, cycle=scattering).run(new, [60, 100])}
    assert len(jumped) < 30
    for age in (60, 100):
        assert jumped[age].record == pytest.approx(full[age].record, abs=3e-7)


def test_no_short_jump_is_left_over() -> None:
    """In room for the first 8 cycles and one more, one jump is made of 9."""
    ages = [jump.N_WARM + 9 + jump.N_SOLVED + jump.N_ASKED]
    one = jumper(1e-2)
    assert last(list(one.run(start(), ages))).number == ages[0]
    assert (one.account.n_jumps, one.account.longest) == (1, 9)


def test_a_knee_shortens_the_jumps() -> None:
    """Growth that doubles every 20 cycles after cycle 200."""

    def knee(y: Vector, number: int) -> tuple[Vector, float]:
        grown = 1e-3 * (1 + 2 ** ((number - 200) / 20))
        return y + np.array([grown, -grown, 0.0]), float(y[1])

    full = last(list(jumper(0.0, cycle=knee).run(start(), [300]))).y[1]
    one = jumper(1e-3, cycle=knee)
    jumped = last(list(one.run(start(), [300]))).y[1]
    assert jumped == pytest.approx(full, rel=1e-2)
    assert one.account.n_rejected > 0


@pytest.mark.parametrize(
    "error", [CycleError("cycle 41"), Doubtful(FailureClass.CHEMISTRY, "cycle 41")]
)
def test_a_jump_into_nothing_is_taken_back(error: CycleError) -> None:
    """A cycle that fails past cycle 40 is reached one by one, and then told.

    Be it that it cannot be solved, or that its result cannot be believed.
    """

    def ends(y: Vector, number: int) -> tuple[Vector, float]:
        if number > 40:
            raise error
        return film(y, number)

    solved: list[Solved[float]] = []
    with pytest.raises(type(error), match="cycle 41"):
        solved.extend(jumper(1e-1, cycle=ends).run(start(), [500]))
    assert last(solved).number == 40


def test_a_state_that_is_no_cell_is_not_jumped_to() -> None:
    seen = []

    def watched(y: Vector, number: int) -> tuple[Vector, float]:
        seen.append(y[0])
        return film(y, number)

    one = jumper(1.0, cycle=watched, is_admissible=lambda y: bool(y[0] < 1.3))
    list(one.run(start(), [60]))
    assert one.account.n_rejected > 0
    assert last(list(jumper(0.0).run(start(), [60]))).y[0] == pytest.approx(
        max(seen), rel=0.02
    )
