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
    z, w = _nodes()
    gain = torch.zeros(change.shape[0], change.shape[2], dtype=mean.dtype)
    best = mean.amax(dim=1)
    for node, weight in zip(z, w, strict=True):
        after = (mean.unsqueeze(-1) + change * node).amax(dim=1)
        gain += weight * (after - best.unsqueeze(-1))
    return gain.clamp_min(0.0)
