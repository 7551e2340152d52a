"""What is recommended where several observables decide: one design, or a front."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from bigloop.agents.belief import TARGET
from bigloop.agents.recommendation import outlook
from bigloop.agents.several.learned import Learned
from bigloop.agents.several.standing import Standing
from bigloop.contracts import Choice, Design, Expected, Recommendation, Stock


def recommend(
    learned: Sequence[Learned], standing: Standing, stock: Sequence[Stock] | None
) -> Recommendation | None:
    """The best tried design that keeps all requirements; none while none does.

    Of several objectives all that are not beaten, the compromise among them first.
    """
    if not standing.front:
        return None
    goals = [one for one in learned if one.output.goal is not None]
    chosen = compromise(standing)
    design = standing.designs[chosen]
    first = outlook(goals[0].belief, goals[0].guard.model, design, stock)
    expected = [_expected(one, standing, k, chosen) for k, one in enumerate(learned)]
    found = first.model_copy(
        update={
            "requirements": tuple(
                e for e, one in zip(expected, learned, strict=True) if e.bound
            ),
            "p_feasible": float(standing.p_feasible[chosen]),
        }
    )
    if len(goals) == 1:
        return found
    return found.model_copy(
        update={
            "front": tuple(
                _choice(learned, standing, i, is_compromise=i == chosen)
                for i in _ranked(standing)
            ),
            "reference": {
                one.output.observable: one.belief.natural(float(at))
                for one, at in zip(goals, standing.reference, strict=True)
            },
            "hypervolume": standing.volume
            * math.prod(one.belief.scale[TARGET] for one in goals),
        }
    )


def compromise(standing: Standing) -> int:
    """Index of the design of the front with the largest product of gains.

    It dominates the largest volume by itself (Nash's bargaining solution): unlike a
    knee, that does not change with the units of the objectives or their ends. Of
    designs that all miss the reference, the one that misses it least in its worst
    objective.
    """

    def merit(i: int) -> tuple[float, float]:
        above = standing.means[i] - standing.reference
        return float(above.clamp_min(0.0).prod()), float(above.amin())

    return max(standing.front, key=merit)


def _ranked(standing: Standing) -> list[int]:
    """The front from the best in the first objective to the worst."""
    means: Tensor = standing.means
    return sorted(standing.front, key=lambda i: [-float(v) for v in means[i]])


def _choice(
    learned: Sequence[Learned], standing: Standing, index: int, *, is_compromise: bool
) -> Choice:
    design: Design = standing.designs[index]
    return Choice(
        design=design,
        expected=tuple(
            _expected(one, standing, k, index) for k, one in enumerate(learned)
        ),
        p_feasible=float(standing.p_feasible[index]),
        n_target=min(one.belief.count(design, is_estimate=False) for one in learned),
        is_compromise=is_compromise,
    )


def _expected(one: Learned, standing: Standing, k: int, index: int) -> Expected:
    at = outlook(one.belief, one.guard.model, standing.designs[index])
    requirement = one.output.requirement
    name = one.output.observable
    return Expected(
        observable=name,
        unit=at.unit,
        role="requirement" if one.output.goal is None else "objective",
        mean=at.mean,
        low=at.low,
        high=at.high,
        level=at.level,
        bound=requirement.text(name, at.unit) if requirement else "",
        p_holds=float(standing.p_holds[index, k]),
    )
