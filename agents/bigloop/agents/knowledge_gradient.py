r"""Knowledge gradient over a finite set of designs.

The value of an action is what its result is expected to add to the best posterior mean:
$$ E_Z[\max_i (\mu_i + \tilde\sigma_i Z)] - \max_i \mu_i $$ with
$\tilde\sigma_i = cov(f_i, y_a) / sd(y_a)$ [Frazier2009]_, eq. 13.

.. [Frazier2009] Frazier, Powell, Dayanik: The knowledge-gradient policy for correlated
   normal beliefs. INFORMS J. Comput. 21 (2009) 599.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

N_NODES = 48
REACH = 5.0


@cache
def normal_nodes(n: int, reach: float) -> tuple[tuple[float, float], ...]:
    """Even nodes and weights of the standard normal, from `-reach` to `reach`.

    The integrands have kinks, on which an even grid does better than Gauss-Hermite.
    """
    z = torch.linspace(-reach, reach, n, dtype=torch.float64)
    weight = (-0.5 * z.square()).exp()
    return tuple(zip(z.tolist(), (weight / weight.sum()).tolist(), strict=True))


def knowledge_gradient(mean: Tensor, change: Tensor) -> Tensor:
    """Expected gain of the best mean, `s x a`, never below 0.

    Args:
        mean: posterior means of the designs, `s x m`.
        change: standard deviation of the change of every mean by every action,
            `s x m x a`.
    """
    s, _, a = change.shape
    gain = torch.zeros(s, a, dtype=mean.dtype)
    # One draw at a time, the maximum along memory: all of it stays in the cache.
    for draw in range(s):
        below, moved = _rivals(mean[draw], change[draw])
        after = torch.empty_like(moved)
        for node, weight in normal_nodes(N_NODES, REACH):
            torch.add(below, moved, alpha=node, out=after)
            gain[draw].add_(after.amax(dim=1), alpha=weight)
    return gain.clamp_min(0.0)


def _rivals(mean: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
    """Designs that any action could make the best within `REACH`, and how.

    Returns:
        How far each is from the best mean now (0 or less), `k`, and its changes in
        memory by action, `a x k`.
    """
    best = mean.argmax()
    below = mean - mean[best]
    lead = (change - change[best]).abs().amax(dim=1)
    rivals = (REACH * lead >= -below).nonzero()[:, 0]
    return below[rivals], change[rivals].T.contiguous()
