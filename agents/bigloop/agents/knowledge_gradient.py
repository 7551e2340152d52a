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
def _nodes() -> tuple[Tensor, Tensor]:
    """Even nodes and weights of the standard normal.

    The integrand has kinks, on which an even grid does better than Gauss-Hermite.
    """
    z = torch.linspace(-REACH, REACH, N_NODES, dtype=torch.float64)
    weight = (-0.5 * z.square()).exp()
    return z, weight / weight.sum()


def knowledge_gradient(mean: Tensor, change: Tensor) -> Tensor:
    """Expected gain of the best mean, `s x a`, never below 0.

    Args:
        mean: posterior means of the designs, `s x m`.
        change: standard deviation of the change of every mean by every action,
            `s x m x a`.
    """
    nodes = [part.tolist() for part in _nodes()]
    best = mean.amax(dim=1)
    s, m, a = change.shape
    gain = torch.zeros(s, a, dtype=mean.dtype)
    # One draw at a time, the maximum along memory: all of it stays in the cache.
    after = torch.empty(a, m, dtype=mean.dtype)
    for draw in range(s):
        moved = change[draw].T.contiguous()
        for node, weight in zip(*nodes, strict=True):
            torch.add(mean[draw], moved, alpha=node, out=after)
            gain[draw].add_(after.amax(dim=1) - best[draw], alpha=weight)
    return gain.clamp_min(0.0)
