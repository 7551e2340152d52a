"""Inference of hyper-parameters: the mode, then weighted draws around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from bigloop.agents.covariance import Hyperparameters
from bigloop.agents.items import Items
from bigloop.agents.likelihood import Array, Likelihood
from bigloop.agents.prior import Prior

MOST_DRAWS, LEAST_DRAWS = 24, 6
_DOUBT = 1200
"""Draws times data beyond which there are fewer draws: more data leave less doubt."""
_FEW, _GROWTH = 32, 1.15
_KEPT = 0.97
"""Of the weight, when settings of two models are mixed; the rest are not worth it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyper-parameters as the data leave them: weighted settings around the mode.

    Attributes:
        h: `s` settings.
        weight: of each, `s`; they sum to 1.
        mode: vector of the mode, where a search with more data may begin.
        evidence: log density of the data, by Laplace's approximation at the mode.
    """

    h: Hyperparameters
    weight: Tensor
    mode: Array
    evidence: float

    def mixed(self, other: Settings, share: float) -> Settings:
        """These settings for a `share` of the weight, and others; the likeliest."""
        parts = [self.weight * share, other.weight * (1 - share)]
        weight = torch.cat(parts)
        likely = weight.argsort(descending=True, stable=True)[:MOST_DRAWS]
        kept = weight[likely]
        n = int((kept.cumsum(0) < _KEPT * kept.sum()).sum()) + 1
        weight = kept[:n] / kept[:n].sum()
        return replace(self, h=self.h.with_(other.h).at(likely[:n]), weight=weight)


def infer(
    items: Items,
    y: Tensor,
    prior: Prior,
    is_coupled: bool = True,
) -> Settings:
    """Weighted settings of the hyper-parameters given items and their values `n`.

    The mode is found by L-BFGS, from two fixed starts with few data and from the mode
    of half the data with many. Settings are drawn by a fixed quasi-random sequence
    from a Student-t around it (curvature of the log posterior) and weighted by
    posterior over proposal, so that what is left of the uncertainty about noise, bias
    and lengthscales widens every prediction.
    """
    n = max(LEAST_DRAWS, min(MOST_DRAWS, _DOUBT // max(1, len(y))))
    if not len(y):
        mean, spread = prior.mean.numpy(), np.diag(prior.sd.numpy() ** 2)
        theta = _around(mean, spread, n)[0]
        even = torch.full((n,), 1 / n, dtype=torch.float64)
        h = prior.unpack(theta, is_coupled)
        return Settings(h=h, weight=even, mode=mean, evidence=0.0)
    starts = _starts(prior)
    for part in _parts(items.channel):
        few = Likelihood(items.at(part), y[part].numpy(), prior, is_coupled)
        starts = [_mode(few, prior, starts)]
    likelihood = Likelihood(items, y.numpy(), prior, is_coupled)
    mode = _mode(likelihood, prior, starts)
    spread = _curvature(likelihood, mode)
    theta, log_proposal = _around(mode, spread, n)
    found = [likelihood.log_posterior(row) for row in theta.numpy()]
    log_weight = torch.tensor(found, dtype=torch.float64) - log_proposal
    weight = torch.softmax(log_weight, dim=0)
    keep = weight > 1e-4
    return Settings(
        h=prior.unpack(theta[keep], is_coupled),
        weight=weight[keep] / weight[keep].sum(),
        mode=mode,
        evidence=likelihood.log_posterior(mode)
        + 0.5 * float(np.linalg.slogdet(spread).logabsdet)
        - float(prior.sd.log().sum()),
    )


def fitted(channel: Tensor) -> Tensor:
    """Which data settle the hyper-parameters, `n`: the first of every channel.

    Of few, all; of many, as many as a power of 1.15 allows, so that most results are
    taken in without a new search, and the same data always give the same settings.
    """
    return _first(channel, [_settled(int(n)) for n in channel.bincount()])


def _settled(n: int) -> int:
    if n <= _FEW:
        return n
    steps = math.floor(math.log(n / _FEW) / math.log(_GROWTH) + 1e-9)
    return int(_FEW * _GROWTH**steps)


def _parts(channel: Tensor) -> list[Tensor]:
    """Smaller and smaller data sets to begin a search with, the smallest first."""
    counts = channel.bincount()
    found: list[Tensor] = []
    size = _FEW
    while 2 * size <= int(counts.max()):
        found.append(_first(channel, [size] * len(counts)))
        size *= 2
    return found


def _first(channel: Tensor, counts: Sequence[int]) -> Tensor:
    """The first so many of every channel."""
    keep = torch.zeros(len(channel), dtype=torch.bool)
    for number, count in enumerate(counts):
        keep[(channel == number).nonzero()[:count, 0]] = True
    return keep


def _starts(prior: Prior) -> list[Array]:
    """A smooth start and a noisy one; in both, the other sources are right.

    There is a mode in which they tell nothing of the target (`rho = 0`). The guard
    compares with that anyway; a search that ends there now and then would take a
    proven source for a refuted one.
    """
    d, c = prior.n_dimensions, prior.n_channels - 1
    found = []
    for noise in (-4.0, -0.7):
        start = prior.mean.clone()
        start[d + 1 : d + 3] = noise
        start[d + 4 : d + 4 + c] = 1.0
        start[d + 4 + c : d + 4 + 2 * c] = -4.0
        found.append(start.numpy())
    return found


def _mode(likelihood: Likelihood, prior: Prior, starts: Sequence[Array]) -> Array:
    """The best of the searches."""
    low = (prior.mean - 4 * prior.sd).tolist()
    high = (prior.mean + 4 * prior.sd).tolist()
    best, best_loss = starts[0], math.inf
    for start in starts:
        found = minimize(
            likelihood.loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(low, high, strict=True)),
            options={"maxiter": 60},
        )
        if found.fun < best_loss:
            best, best_loss = found.x, found.fun
    return np.asarray(best)


def _curvature(likelihood: Likelihood, mode: Array, step: float = 1e-2) -> Array:
    """Covariance of the Laplace approximation, from differences of the gradient."""
    p = len(mode)
    hessian = np.zeros((p, p))
    for i in range(p):
        shift = np.zeros(p)
        shift[i] = step
        up, down = likelihood.loss(mode + shift)[1], likelihood.loss(mode - shift)[1]
        hessian[i] = (up - down) / (2 * step)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    return np.asarray(vectors / np.clip(values, 0.15, None) @ vectors.T)


def _around(mode: Array, cov: Array, n: int) -> tuple[Tensor, Tensor]:
    """Draws of a Student-t with 5 degrees of freedom, and their log density."""
    p, dof = len(mode), 5.0
    sobol = torch.quasirandom.SobolEngine(p + 1, scramble=True, seed=1)
    uniform = sobol.draw(n, dtype=torch.float64).clamp(1e-6, 1 - 1e-6)
    normal = torch.special.ndtri(uniform[:, :p])
    from scipy.stats import chi2

    scale = torch.from_numpy(chi2.ppf(uniform[:, p].numpy(), dof) / dof).sqrt()
    lower = torch.from_numpy(np.linalg.cholesky(cov))
    t = normal / scale[:, None]
    t[0] = 0.0
    theta = torch.from_numpy(mode) + t @ lower.T
    log_density = -0.5 * (dof + p) * (1 + t.square().sum(-1) / dof).log()
    return theta, log_density
