r"""Knowledge gradient over a finite set of designs.

The value of an action is what its result is expected to add to the best posterior mean:
$$ E_Z[\max_i (\mu_i + \tilde\sigma_i Z)] - \max_i \mu_i $$ with
$\tilde\sigma_i = cov(f_i, y_a) / sd(y_a)$ [Frazier2009]_, eq. 13. The largest of these
lines in `Z` is another one, of steeper slope, from each of $c_1 < c_2 < ...$ on, so
that the value is $\sum_j (\tilde\sigma_{j+1} - \tilde\sigma_j) g(-|c_j|)$,
$g(u) = \varphi(u) + u \Phi(u)$ (eq. 14).

.. [Frazier2009] Frazier, Powell, Dayanik: The knowledge-gradient policy for correlated
   normal beliefs. INFORMS J. Comput. 21 (2009) 599.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor


def knowledge_gradient(mean: Tensor, change: Tensor) -> Tensor:
    """Expected gain of the best mean, `s x a`, never below 0.

    Args:
        mean: posterior means of the designs, `s x m`.
        change: standard deviation of the change of every mean by every action,
            `s x m x a`.
    """
    lines = np.ascontiguousarray(change.mT.numpy())
    return torch.from_numpy(_gains(mean.contiguous().numpy(), lines))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _gains(
    mean: NDArray[np.float64], change: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The gains, `s x a`, of means `s x m` and changes `s x a x m`."""
    s, a, _ = change.shape
    found = np.empty((s, a))
    for draw in range(s):
        for action in range(a):
            found[draw, action] = _gain(mean[draw], change[draw, action])
    return found


@njit(cache=True)  # type: ignore[untyped-decorator]
def _gain(mean: NDArray[np.float64], change: NDArray[np.float64]) -> float:
    """Of one action, `m` lines: along the largest of them, from `Z = -inf` on."""
    now = 0
    for i in range(1, len(mean)):
        if change[i] < change[now] or (
            change[i] == change[now] and mean[i] > mean[now]
        ):
            now = i
    found = 0.0
    while True:
        then, where = -1, math.inf
        for i in range(len(mean)):
            rise = change[i] - change[now]
            if rise <= 0.0:
                continue
            at = (mean[now] - mean[i]) / rise
            if at < where or (at == where and change[i] > change[then]):
                then, where = i, at
        if then < 0:
            return found
        found += (change[then] - change[now]) * _tail(-abs(where))
        now = then


@njit(cache=True)  # type: ignore[untyped-decorator]
def _tail(u: float) -> float:
    """`phi(u) + u Phi(u)`, never below 0."""
    density = math.exp(-0.5 * u * u) / math.sqrt(math.tau)
    return max(0.0, density + u * 0.5 * math.erfc(-u / math.sqrt(2.0)))
