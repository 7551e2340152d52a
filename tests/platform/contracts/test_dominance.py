from __future__ import annotations

import torch
from botorch.utils.multi_objective.hypervolume import Hypervolume
from hypothesis import given, settings
from hypothesis import strategies as st

from bigloop.contracts.dominance import hypervolume, inferred_reference, undominated

Points = list[tuple[float, ...]]


def clouds(m: int) -> st.SearchStrategy[Points]:
    value = st.integers(0, 8).map(float)
    return st.lists(st.tuples(*[value] * m), min_size=1, max_size=9)


@given(st.integers(1, 4).flatmap(clouds))
def test_what_is_left_dominates_the_rest(points: Points) -> None:
    kept = undominated(points)
    for i, point in enumerate(points):
        over = [
            all(a >= b for a, b in zip(points[j], point, strict=True)) for j in kept
        ]
        assert any(over)
        if i in kept:
            assert sum(over) == 1


@settings(deadline=None)
@given(st.integers(2, 4).flatmap(clouds))
def test_the_volume_is_that_of_botorch(points: Points) -> None:
    at = [1.0] * len(points[0])
    theirs = Hypervolume(torch.tensor(at)).compute(torch.tensor(points))
    front = [points[i] for i in undominated(points)]
    assert hypervolume(points, at) == hypervolume(front, at)
    assert abs(hypervolume(points, at) - theirs) < 1e-3


@given(clouds(3))
def test_a_reference_is_below_all_that_differs(points: Points) -> None:
    for k, low in enumerate(inferred_reference(points)):
        values = [p[k] for p in points]
        if low is None:
            assert len(set(values)) == 1
        else:
            assert low < min(values)


def test_nothing_has_no_volume() -> None:
    assert hypervolume([], (0.0, 0.0)) == 0.0
    assert hypervolume([(-1.0, 5.0)], (0.0, 0.0)) == 0.0
    assert inferred_reference([]) == []
