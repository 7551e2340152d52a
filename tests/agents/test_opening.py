from __future__ import annotations

from typing import Any

import pytest

from bigloop.agents.opening import n_spread


@pytest.mark.parametrize(
    ("budget", "n"), [(1000, 3), (120, 3), (119, 2), (50, 2), (10, 2)]
)
def test_the_opening_leaves_most_of_the_budget(build: Any, budget: int, n: int) -> None:
    """Two parameters, 10 EUR a trial: three designs, if a quarter pays for them."""
    assert n_spread(build.campaign(budget={"EUR": budget})) == n
