"""The posterior of a linear mixed model: one Gaussian a node of the hyper-prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigloop.models import censoring

if TYPE_CHECKING:
    from torch import Tensor

    from bigloop.models.evidence import Evidence
    from bigloop.models.hyperprior import Hyperprior

_NEGLIGIBLE = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Weights, and the Gaussian of the whitened coefficients at each node.

    Exact at every node for exact labels; nodes whose posterior weight is below 1e-7
    are dropped.
    """

    weights: Tensor
    """`k`, sum to 1."""
    nodes: Tensor
    """`k x 3`: signal, noise and batch standard deviations."""
    scale: Tensor
    """`k x p`, prior standard deviation of each coefficient."""
    mean: Tensor
    """`k x p`, whitened."""
    factor: Tensor
    """`k x p x p`, Cholesky factor of the whitened precision."""
    sites: censoring.Sites

    def latent(self, phi: Tensor) -> tuple[Tensor, Tensor]:
        """Mean `k x q` and root of the covariance `k x p x q` at regressors `q x p`."""
        import torch

        x = phi * self.scale[:, None, :]
        root = torch.linalg.solve_triangular(self.factor, x.mT, upper=False)
        return (x @ self.mean[..., None]).squeeze(-1), root


def condition(evidence: Evidence, prior: Hyperprior, n_inputs: int) -> Mixture:
    """The posterior given evidence, hyper-parameters integrated over the grid."""
    import torch

    device = evidence.gram.device
    n_batches = evidence.gram.shape[0] - 1 - n_inputs
    nodes, log_prior = (part.to(device) for part in prior.nodes(n_batches > 0))
    scale = _scale(nodes, n_inputs, n_batches)
    noise = nodes[:, 1]
    precision, shift = _natural(evidence, scale, noise)
    censored = evidence.censored * scale[:, None, :]
    over = censoring.sites(precision, shift, censored, evidence.bounds, noise)
    precision = precision + censored.mT @ (over.precision[..., None] * censored)
    shift = shift + (censored.mT @ over.shift[..., None]).squeeze(-1)
    factor = torch.linalg.cholesky(precision)
    mean = torch.cholesky_solve(shift[..., None], factor).squeeze(-1)
    log_evidence = (
        0.5 * (shift * mean).sum(-1)
        - factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        - 0.5 * evidence.square / noise**2
        - evidence.n * (noise.log() + 0.5 * math.log(2.0 * math.pi))
        + over.log_scale
    )
    weights = torch.softmax(log_prior + log_evidence, 0)
    keep = weights > _NEGLIGIBLE * weights.max()
    return Mixture(
        weights=weights[keep] / weights[keep].sum(),
        nodes=nodes[keep],
        scale=scale[keep],
        mean=mean[keep],
        factor=factor[keep],
        sites=censoring.Sites(
            precision=over.precision[keep],
            shift=over.shift[keep],
            log_scale=over.log_scale[keep],
        ),
    )


def _scale(nodes: Tensor, n_inputs: int, n_batches: int) -> Tensor:
    import torch

    signal, _, batch = nodes.unbind(-1)
    return torch.cat(
        [
            torch.ones_like(signal)[:, None],
            (signal / math.sqrt(max(n_inputs, 1)))[:, None].expand(-1, n_inputs),
            batch[:, None].expand(-1, n_batches),
        ],
        dim=-1,
    )


def _natural(evidence: Evidence, scale: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Precision `k x p x p` and shift `k x p` of the whitened coefficients."""
    import torch

    gram = evidence.gram * scale[:, :, None] * scale[:, None, :]
    prior = torch.ones_like(evidence.moment)
    # A flat prior of the intercept: any one exact label makes the posterior proper.
    prior[0] = 0.0
    precision = gram / noise[:, None, None] ** 2 + torch.diag(prior)
    return precision, evidence.moment * scale / noise[:, None] ** 2
