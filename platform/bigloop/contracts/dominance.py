r"""Designs that no other beats in everything, and the volume that they dominate.

Larger is better in every coordinate. A point dominates another when it is at least as
good in all coordinates and better in one. The hypervolume of a set is the measure of
what its points dominate above a reference [Zitzler1999]_; it is worked out by slicing
along the last coordinate, which is exact and fast for some dozens of points.

.. [Zitzler1999] Zitzler, Thiele: Multiobjective evolutionary algorithms. IEEE Trans.
   Evol. Comput. 3 (1999) 257.
"""

from __future__ import annotations

from collections.abc import Sequence

Point = Sequence[float]


def undominated(points: Sequence[Point]) -> list[int]:
    """Indices of the points that none dominates; of equal ones, the first alone.

    Examples:
        >>> undominated([(1, 3), (2, 2), (1, 2), (3, 1), (2, 2)])
        [0, 1, 3]
    """
    # The best first, so that whatever dominates a point is met before it.
    order = sorted(range(len(points)), key=lambda i: tuple(-v for v in points[i]))
    kept: list[int] = []
    for i in order:
        if not any(_covers(points[j], points[i]) for j in kept):
            kept.append(i)
    return sorted(kept)


def _covers(a: Point, b: Point) -> bool:
    """Whether `a` is at least as good as `b` in everything."""
    return all(x >= y for x, y in zip(a, b, strict=True))


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """The measure of what points `n x m` dominate above a reference `m`.

    Examples:
        >>> hypervolume([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)], (0.0, 0.0))
        6.0
        >>> hypervolume([(2.0, 2.0, 2.0), (1.0, 1.0, 3.0)], (0.0, 0.0, 0.0))
        9.0
    """
    above = [
        tuple(v - r for v, r in zip(p, reference, strict=True))
        for p in points
        if all(v > r for v, r in zip(p, reference, strict=True))
    ]
    return _volume([above[i] for i in undominated(above)])


def _volume(points: Sequence[tuple[float, ...]]) -> float:
    """Of points above 0 that do not dominate each other."""
    if not points:
        return 0.0
    if len(points[0]) == 1:
        return max(p[0] for p in points)
    if len(points[0]) == 2:
        return _area(points)
    ranked = sorted(points, key=lambda p: -p[-1])
    total = 0.0
    for i, point in enumerate(ranked):
        below = ranked[i + 1][-1] if i + 1 < len(ranked) else 0.0
        if point[-1] > below:
            rest = [p[:-1] for p in ranked[: i + 1]]
            kept = [rest[j] for j in undominated(rest)]
            total += (point[-1] - below) * _volume(kept)
    return total


def _area(points: Sequence[tuple[float, ...]]) -> float:
    total, top = 0.0, 0.0
    for x, y in sorted(points, reverse=True):
        if y > top:
            total += x * (y - top)
            top = y
    return total


MARGIN = 0.1
"""How far below all points an inferred reference is, as a share of their extent."""


def inferred_reference(points: Sequence[Point]) -> list[float | None]:
    """Where a volume begins when nobody has said so, coordinate by coordinate.

    A tenth of the extent of all points below the worst of them, so that the ends of a
    front count. Close below the front itself, which is the usual rule
    [Ishibuchi2018]_, a front of few points keeps the search between its ends. None
    where all points are equal.

    .. [Ishibuchi2018] Ishibuchi, Imada, Setoguchi, Nojima: How to specify a reference
       point in hypervolume calculation. Evol. Comput. 26 (2018) 411.

    Examples:
        >>> inferred_reference([(0.0, 5.0), (10.0, 5.0), (-10.0, 5.0)])
        [-12.0, None]
    """
    found: list[float | None] = []
    for k in range(len(points[0]) if points else 0):
        values = [p[k] for p in points]
        extent = max(values) - min(values)
        found.append(min(values) - MARGIN * extent if extent > 0 else None)
    return found
