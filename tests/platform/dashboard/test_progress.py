from __future__ import annotations

import random

import pytest

from bigloop.contracts import Campaign
from bigloop.dashboard.progress_figures import running_best
from bigloop.dashboard.timeline import Result


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_best_mean_is_that_over_all_designs_at_every_moment(
    spec: Campaign, goal: str
) -> None:
    rng = random.Random(3)
    results = [
        Result(
            decision=i,
            spent={},
            design={"rate": float(rng.randrange(6)), "soc": 0.0},
            value=rng.gauss(100, 20),
            batch=None,
            trial=str(i),
        )
        for i in range(120)
    ]
    objective = spec.objective.model_copy(update={"goal": goal})
    known = spec.model_copy(update={"objective": objective})
    pick = max if goal == "maximize" else min
    for n, best in enumerate(running_best(known, results), 1):
        groups: dict[object, list[float]] = {}
        for r in results[:n]:
            groups.setdefault(r.design["rate"], []).append(r.value)
        assert best == pytest.approx(pick(sum(v) / len(v) for v in groups.values()))
