"""Adaptive extrapolation over cycles of the state of a cell: few solved, many jumped.

The idea is that of [Sulzer2021]_: what ages a cell moves little in one cycle, so the
change per cycle is a rate of which an integrator with error control takes long steps.

Here the state is the whole vector of the cell at the end of a cycle, `y_n`, and one
solved cycle is the map `P`. The rate `r(n + 1/2) = P(y_n) - y_n` is measured on solved
cycles; a polynomial through the last rates, summed over the cycles that are left out,
moves the state on:

    y_{n+N} = y_n + sum_{j=1..N} p(n + j - 1/2)

The step is linear in `y`, so what is conserved and linear, such as moles of lithium,
stays conserved. A straight line through the last two rates predicts; one cycle is
solved to let what is fast (profiles of concentration) settle, and one to measure the
new rate; then a parabola through three rates corrects the prediction. That disturbs
what is fast once more, by what little was left of it in the rates times the length of
the jump, so that a cycle that is asked for comes after another one. The difference
between parabola and trapezoid, over the change that is expected by the asked age, is
the error that is held below the tolerance: that of the trapezoid, and so more than that
of the parabola, with which the state goes on.

.. [Sulzer2021] Sulzer, Mohtat, Pannala, Siegel, Stefanopoulou, J. Electrochem. Soc.
   168, 120531 (2021), doi:10.1149/1945-7111/ac3e48
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

Record = TypeVar("Record")
N_WARM = 3
"""Cycles solved at the start: what came before (formation) has settled after one, and
the other two give two rates."""
FIRST_JUMP, SHORTEST_JUMP = 8, 3
GROWTH = 3.0
"""At most, from one jump to the next; a jump is cut to no less than a third."""
SAFETY = 0.8
"""Of the length at which the error should reach the tolerance; it is not left where
all of that length leads up to the asked age."""
N_SOLVED = 2
"""Cycles that are solved after a jump: one to settle, one to measure."""
N_ASKED = 2
"""Cycles solved after the correction of the last jump: one to settle, the asked one."""


class CycleError(Exception):
    """A cycle could not be solved; the integrator tries a shorter jump before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved(Generic[Record]):
    """A cycle that was solved, not jumped."""

    number: int
    record: Record
    y: Vector = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Account:
    """What the integrator did."""

    n_solved: int = 0
    n_jumps: int = 0
    n_rejected: int = 0
    longest: int = 0
    error: float = 0.0
    """Sum of the estimated errors of the jumps, each relative to the change up to the
    asked age as it was expected then."""


@dataclass(kw_only=True)
class Jumper(Generic[Record]):
    """Runs cycles up to the asked ages, and solves as few as the tolerance allows.

    Args:
        cycle: the map of one cycle, with the number of the cycle; raises `CycleError`.
        slow: what the error is measured in: a vector of quantities that only ageing
            moves, from the state, each over the change below which it does not matter.
        is_admissible: whether a jumped state can be a cell at all.
        tolerance: of the error of one jump, relative to the change of each slow
            quantity from the start to the asked age; 0: every cycle is solved.
    """

    cycle: Callable[[Vector, int], tuple[Vector, Record]]
    slow: Callable[[Vector], Vector]
    is_admissible: Callable[[Vector], bool]
    tolerance: float
    account: Account = field(default_factory=Account)

    def run(self, y: Vector, ages: Sequence[int]) -> Iterator[Solved[Record]]:
        """The solved cycles in order; those numbered as in `ages` are among them.

        Raises:
            CycleError: of a cycle that no jump came before.
        """
        self._rates: list[tuple[float, Vector]] = []
        self._origin, self._y, self._number = self.slow(y), y, 0
        self._wait, self._is_settled = 0, True
        length = FIRST_JUMP
        for age in sorted(ages):
            while self._number < age:
                room = age - self._number - N_SOLVED - N_ASKED
                if not self._may_jump(room):
                    yield self._solve()
                    continue
                if room < length / SAFETY:
                    length = room
                length, solved = self._jump(length, age)
                yield from solved

    def _may_jump(self, room: int) -> bool:
        warm = self.tolerance > 0 and len(self._rates) >= N_WARM
        return warm and not self._wait and room >= SHORTEST_JUMP

    def _solve(self) -> Solved[Record]:
        y, record = self._cycle(self._y, self._number + 1)
        if self._is_settled:
            self._rates.append((self._number + 0.5, y - self._y))
            self._rates = self._rates[-N_WARM:]
        self._is_settled = True
        self._y, self._number = y, self._number + 1
        self._wait = max(0, self._wait - 1)
        return Solved(number=self._number, record=record, y=y)

    def _cycle(self, y: Vector, number: int) -> tuple[Vector, Record]:
        self.account.n_solved += 1
        return self.cycle(y, number)

    def _jump(self, length: int, age: int) -> tuple[int, list[Solved[Record]]]:
        """The length for the next jump, and the cycles solved after this one."""
        tried = self._try(length, age)
        if tried is None:
            self.account.n_rejected += 1
            return self._shorter(length, length // 3)
        solved, y, rate, error = tried
        scale = SAFETY * (self.tolerance / max(error, 1e-12)) ** (1 / 3)
        following = int(length * min(GROWTH, max(1 / GROWTH, scale)))
        if error > self.tolerance:
            self.account.n_rejected += 1
            return self._shorter(length, following)
        self._y, self._number, self._is_settled = y, solved[-1].number, False
        self._rates = [*self._rates[-2:], rate]
        self.account.n_jumps += 1
        self.account.longest = max(self.account.longest, length)
        self.account.error += error
        return max(SHORTEST_JUMP, following), solved

    def _shorter(self, length: int, following: int) -> tuple[int, list[Solved[Record]]]:
        """What to do after a jump that was refused: less, or cycles one by one."""
        if length > SHORTEST_JUMP:
            return max(SHORTEST_JUMP, min(following, length - 1)), []
        self._wait = N_WARM
        return FIRST_JUMP, []

    def _try(
        self, length: int, age: int
    ) -> tuple[list[Solved[Record]], Vector, tuple[float, Vector], float] | None:
        """Predict, settle, measure, correct; none: the jump leads nowhere."""
        last = self._rates[-2:]
        jumped = [self._number + j - 0.5 for j in range(1, length + 1)]
        predicted = _sum(last, jumped)
        start = self._y + predicted
        if not self.is_admissible(start):
            return None
        number = self._number + length
        try:
            settled, first = self._cycle(start, number + 1)
            end, second = self._cycle(settled, number + 2)
        except CycleError:
            return None
        rate = (number + 1.5, end - settled)
        trapezoid = _sum([last[-1], rate], jumped)
        parabola = _sum([*last, rate], jumped)
        y = end + parabola - predicted
        if not self.is_admissible(y):
            return None
        left = (age - number) / length
        error = self._error(self._y + trapezoid, self._y + parabola, left)
        solved = [
            Solved(number=number + 1, record=first, y=settled),
            Solved(number=number + 2, record=second, y=y),
        ]
        return solved, y, rate, error

    def _error(self, one: Vector, other: Vector, left: float) -> float:
        """`left`: how many times the way of this jump lies ahead after it."""
        import numpy as np

        a, b, here = self.slow(one), self.slow(other), self.slow(self._y)
        expected = np.abs(b - self._origin) + left * np.abs(b - here)
        return float(np.max(np.abs(a - b) / np.maximum(expected, 1.0)))


def _sum(rates: Sequence[tuple[float, Vector]], ages: Sequence[float]) -> Vector:
    """The polynomial through `rates`, summed over `ages` (Lagrange)."""
    total = 0.0 * rates[0][1]
    for i, (here, rate) in enumerate(rates):
        weight = 0.0
        for age in ages:
            basis = 1.0
            for j, (other, _) in enumerate(rates):
                if j != i:
                    basis *= (age - other) / (here - other)
            weight += basis
        total += weight * rate
    return total
