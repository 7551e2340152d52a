"""Inference of hyper-parameters: the mode, then weighted draws around it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from bigloop.agents.covariance import Hyperparameters, covariance
from bigloop.agents.items import Items

JITTER = 1e-6


class Prior:
    """Independent normal priors over the unconstrained vector of hyper-parameters.

    In standardised units: lengthscales around half the diagonal of the unit cube;
    signal variance around 1; the variances of single designs, of specimens and of
    a source's bias wide over several decades; `rho ~ N(0, 1)`.
    """

    def __init__(self, n_dimensions: int, n_channels: int) -> None:
        d, c = n_dimensions, n_channels - 1
        self.n_dimensions, self.n_channels = d, n_channels
        length = math.log(0.5 * math.sqrt(d))
        self.mean = torch.tensor(
            [length] * d
            + [0.0, math.log(0.1), math.log(0.1), math.log(0.05)]
            + [0.0] * c
            + [math.log(0.3)] * c
            + [math.log(0.01)] * c,
            dtype=torch.float64,
        )
        self.sd = torch.tensor(
            [0.8] * d + [1.0, 2.0, 2.0, 1.0] + [1.0] * c + [1.5] * c + [2.0] * c,
            dtype=torch.float64,
        )

    def unpack(self, theta: Tensor, is_coupled: bool = True) -> Hyperparameters:
        """Hyper-parameters of `s x p` unconstrained vectors; `rho = 0` if uncoupled."""
        d, c = self.n_dimensions, self.n_channels - 1
        parts = theta.split([d, 1, 1, 1, 1, c, c, c], dim=-1)
        length, signal, effect, noise, miss, rho, bias, noise_c = parts
        one, zero = torch.ones_like(signal), torch.zeros_like(signal)
        rho = rho if is_coupled else 0.0 * rho
        return Hyperparameters(
            lengthscale=length.exp(),
            signal=signal.exp().squeeze(-1),
            effect=effect.exp().squeeze(-1),
            relation=torch.cat([one, rho], dim=-1),
            bias=torch.cat([zero, bias.exp()], dim=-1),
            noise=torch.cat([noise, noise_c], dim=-1).exp(),
            miss=miss.exp().squeeze(-1),
        )

    def log_density(self, theta: Tensor) -> Tensor:
        """Log density of `s x p` vectors, up to a constant."""
        return -0.5 * ((theta - self.mean) / self.sd).square().sum(-1)


def factor(items: Items, h: Hyperparameters) -> Tensor:
    """Lower Cholesky factors of the covariance of observed items, `s x n x n`."""
    matrix = covariance(items, items, h)
    matrix = matrix + torch.diag(items.noise + JITTER)
    return torch.linalg.cholesky(matrix)


def log_likelihood(items: Items, y: Tensor, h: Hyperparameters) -> Tensor:
    """Log marginal likelihood, `s`."""
    lower = factor(items, h)
    white = torch.linalg.solve_triangular(
        lower, y.expand(lower.shape[0], -1).unsqueeze(-1), upper=False
    ).squeeze(-1)
    log_det = lower.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return -0.5 * white.square().sum(-1) - log_det - 0.5 * len(y) * math.log(math.tau)


def draws(
    items: Items, y: Tensor, prior: Prior, n: int, is_coupled: bool = True
) -> tuple[Hyperparameters, Tensor]:
    """Weighted hyper-parameters: `n` settings and their weights `n`.

    The mode is found by L-BFGS from two fixed starts; settings are drawn by a fixed
    quasi-random sequence from a Student-t around it (curvature of the log posterior)
    and weighted by posterior over proposal, so that what is left of the uncertainty
    about noise, bias and lengthscales widens every prediction.
    """

    def log_posterior(theta: Tensor) -> Tensor:
        h = prior.unpack(theta, is_coupled)
        return log_likelihood(items, y, h) + prior.log_density(theta)

    if not len(y):
        theta = _around(prior.mean.numpy(), np.diag(prior.sd.numpy() ** 2), n)[0]
        return prior.unpack(theta, is_coupled), torch.full((n,), 1 / n).to(theta)

    mode = _mode(log_posterior, prior)
    theta, log_proposal = _around(mode, _curvature(log_posterior, mode), n)
    with torch.no_grad():
        log_weight = log_posterior(theta) - log_proposal
    weight = torch.softmax(log_weight, dim=0)
    return prior.unpack(theta, is_coupled), weight


def _value_and_gradient(
    log_posterior: Callable[[Tensor], Tensor], theta: np.ndarray
) -> tuple[float, np.ndarray]:
    point = torch.from_numpy(theta).unsqueeze(0).requires_grad_()
    value = -log_posterior(point).sum()
    (gradient,) = torch.autograd.grad(value, point)
    return float(value.detach()), gradient.squeeze(0).numpy()


def _mode(log_posterior: Callable[[Tensor], Tensor], prior: Prior) -> np.ndarray:
    """The best of two searches: one from a smooth start, one from a noisy start."""
    best, best_value = prior.mean.numpy(), math.inf
    d = prior.n_dimensions
    for noise in (-4.0, -0.7):
        start = prior.mean.clone()
        start[d + 1 : d + 3] = noise
        start[d + 4 : d + 3 + prior.n_channels] = 0.5
        found = minimize(
            lambda theta: _value_and_gradient(log_posterior, theta),
            start.numpy(),
            jac=True,
            method="L-BFGS-B",
            bounds=list(
                zip(
                    (prior.mean - 4 * prior.sd).tolist(),
                    (prior.mean + 4 * prior.sd).tolist(),
                    strict=True,
                )
            ),
            options={"maxiter": 60},
        )
        if found.fun < best_value:
            best, best_value = found.x, found.fun
    return np.asarray(best)


def _curvature(
    log_posterior: Callable[[Tensor], Tensor], mode: np.ndarray, step: float = 1e-2
) -> np.ndarray:
    """Covariance of the Laplace approximation, from differences of the gradient."""
    p = len(mode)
    hessian = np.zeros((p, p))
    for i in range(p):
        shift = np.zeros(p)
        shift[i] = step
        _, up = _value_and_gradient(log_posterior, mode + shift)
        _, down = _value_and_gradient(log_posterior, mode - shift)
        hessian[i] = (up - down) / (2 * step)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    return np.asarray(vectors / np.clip(values, 0.15, None) @ vectors.T)


def _around(mode: np.ndarray, cov: np.ndarray, n: int) -> tuple[Tensor, Tensor]:
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
