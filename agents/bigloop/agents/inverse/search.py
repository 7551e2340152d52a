"""Three routes from a target to barriers: gradient, genetic and direct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bigloop.agents.inverse.foresight import Foresight
from bigloop.agents.inverse.target import Target
from bigloop.contracts import SpecError

_STARTS = 20
_STEP = 0.1
"""Of a logit of the box."""
_APART = 0.05
"""Two candidates differ by this part of the box at least in one barrier."""

Route = Callable[[Foresight, Target, int, int], Tensor]
"""Foresight, target, budget of evaluated designs and seed; gives barriers `n x 15`."""


def by_gradient(foresight: Foresight, target: Target, budget: int, seed: int) -> Tensor:
    """Down the gradient through the model, from random points and the best runs."""
    generator = torch.Generator().manual_seed(seed)
    box, n = foresight.inverse.box, min(_STARTS, max(1, budget // 10))
    free = torch.rand(n, len(box.low), generator=generator).clamp(0.02, 0.98).logit()
    free = free.to(foresight.device)
    best = box.free(foresight.best_seen(target, n // 2))
    free[: len(best)] = best
    free.requires_grad_(True)
    optimizer = torch.optim.Adam([free], lr=_STEP)
    for _ in range(max(1, budget // n)):
        optimizer.zero_grad()
        foresight.misfit(box.inside(free), target).sum().backward()
        optimizer.step()
    return box.inside(free.detach())


def by_genes(foresight: Foresight, target: Target, budget: int, seed: int) -> Tensor:
    """Differential evolution [Storn1997]_ in the box, the best runs among the first.

    .. [Storn1997] R. Storn and K. Price, J. Glob. Optim. 11, 341 (1997).
    """
    from scipy.optimize import differential_evolution

    box = foresight.inverse.box
    low, high = (edge.double().cpu().numpy() for edge in (box.low, box.high))
    n = max(5, min(40, budget // 5))

    def misfit(columns: np.ndarray) -> Any:
        barriers = torch.tensor(columns.T, dtype=torch.float32)
        with torch.no_grad():
            return foresight.misfit(barriers.to(foresight.device), target).cpu().numpy()

    start = np.random.default_rng([seed, 1997]).uniform(low, high, (n, len(low)))
    best = foresight.best_seen(target, n // 4).cpu().double().numpy()
    start[: len(best)] = np.clip(best, low, high)
    found = differential_evolution(
        misfit,
        list(zip(low, high, strict=True)),
        maxiter=max(1, budget // n - 1),
        init=start,
        polish=False,
        vectorized=True,
        updating="deferred",
        tol=0.0,
        rng=np.random.default_rng([seed, 1998]),
    )
    return torch.tensor(found.population, dtype=torch.float32).to(foresight.device)


def directly(foresight: Foresight, target: Target, budget: int, seed: int) -> Tensor:
    """Barriers drawn from what is known of runs that came out like the target.

    Once there are runs, half of the draws are moved towards the best of them, each by a
    random part of the way.
    """
    generator = torch.Generator().manual_seed(seed)
    inverse = foresight.inverse
    noise = torch.randn(budget, inverse.flow.d, generator=generator)
    part = torch.rand(budget, 1, generator=generator).to(foresight.device)
    wanted = foresight.model.learned.scales.properties(target.tensor)
    with torch.no_grad():
        drawn = inverse.draw(
            wanted.repeat(budget, 1).to(foresight.device),
            target.known.repeat(budget, 1).to(foresight.device),
            noise.to(foresight.device),
        )
        best = foresight.best_seen(target, 4)
        if len(best):
            half = budget // 2
            to = best[torch.arange(half, device=best.device) % len(best)]
            drawn[:half] += part[:half] * (to - drawn[:half])
    return drawn


ROUTES: dict[str, Route] = {
    "gradient": by_gradient,
    "genetic": by_genes,
    "direct": directly,
}


def candidates(
    foresight: Foresight, target: Target, route: str, n: int, budget: int, seed: int
) -> Tensor:
    """The best barriers of a route, best first, at most `n x 15` [eV], none alike.

    Raises:
        SpecError: no such route.
    """
    if route not in ROUTES:
        raise SpecError(f"route: {route!r}: there are {', '.join(ROUTES)}")
    found = ROUTES[route](foresight, target, budget, seed)
    with torch.no_grad():
        found = found[foresight.misfit(found, target).argsort()]
    width = (foresight.inverse.box.high - foresight.inverse.box.low).clamp_min(1e-9)
    chosen = found[:1]
    for barriers in found[1:]:
        if len(chosen) == n:
            break
        if float(((chosen - barriers).abs() / width).amax(dim=1).min()) >= _APART:
            chosen = torch.cat([chosen, barriers[None]])
    return chosen
