r"""Uniform draws from designs within bounds, compositions and linear constraints.

A bounded simplex, cut by half-spaces, has no closed form to draw from, and rejection
fails where the set is thin. Here many independent chains of hit-and-run [Smith1984]_
go on together: each step draws a direction and goes uniformly along its chord. Half of
the directions move one parameter, or exchange a part between two components; the others
follow the covariance of the chains, so that a set that is thin in some directions is
crossed in as few steps as a round one [Lovasz2006]_. Of compositions alone the first
kind is enough, see `compositions`. The chains begin at random means
of vertices, which linear programs find.

.. [Smith1984] Smith: Efficient Monte Carlo procedures for generating points uniformly
   distributed over bounded regions. Oper. Res. 32 (1984) 1296.
.. [Lovasz2006] Lovász, Vempala: Hit-and-run from a corner. SIAM J. Comput. 35 (2006)
   985.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts.compositions import SWEEPS
from bigloop.contracts.linear import linear_form

if TYPE_CHECKING:
    from bigloop.contracts.campaign import Campaign

Array = NDArray[np.float64]
_ROOM = 1e-6
"""Radius of the largest ball that must fit inside, as a share of the ranges."""
_CHAINS = 64
_STEPS = 16
"""Of each chain for every parameter, before the covariance is known and after."""
_TOUCH, _STILL = 1e-12, 1e-9
"""Distance from a bound below which a point is on it, and rate per distance that counts
as none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a constraint says of a weighted sum: `at_least <= weights x <= at_most`."""

    weights: tuple[tuple[str, float], ...]
    at_least: float = -np.inf
    at_most: float = np.inf


class Polytope:
    """All values of some numbers within their ranges that keep sums and inequalities.

    Args:
        ranges: lowest and highest value by name.
        totals: what some of them add up to, each name in one sum at most.
        rows: the inequalities.

    Attributes:
        names: of the numbers, in order; a point is an array in this order.
    """

    def __init__(
        self,
        ranges: Mapping[str, tuple[float, float]],
        totals: Sequence[tuple[Sequence[str], float]] = (),
        rows: Sequence[Row] = (),
    ) -> None:
        self.names = list(ranges)
        self._ranges, self._totals = ranges, totals
        self._low, self._high = np.array(list(ranges.values()), dtype=float).T
        self._span = self._high - self._low
        d = len(self.names)
        place = {name: i for i, name in enumerate(self.names)}
        self._groups = [np.array([place[n] for n in names]) for names, _ in totals]
        # In shares of the ranges: equal @ z = amount, less @ z <= most.
        self._equal = np.zeros((len(totals), d))
        self._amount = np.zeros(len(totals))
        for k, (group, (_, total)) in enumerate(zip(self._groups, totals, strict=True)):
            scale = self._span[group].max()
            self._equal[k, group] = self._span[group] / scale
            self._amount[k] = (total - self._low[group].sum()) / scale
        self._is_cut = bool(rows)
        less, most = [np.eye(d), -np.eye(d)], [np.ones(d), np.zeros(d)]
        for row in rows:
            a, b = self._inequality(row, place)
            less.append(a)
            most.append(b)
        self._less, self._most = np.concatenate(less), np.concatenate(most)

    @classmethod
    def of(cls, campaign: Campaign) -> Polytope:
        """The numbers of a campaign with what its bounds say of them linearly.

        Bounds that are not linear, or name a choice, are left to the caller.
        """
        numbers = tuple(
            (name, p.range) for name, p in campaign.parameters.items() if not p.choices
        )
        totals = tuple((c.components, c.total) for c in campaign.compositions.values())
        found = (row_of(campaign, name) for name in campaign.bounds)
        return _built(numbers, totals, tuple(row for row in found if row is not None))

    @property
    def has_room(self) -> bool:
        """Whether any point is inside, and not on the border alone."""
        return self._centre is not None

    def has_room_for(self, row: Row) -> bool:
        """Whether there would be room if this were the only inequality."""
        return Polytope(self._ranges, self._totals, [row]).has_room

    def draw(self, n: int, rng: np.random.Generator) -> Array:
        """`n` independent points, `n x d`.

        Args:
            n: how many.
            rng: the random sequence.

        Raises:
            ValueError: there is no room.
        """
        if self._centre is None:
            raise ValueError("there is no room; look at has_room first")
        count = max(n, _CHAINS)
        weights = rng.dirichlet(np.full(len(self._corners), 0.5), size=count)
        z = 0.2 * self._centre + 0.8 * weights @ self._corners
        z = self._crossed(z, rng) if self._is_cut else self._exchanged(z, rng)
        return self._values(z[:n])

    def _exchanged(self, z: Array, rng: np.random.Generator) -> Array:
        """Points after enough exchanges, where there are no inequalities."""
        d = len(self.names)
        for _ in range(math.ceil(SWEEPS * d * math.log(max(d, 2)))):
            z = self._stepped(z, self._exchanges(len(z), rng), rng)
        return z

    def _crossed(self, z: Array, rng: np.random.Generator) -> Array:
        """Points after steps in all directions, half of them by the covariance."""
        d = len(self.names)
        for number in range(2 * _STEPS * d):
            if number % d == 0 and number <= _STEPS * d:
                factor = self._factor(z)
            if number % 2:
                along = self._exchanges(len(z), rng)
            else:
                along = rng.standard_normal(z.shape) @ factor.T
            z = self._stepped(z, along, rng)
        return z

    def inside(self, start: Array, end: Array) -> Array:
        """The farthest points on the ways from points inside to others, `n x d`."""
        z, step = (start - self._low) / self._span, (end - start) / self._span
        most = self._chord(z, step)[1]
        return np.asarray(start + np.clip(most, 0.0, 1.0)[:, None] * (end - start))

    def _values(self, z: Array) -> Array:
        """Points in the units of the numbers; sums hold but for rounding."""
        x = self._low + self._span * self._on_sums(z)
        return np.asarray(np.clip(x, self._low, self._high))

    def _on_sums(self, z: Array) -> Array:
        """The nearest points at which the sums hold."""
        if not len(self._equal):
            return z
        lacks = self._amount - z @ self._equal.T
        return np.asarray(z + lacks @ np.linalg.pinv(self._equal).T)

    def _inequality(self, row: Row, place: Mapping[str, int]) -> tuple[Array, Array]:
        """One or two lines of `less` and `most`, in shares, of length one."""
        a = np.zeros(len(self.names))
        for name, weight in row.weights:
            a[place[name]] = weight
        at_low, a = a @ self._low, a * self._span
        length = np.linalg.norm(a) or 1.0
        pairs = ((a, row.at_most - at_low), (-a, at_low - row.at_least))
        kept = [(side / length, b / length) for side, b in pairs if np.isfinite(b)]
        return np.array([k for k, _ in kept]), np.array([b for _, b in kept])

    @cached_property
    def _centre(self) -> Array | None:
        """Centre of the largest ball inside; none where there is none."""
        from scipy.optimize import linprog

        free = np.eye(len(self.names))
        if len(self._equal):
            free -= np.linalg.pinv(self._equal) @ self._equal
        reach = np.linalg.norm(self._less @ free, axis=1)
        goal = np.zeros(len(self.names) + 1)
        goal[-1] = -1.0
        found = linprog(
            goal,
            A_ub=np.column_stack([self._less, reach]),
            b_ub=self._most,
            A_eq=np.pad(self._equal, ((0, 0), (0, 1))) if len(self._equal) else None,
            b_eq=self._amount if len(self._equal) else None,
            bounds=(None, None),
        )
        if found.status == 3:  # no bound holds the ball: nothing is free
            return None
        if not found.success or found.x[-1] < _ROOM:
            return None
        return np.asarray(self._on_sums(found.x[None, :-1])[0])

    @cached_property
    def _corners(self) -> Array:
        """The vertices at which each number is least, or largest, `2d x d`."""
        from scipy.optimize import linprog

        found = []
        for goal in (*np.eye(len(self.names)), *-np.eye(len(self.names))):
            at = linprog(
                goal,
                A_ub=self._less,
                b_ub=self._most,
                A_eq=self._equal if len(self._equal) else None,
                b_eq=self._amount if len(self._equal) else None,
                bounds=(None, None),
            )
            found.append(at.x if at.success else self._centre)
        return self._on_sums(np.array(found))

    def _factor(self, z: Array) -> Array:
        """A root of the covariance of points, `d x d`."""
        variance, axes = np.linalg.eigh(np.cov(z.T).reshape(2 * [z.shape[1]]))
        factor = axes * np.sqrt(np.maximum(variance, 0.0))
        if len(self._equal):
            factor -= np.linalg.pinv(self._equal) @ (self._equal @ factor)
        return np.asarray(factor)

    @cached_property
    def _partners(self) -> Array:
        """For every number the directions in which it may move, `d x k x d`.

        A number of its own moves alone; a component gives to each of the others. Those
        that have fewer partners than `k` have them several times, as evenly as can be
        only where all sums are equally long; no matter for what is drawn in the end.
        """
        d, span = len(self.names), self._span
        most = max((len(group) - 1 for group in self._groups), default=1)
        found = np.zeros((d, most, d))
        for one in range(d):
            found[one, :, one] = 1.0
        for group in self._groups:
            for one in group:
                others = np.resize(group[group != one], most)
                found[one, np.arange(most), others] = -span[one] / span[others]
        return found

    def _exchanges(self, n: int, rng: np.random.Generator) -> Array:
        """Directions of one number alone, or of two components of a sum, `n x d`."""
        partners = self._partners
        one, other = (rng.integers(k, size=n) for k in partners.shape[:2])
        return np.asarray(partners[one, other])

    def _chord(self, z: Array, along: Array) -> tuple[Array, Array]:
        """How far one may go from points along directions, back and forth, `n` each."""
        slack = np.maximum(self._most - z @ self._less.T, _TOUCH)
        rate = (along @ self._less.T) / slack
        most, least = rate.max(axis=1), rate.min(axis=1)
        return 1 / np.minimum(least, -_STILL), 1 / np.maximum(most, _STILL)

    def _stepped(self, z: Array, along: Array, rng: np.random.Generator) -> Array:
        back, forth = self._chord(z, along)
        far = back + (forth - back) * rng.random(len(z))
        return np.asarray(z + far[:, None] * along)


_Ranges = tuple[tuple[str, tuple[float, float]], ...]


@lru_cache(maxsize=8)
def _built(
    ranges: _Ranges,
    totals: tuple[tuple[tuple[str, ...], float], ...],
    rows: tuple[Row, ...],
) -> Polytope:
    """One for every space: its vertices take longer to find than a draw."""
    return Polytope(dict(ranges), totals, rows)


def row_of(campaign: Campaign, bound: str) -> Row | None:
    """What a constraint or limit says linearly; none where it is not linear."""
    constraint = campaign.bounds[bound]
    found = linear_form(campaign, bound)
    if found is None:
        return None
    least, most = constraint.at_least, constraint.at_most
    return Row(
        weights=tuple(found.weights.items()),
        at_least=-np.inf if least is None else least - found.constant,
        at_most=np.inf if most is None else most - found.constant,
    )
