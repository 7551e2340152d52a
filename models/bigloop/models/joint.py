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
