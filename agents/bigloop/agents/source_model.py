"""The multi-source Gaussian process as a BoTorch model."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import torch
from botorch.models.model import Model
from botorch.posteriors.fully_bayesian import GaussianMixturePosterior
from gpytorch.distributions import MultivariateNormal
from torch import Tensor

from bigloop.agents.covariance import JITTER, covariance, factor, variance
from bigloop.agents.inference import Settings, infer
from bigloop.agents.items import Items, join, latent
from bigloop.agents.prior import Prior


class SourceModel(Model):  # type: ignore[misc]
    """Posterior over items given observed items, mixed over hyper-parameters.

    Args:
        items: the `n` observed items.
        y: their values, `n`, standardised.
        n_channels: sources' observables in all, the target included.
        is_coupled: whether the other channels may inform the target.
        settings: of the hyper-parameters, where they are known; else they are inferred.
    """

    def __init__(
        self,
        items: Items,
        y: Tensor,
        n_channels: int,
        is_coupled: bool = True,
        settings: Settings | None = None,
    ) -> None:
        super().__init__()
        self.items, self.y = items, y
        if settings is None:
            prior = Prior(items.x.shape[-1], n_channels)
            settings = infer(items, y, prior, is_coupled)
        self.h, self.weight = settings.h, settings.weight
        self._solve()

    def _solve(self) -> None:
        self.lower = factor(self.items, self.h)
        values = self.y.expand(len(self.weight), -1).unsqueeze(-1)
        self.alpha = torch.cholesky_solve(values, self.lower)
        loadings = self.items.common.expand(len(self.weight), -1, -1)
        self.carry = torch.cholesky_solve(loadings, self.lower)

    def _carried(self, at: Items) -> Tensor:
        """What the predictor's coefficient errors do to predictions, `s x m x k`.

        The posterior mean is linear in the data, and so in the errors of the data.
        """
        if not self.carry.shape[-1]:
            return self.carry.new_zeros(len(self.weight), len(at), 0)
        return covariance(at, self.items, self.h) @ self.carry

    def _shared(self, at: Items) -> Tensor:
        """As `_carried`; zero for an estimate, which is itself known without error."""
        return self._carried(at) * ~at.is_estimate.unsqueeze(-1)

    def believe(self, pending: Items) -> SourceModel:
        """The model after results equal to its own expectation: fantasies.

        Means stay as they are, variances fall; hyper-parameters are kept.
        """
        if not len(pending):
            return self
        after = copy.copy(self)
        after.y = torch.cat(
            [self.y.expand(len(self.weight), -1), self.mean(pending)], dim=-1
        )
        carried = self.average(self._carried(pending))
        pending = dataclasses.replace(pending, common=carried)
        after.items = join(self.items, pending)
        after._solve()
        return after

    def average(self, values: Tensor) -> Tensor:
        """Mean over the settings of a tensor `s x ...`."""
        return torch.tensordot(self.weight, values, dims=1)

    _is_ensemble = True
    _is_fully_bayesian = True

    @property
    def num_outputs(self) -> int:
        """One: the target."""
        return 1

    @property
    def batch_shape(self) -> torch.Size:
        """One batch entry for every setting of the hyper-parameters."""
        return torch.Size([len(self.weight)])

    def mean(self, at: Items) -> Tensor:
        """Posterior means, `s x m`."""
        return (covariance(at, self.items, self.h) @ self.alpha).squeeze(-1)

    def moments(self, at: Items) -> tuple[Tensor, Tensor]:
        """`mean` and `variance`, each `s x m`, for the price of one."""
        cross = covariance(self.items, at, self.h)
        mean = (cross.mT @ self.alpha).squeeze(-1)
        white = torch.linalg.solve_triangular(self.lower, cross, upper=False)
        own = (variance(at, self.h) - white.square().sum(-2)).clamp_min(1e-12)
        return mean, own + at.noise + self._shared(at).square().sum(-1)

    def likeliest(self, n: int) -> SourceModel:
        """The model under its `n` settings of the most weight."""
        at = self.weight.argsort(descending=True, stable=True)[:n]
        some = copy.copy(self)
        some.h, some.weight = self.h.at(at), self.weight[at] / self.weight[at].sum()
        some.y = self.y.expand(len(self.weight), -1)[at]
        some.lower, some.alpha = self.lower[at], self.alpha[at]
        some.carry = self.carry[at]
        return some

    def _explained(self, at: Items) -> Tensor:
        cross = covariance(self.items, at, self.h)
        return torch.linalg.solve_triangular(self.lower, cross, upper=False)

    def covariance(self, a: Items, b: Items) -> Tensor:
        """Posterior covariance between items, `s x n x m`, own noise apart."""
        prior = covariance(a, b, self.h)
        shared = self._shared(a) @ self._shared(b).transpose(-1, -2)
        return (
            prior - self._explained(a).transpose(-1, -2) @ self._explained(b) + shared
        )

    def variance(self, at: Items) -> Tensor:
        """Posterior variances, `s x m`, own noise included."""
        return self.moments(at)[1]

    def posterior(self, X: Tensor, *_: Any, **__: Any) -> GaussianMixturePosterior:
        """BoTorch posterior of the target's mean at `(b) x q x d`.

        The batch dimension of the hyper-parameters stands before `q`.
        """
        if X.ndim > 2 and X.shape[-3] == len(self.weight) and X.ndim > 3:
            X = X[..., 0, :, :]
        batch, q, d = X.shape[:-2], X.shape[-2], X.shape[-1]
        means, covariances = [], []
        for points in X.reshape(-1, q, d):
            at = latent(points, self.items.common.shape[-1])
            means.append(self.mean(at))
            covariances.append(self.covariance(at, at) + JITTER * torch.eye(q))
        s = len(self.weight)
        mean = torch.stack(means).reshape(*batch, s, q)
        cov = torch.stack(covariances).reshape(*batch, s, q, q)
        return GaussianMixturePosterior(MultivariateNormal(mean, cov))
