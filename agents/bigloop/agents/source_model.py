"""The multi-source Gaussian process as a BoTorch model."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Items as a model sees them.

    Attributes:
        items: `m` of them.
        mean: posterior means, `s x m`.
        variance: posterior variances, own noise included, `s x m`.
        white: what the `n` data explain, `s x n x m`.
        shared: what the predictor's `k` errors do to them, `s x m x k`.
    """

    items: Items
    mean: Tensor
    variance: Tensor
    white: Tensor
    shared: Tensor

    def at(self, index: list[int]) -> Seen:
        """Some of the items."""
        return Seen(
            items=self.items.at(torch.tensor(index, dtype=torch.long)),
            mean=self.mean[:, index],
            variance=self.variance[:, index],
            white=self.white[..., index],
            shared=self.shared[:, index],
        )


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
            prior = Prior(items.x.shape[-1], n_channels, batched=items.batched)
            settings = infer(items, y, prior, is_coupled)
        self.h, self.weight = settings.h, settings.weight
        self._solve()

    def _solve(self) -> None:
        self.lower = factor(self.items, self.h)
        values = self.y.expand(len(self.weight), -1).unsqueeze(-1)
        self.alpha = torch.cholesky_solve(values, self.lower)
        loadings = self.items.common.expand(len(self.weight), -1, -1)
        self.carry = torch.cholesky_solve(loadings, self.lower)

    def _carried(self, cross: Tensor) -> Tensor:
        """What the predictor's coefficient errors do to predictions, `s x m x k`.

        The posterior mean is linear in the data, and so in the errors of the data. An
        estimate is itself known without error.

        Args:
            cross: prior covariance of what is predicted with the data, `s x m x n`.
        """
        if not self.carry.shape[-1]:
            return self.carry.new_zeros(len(self.weight), cross.shape[-2], 0)
        return cross @ self.carry

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
        carried = self.average(self._carried(covariance(pending, self.items, self.h)))
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

    def see(self, at: Items) -> Seen:
        """Items with what the model expects of them."""
        cross = covariance(self.items, at, self.h)
        white = torch.linalg.solve_triangular(self.lower, cross, upper=False)
        told = torch.linalg.vecdot(white, white, dim=-2)
        own = (variance(at, self.h) - told).clamp_min(1e-12)
        shared = self._carried(cross.mT) * ~at.is_estimate.unsqueeze(-1)
        return Seen(
            items=at,
            mean=(cross.mT @ self.alpha).squeeze(-1),
            variance=own + at.noise + shared.square().sum(-1),
            white=white,
            shared=shared,
        )

    def specimens(self, of: Seen, items: Items) -> Seen:
        """New specimens of designs that were seen as means: more variance, no more.

        Args:
            of: the means over specimens at `m` designs.
            items: a new specimen of each at the target, of a batch not seen.
        """
        own = self.h.spread(items.channel) + items.noise
        return dataclasses.replace(of, items=items, variance=of.variance + own)

    def moments(self, at: Items) -> tuple[Tensor, Tensor]:
        """Posterior means and variances, own noise included, each `s x m`."""
        seen = self.see(at)
        return seen.mean, seen.variance

    def sd_batch(self, channel: int) -> float:
        """Standard deviation between the batches of a channel; 0 where none differ."""
        return float(self.average(self.h.batch[:, channel]).sqrt())

    def likeliest(self, n: int) -> SourceModel:
        """The model under its `n` settings of the most weight."""
        at = self.weight.argsort(descending=True, stable=True)[:n]
        some = copy.copy(self)
        some.h, some.weight = self.h.at(at), self.weight[at] / self.weight[at].sum()
        some.y = self.y.expand(len(self.weight), -1)[at]
        some.lower, some.alpha = self.lower[at], self.alpha[at]
        some.carry = self.carry[at]
        return some

    def between(self, a: Seen, b: Seen) -> Tensor:
        """Posterior covariance between items, `s x n x m`, own noise apart."""
        prior = covariance(a.items, b.items, self.h)
        found = prior.baddbmm_(a.white.mT, b.white, alpha=-1)
        return found.baddbmm_(a.shared, b.shared.mT) if a.shared.shape[-1] else found

    def variance(self, at: Items) -> Tensor:
        """Posterior variances, `s x m`, own noise included."""
        return self.see(at).variance

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
            seen = self.see(at)
            means.append(seen.mean)
            covariances.append(self.between(seen, seen) + JITTER * torch.eye(q))
        s = len(self.weight)
        mean = torch.stack(means).reshape(*batch, s, q)
        cov = torch.stack(covariances).reshape(*batch, s, q, q)
        return GaussianMixturePosterior(MultivariateNormal(mean, cov))
