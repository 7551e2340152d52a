"""The joint belief about several points as a BoTorch posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from bigloop.models.mixture import Mixture


def posterior(
    mixture: Mixture,
    phi: Tensor,
    *,
    origin: Tensor,
    scale: float,
    has_batches: bool,
    observation_noise: bool,
    dtype: torch.dtype,
) -> Any:
    """Moment-matched Gaussian at regressors `(b) x q x p` that share a new batch.

    Returns:
        A `GPyTorchPosterior` over `(b) x q x 1` of the given dtype.
    """
    import torch
    from botorch.posteriors import GPyTorchPosterior
    from gpytorch.distributions import MultivariateNormal

    shape, q = phi.shape[:-2], phi.shape[-2]
    means, roots = mixture.latent(phi.reshape(-1, phi.shape[-1]))
    means = means.reshape(len(means), -1, q)
    roots = roots.reshape(*roots.shape[:2], -1, q)
    w = mixture.weights
    mean = torch.einsum("k,kbq->bq", w, means)
    off = means - mean
    cov = torch.einsum("k,kpbq,kpbr->bqr", w, roots, roots)
    cov = cov + torch.einsum("k,kbq,kbr->bqr", w, off, off)
    if has_batches:
        cov = cov + w @ mixture.nodes[:, 2] ** 2
    eye = torch.eye(q, dtype=cov.dtype, device=cov.device)
    if observation_noise:
        cov = cov + (w @ mixture.nodes[:, 1] ** 2) * eye
    # There are more points than coefficients: without this no Cholesky factor exists.
    slack = 1e-8 if dtype == torch.double else 1e-4
    cov = cov + slack * cov.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None] * eye
    mean = (mean * scale + origin).reshape(*shape, q).to(dtype)
    return GPyTorchPosterior(
        MultivariateNormal(mean, (cov * scale**2).reshape(*shape, q, q).to(dtype))
    )


RANK_SHARE = 1e-3
"""Directions with less than this share of the variance are left out."""


def loadings(
    mixture: Mixture, phi: Tensor, unseen: Tensor, epistemic: Tensor
) -> Tensor:
    """What the epistemic errors of specimens have in common, `q x r`.

    Args:
        mixture: the posterior.
        phi: regressors `q x p`.
        unseen: `q x b`, one-hot of the batches of which nothing is labelled.
        epistemic: `q`, standard deviation of each specimen; truncation may have made
            it smaller than the mixture says, and scales its loadings.

    Returns:
        Factors `L` of the covariance, `L @ L.T`, strongest direction first, with a
        fixed sign; its diagonal is at most `epistemic ** 2`.
    """
    import torch

    means, roots = mixture.latent(phi)
    w = mixture.weights
    off = means - w @ means
    cov = torch.einsum("k,kpq,kpr->qr", w, roots, roots)
    cov = cov + torch.einsum("k,kq,kr->qr", w, off, off)
    cov = cov + (w @ mixture.nodes[:, 2] ** 2) * (unseen @ unseen.mT)
    values, vectors = torch.linalg.eigh(cov)
    keep = values > RANK_SHARE * values.sum()
    factors = (vectors * values.clamp_min(0.0).sqrt())[:, keep].flip(-1)
    largest = factors.abs().argmax(0)
    factors = factors * factors[largest, torch.arange(factors.shape[1])].sign()
    whole = cov.diagonal().clamp_min(1e-24).sqrt()
    return factors * (epistemic / whole).clamp_max(1.0)[:, None]
