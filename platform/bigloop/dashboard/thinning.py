"""Which of very many points are drawn: those that can be told apart, and extremes."""

from __future__ import annotations

from collections.abc import Sequence


def spread(points: Sequence[tuple[float, ...]], most: int) -> list[int]:
    """Places of the points that are drawn, in order.

    The first one in each cell of a square grid over both axes, which has at most `most`
    cells, and whatever is smallest or largest in a coordinate (the colour is one, where
    there is a third). A point that stands alone is always kept; a cloud loses what
    would lie on top of each other.

    Args:
        points: n x 2, or n x 3 with a colour.
        most: cells of the grid.

    Examples:
        >>> spread([(0, 0), (0.01, 0.01), (1, 1), (0.02, 0.02)], 100)
        [0, 2]
    """
    import numpy as np

    found = np.asarray(points, dtype=float)
    low, high = found.min(axis=0), found.max(axis=0)
    room = np.where(high > low, high - low, 1.0)
    is_line = not (high > low)[:2].all()
    side = max(1, most // 4 if is_line else int(most**0.5))
    cells = np.minimum(((found - low) / room * side).astype(int), side - 1)
    _, first = np.unique(cells[:, 0] * side + cells[:, 1], return_index=True)
    extremes = np.concatenate([found.argmin(axis=0), found.argmax(axis=0)])
    return [int(place) for place in np.union1d(first, extremes)]


def corners(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same stairs with fewer points: where the value changes, and both ends.

    Examples:
        >>> corners([(0, 1.0), (1, 1.0), (2, 1.0), (3, 5.0), (4, 5.0)])
        [(0, 1.0), (3, 5.0), (4, 5.0)]
    """
    last = len(points) - 1
    return [
        point
        for place, point in enumerate(points)
        if place in (0, last) or point[1] != points[place - 1][1]
    ]
