r"""The likelihood of the multi-source model and its gradient, for one data set.

The covariance is that of `covariance`; everything in it that does not depend on the
hyper-parameters is computed once. With `W = alpha alpha^T - K^{-1}` and
`alpha = K^{-1} y` the gradient is `tr(W dK) / 2` [Rasmussen2006]_, eq. 5.9.

.. [Rasmussen2006] Rasmussen, Williams: Gaussian Processes for Machine Learning (2006).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from bigloop.agents.batches import NO_BATCH
from bigloop.agents.covariance import JITTER
from bigloop.agents.items import LATENT, Items
from bigloop.agents.prior import MEAN_VARIANCE, Prior

Array = NDArray[np.float64]
_IMPOSSIBLE = 1e10
"""Minus the log posterior where the covariance cannot be factored."""


@dataclass(slots=True, kw_only=True)
class _Parts:
    """What a vector of hyper-parameters means, and what is built from it."""

    length: Array
    signal: float
    effect: float
    miss: float
    rho: Array
    bias: Array
    noise: Array
    batch: Array
    """Of every channel; 0 where no batches are told apart."""
    r: Array
    falling: Array
    """`exp(-r)`."""
    matern: Array
    smooth: Array
    """`signal * matern + effect * same`, of the target's scale."""
    own: Array
    """Factor of the Matern correlation in the bias of the channels."""


class Likelihood:
    """Log posterior of hyper-parameters given items and their values.

    Args:
        items: the `n` observed items.
        y: their values, `n`, standardised.
        prior: of the vector of hyper-parameters.
        is_coupled: whether `rho` is free; else it is 0.
    """

    def __init__(
        self, items: Items, y: Array, prior: Prior, is_coupled: bool = True
    ) -> None:
        x, channel = items.x.numpy(), items.channel.numpy()
        specimen, early = items.specimen.numpy(), items.is_estimate.numpy()
        self.y, self.prior, self.is_coupled = y, prior, is_coupled
        self.channel = channel
        gap = x[:, None, :] - x[None, :, :]
        self._squares = np.ascontiguousarray(np.moveaxis(gap**2, -1, 0))
        design = (self._squares.sum(0) == 0).astype(float)
        alike = channel[:, None] == channel[None, :]
        shared = (specimen[:, None] == specimen[None, :]) & (specimen != LATENT)[
            :, None
        ]
        self._design = design
        self._alike = alike.astype(float)
        self._specimen = (shared & alike).astype(float)
        lot = items.batch.numpy()
        lots = (lot[:, None] == lot[None, :]) & (lot != NO_BATCH)[:, None]
        self._batch = (lots & alike).astype(float) if prior.batched else None
        self._both = design * (early[:, None] & early[None, :])
        self._known = np.diag(items.noise.numpy() + JITTER)
        self._of = [channel == c for c in range(prior.n_channels)]
        self._mean = prior.mean.numpy()
        self._sd = prior.sd.numpy()

    def loss(self, theta: Array) -> tuple[float, Array]:
        """Minus the log posterior at a vector `p`, and its gradient `p`."""
        parts = self._parts(theta)
        matrix = self._matrix(parts)
        z = (theta - self._mean) / self._sd
        # Without the wrappers of LAPACK, which cost as much as the work on 100 data.
        lower, fault = lapack.dpotrf(matrix.T, lower=1, clean=1, overwrite_a=1)
        if fault:
            return _IMPOSSIBLE, z / self._sd
        alpha, _ = lapack.dpotrs(lower, self.y, lower=1)
        half, _ = lapack.dpotri(lower, lower=1)
        inverse = half + half.T
        np.fill_diagonal(inverse, np.diagonal(half))
        w = 0.5 * (np.outer(alpha, alpha) - inverse)
        value = (
            -0.5 * float(self.y @ alpha)
            - float(np.log(np.diagonal(lower)).sum())
            - 0.5 * len(self.y) * math.log(math.tau)
            - 0.5 * float(z @ z)
        )
        return -value, -(self._gradient(parts, w) - z / self._sd)

    def log_posterior(self, theta: Array) -> float:
        """Up to the constant of the prior, at a vector `p`."""
        return -self.loss(theta)[0]

    def _parts(self, theta: Array) -> _Parts:
        d, c = self.prior.n_dimensions, self.prior.n_channels - 1
        length = np.exp(theta[:d])
        signal, effect, noise, miss = np.exp(theta[d : d + 4])
        rest = theta[d + 4 :]
        rho = np.concatenate([[1.0], rest[:c] if self.is_coupled else 0.0 * rest[:c]])
        bias = np.concatenate([[0.0], np.exp(rest[c : 2 * c])])
        noises = np.concatenate([[noise], np.exp(rest[2 * c : 3 * c])])
        batch = np.zeros(self.prior.n_channels)
        batch[list(self.prior.batched)] = np.exp(rest[3 * c :])
        r = np.sqrt(5.0 * np.tensordot(length**-2.0, self._squares, axes=1))
        falling = np.exp(-r)
        matern = (1.0 + r + r**2 / 3.0) * falling
        return _Parts(
            length=length,
            signal=signal,
            effect=effect,
            miss=miss,
            rho=rho,
            bias=bias,
            noise=noises,
            batch=batch,
            r=r,
            falling=falling,
            matern=matern,
            smooth=signal * matern + effect * self._design,
            own=bias[self.channel][:, None] * self._alike,
        )

    def _matrix(self, p: _Parts) -> Array:
        rho = p.rho[self.channel]
        found = np.outer(rho, rho) * p.smooth
        found += self._alike * MEAN_VARIANCE + p.own * p.matern
        found += p.noise[self.channel][:, None] * self._specimen
        if self._batch is not None:
            found += p.batch[self.channel][:, None] * self._batch
        found += p.miss * self._both + self._known
        return np.asarray(found)

    def _gradient(self, p: _Parts, w: Array) -> Array:
        """Of the log likelihood, `p`."""
        rho = p.rho[self.channel]
        scaled = np.outer(rho, rho) * w
        slope = (p.signal * scaled + p.own * w) * (1.0 + p.r) * p.falling
        d = len(p.length)
        length = 5.0 / 3.0 * (self._squares.reshape(d, -1) @ slope.ravel())
        both = [
            p.signal * float((scaled * p.matern).sum()),
            p.effect * float((scaled * self._design).sum()),
        ]
        noisy = (w * self._specimen).sum(1) * p.noise[self.channel]
        noise = [float(noisy[of].sum()) for of in self._of]
        miss = p.miss * float((w * self._both).sum())
        leaning = 2.0 * ((w * p.smooth) @ rho)
        bent = (w * p.own * p.matern).sum(1)
        others = self._of[1:]
        return np.concatenate(
            [
                length / p.length**2,
                both,
                [noise[0], miss],
                [float(leaning[of].sum()) * self.is_coupled for of in others],
                [float(bent[of].sum()) for of in others],
                noise[1:],
                self._batched(p, w),
            ]
        )

    def _batched(self, p: _Parts, w: Array) -> list[float]:
        """Of the log likelihood by the variances between batches."""
        if self._batch is None:
            return []
        found = (w * self._batch).sum(1) * p.batch[self.channel]
        return [float(found[self._of[c]].sum()) for c in self.prior.batched]
