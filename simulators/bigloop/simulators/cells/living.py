"""One cell through all phases of its life, cycle by cycle checked as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bigloop.contracts import FailureClass
from bigloop.simulators.cells.jump import N_WARM, Account, CycleError, Jumper
from bigloop.simulators.cells.life_verdict import cycle_doubt, life_doubt, values_doubt
from bigloop.simulators.cells.lifecycle import Cycling, LifeCycle, TimeIsUp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

N_CHECK = 2
"""Cycles of a check-up: in the first the profiles settle, the second is read."""


class Doubtful(CycleError):
    """A cycle was solved, and its result cannot be believed.

    After a jump the jump is at fault, and is taken back.
    """

    def __init__(self, failure: FailureClass, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What became of a cell: the solved cycles of ageing, by number."""

    cycles: tuple[tuple[int, LifeCycle], ...]
    account: Account
    checks: tuple[tuple[int, LifeCycle], ...] = ()
    """Cycles of check-ups, by the number of the cycle that they followed; 0: of the
    new cell."""
    failure: FailureClass | None = None
    reason: str = ""
    longest_step_s: float = 0.0

    @property
    def reference_Ah(self) -> float:
        """Of the first check-up, or the largest capacity of the first `N_WARM` cycles.

        Not that of the first: a cell that comes from rest gives a little less in it.
        """
        if self.checks:
            return self.checks[0][1].capacity_Ah
        return max(c.capacity_Ah for n, c in self.cycles if n <= N_WARM)

    def values(self, age: int) -> dict[str, float]:
        """The observables after `age` cycles; capacity and resistance of its check-up.

        Raises:
            KeyError: that cycle was jumped over, or not reached.
        """
        end = dict(self.cycles)[age].end
        found = dict(self.checks or self.cycles)[age]
        return {
            "capacity": found.capacity_Ah,
            "capacity_loss": 100 * (1 - found.capacity_Ah / self.reference_Ah),
            "lithium_loss": float(end.lli[0]),
            "sei_thickness": 1e9 * float(end.sei.mean()),
            "plated_lithium": float(end.plating[0]),
            "porosity": float(end.porosity[-1]),
            "resistance": found.resistance_ohm,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A protocol, and the cycle of ageing up to which it holds."""

    until: int
    cycling: Cycling


def live(
    phases: Sequence[Phase],
    ages: Sequence[int],
    tolerance: float,
    check: Cycling | None = None,
) -> Life:
    """Formation, then ageing to the last of `ages`, each cycle checked as it comes.

    Args:
        phases: in order; the last holds up to the last of `ages` at least.
        ages: cycles that are among the solved ones, rising.
        tolerance: of a jump.
        check: protocol of the check-ups, at 0 and at every age; none: there are none.
    """
    course = _Course(ages=ages, tolerance=tolerance, check=check)
    failure, reason = None, ""
    try:
        course.run(phases)
    except TimeIsUp as error:
        failure = FailureClass.TIMEOUT
        reason = f"the time limit passed {error}"
    except Doubtful as error:
        failure, reason = error.failure, str(error)
    except CycleError as error:
        failure, reason = FailureClass.SOLVER, str(error)
    cyclings = [phase.cycling for phase in phases] + ([check] if check else [])
    return replace(
        course.life,
        failure=failure,
        reason=reason,
        longest_step_s=max(cycling.longest_s for cycling in cyclings),
    )


@dataclass(kw_only=True)
class _Course:
    """A life as it comes about."""

    ages: Sequence[int]
    tolerance: float
    check: Cycling | None
    account: Account = field(default_factory=Account)
    cycles: list[tuple[int, LifeCycle]] = field(default_factory=list)
    checks: list[tuple[int, LifeCycle]] = field(default_factory=list)

    @property
    def life(self) -> Life:
        return Life(
            cycles=tuple(self.cycles), checks=tuple(self.checks), account=self.account
        )

    def run(self, phases: Sequence[Phase]) -> None:
        y, _ = phases[0].cycling.formed()
        self._look(y, 0, N_WARM)
        began = 0
        for phase in phases:
            y = self._age(y, phase, began)
            began = phase.until
        if self.check is None:
            self._judge(self.ages[-1])

    def _age(self, y: Vector, phase: Phase, began: int) -> Vector:
        end = min(phase.until, self.ages[-1])
        stops = {age for age in self.ages if began < age <= end} | {end}
        for solved in self._jumper(phase.cycling, began).run(
            y, sorted(stop - began for stop in stops if stop > began)
        ):
            y, number = solved.y, began + solved.number
            self.cycles.append((number, solved.record))
            if doubt := life_doubt(self.cycles[-2:]):
                raise Doubtful(*doubt)
            if number in self.ages:
                self._look(y, number, N_CHECK)
        return y

    def _jumper(self, cycling: Cycling, began: int) -> Jumper[LifeCycle]:
        return Jumper[LifeCycle](
            cycle=lambda y, number: _checked(cycling, y, began + number),
            slow=lambda y: _slow(cycling, y),
            is_admissible=lambda y: _is_cell(cycling, y),
            tolerance=self.tolerance,
            account=self.account,
        )

    def _look(self, y: Vector, number: int, n: int) -> None:
        """A check-up of a copy of the cell, which ages on as if there was none."""
        if self.check is None:
            return
        for _ in range(n):
            y, record = _checked(self.check, y, number)
        self.checks.append((number, record))
        if number:
            self._judge(number)

    def _judge(self, age: int) -> None:
        if doubt := values_doubt(self.life.values(age)):
            raise Doubtful(*doubt)


def _checked(cycling: Cycling, y: Vector, number: int) -> tuple[Vector, LifeCycle]:
    after, record = cycling.cycle(y, number)
    doubt = cycle_doubt(record, cycling.protocol, cycling.stepper.nominal_Ah)
    if doubt is not None:
        raise Doubtful(doubt[0], f"cycle {number}: {doubt[1]}")
    return after, record


def _slow(cycling: Cycling, y: Vector) -> Vector:
    """What ages, each over the change below which it does not matter."""
    import numpy as np

    state, capacity_mol = cycling.read(y), cycling.stepper.nominal_Ah * 3600 / 96485
    return np.array(
        [
            state.taken[0] / (1e-5 * capacity_mol),
            state.sei.mean() / 1e-11,
            state.porosity.mean() / 1e-5,
            state.plating[0] / (1e-5 * cycling.stepper.nominal_Ah),
            state.crack.mean() / 1e-11,
        ]
    )


def _is_cell(cycling: Cycling, y: Vector) -> bool:
    import numpy as np

    state = cycling.read(y)
    return bool(
        np.isfinite(y).all()
        and state.electrolyte.min() > 0
        and state.porosity.min() > 0
        and 0 < state.negative.min() <= state.negative.max() < 1
        and 0 < state.positive.min() <= state.positive.max() < 1
    )
