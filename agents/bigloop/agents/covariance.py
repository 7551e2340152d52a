r"""Covariance of the multi-source model.

For item `i` of channel `c` on design `x` and specimen `s` of batch `k`

$$ y_i = m_c + \rho_c f(x) + g_c(x) + b_{c,k} + \epsilon_{c,s} + e_i $$

with `f` a smooth Gaussian process plus an effect of its own for every design, `g_c` the
bias of a source that varies over the space, `rho_c` its learned relation to the target
(`rho_0 = 1`, `g_0 = 0`) [Kennedy2000]_, `b ~ N(0, tau_c^2)` what all specimens of a
batch share (`tau_c = 0` where no batches are told apart), `epsilon` the spread of
specimens and `e` known noise.

A predictor's estimate of specimen `s` is its posterior mean, so the error is of
Berkson's kind: the measured end scatters about the estimate, not the reverse.
With `h(x)` what the predictor misses of a design,
$$ \mathrm{est}_s = f(x) + h(x) + b_k + \epsilon_s - l_s^T z, $$
$$ y_s = f(x) + b_k + \epsilon_s + e_s, $$
where the variance of `e` is the predictor's aleatoric one and `z` are the errors of its
coefficients. Estimates alone say nothing about `z` (they would be explained by it
altogether), so `z` is cut from inference and passed through the posterior linearly, see
`SourceModel`.

.. [Kennedy2000] Kennedy, O'Hagan: Predicting the output from a complex computer code
   when fast approximations are available. Biometrika 87 (2000), eq. 1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from bigloop.agents.batches import NO_BATCH
from bigloop.agents.items import LATENT, Items
from bigloop.agents.prior import MEAN_VARIANCE

JITTER = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameters:
    """A batch of `s` settings.

    Attributes:
        lengthscale: `s x d`.
        signal: `s`; variance of the smooth part of `f`.
        effect: `s`; variance of the effect of single designs.
        relation: `s x c`; `rho`, 1 for channel 0.
        bias: `s x c`; variance of `g`, 0 for channel 0.
        noise: `s x c`; variance between specimens of a batch.
        batch: `s x c`; `tau^2`, variance between batches, 0 where none are told apart.
        miss: `s`; variance of `h`, what a predictor misses of single designs.
    """

    lengthscale: Tensor
    signal: Tensor
    effect: Tensor
    relation: Tensor
    bias: Tensor
    noise: Tensor
    batch: Tensor
    miss: Tensor

    def spread(self, channel: Tensor | int) -> Tensor:
        """Variance of a specimen of an unknown batch about the mean, `s (x n)`."""
        return self.noise[:, channel] + self.batch[:, channel]

    def with_(self, more: Hyperparameters) -> Hyperparameters:
        """These settings and others."""
        return Hyperparameters(
            **{
                part.name: torch.cat(
                    [getattr(self, part.name), getattr(more, part.name)]
                )
                for part in fields(self)
            }
        )

    def at(self, index: Tensor) -> Hyperparameters:
        """Some of the settings."""
        return Hyperparameters(
            **{part.name: getattr(self, part.name)[index] for part in fields(self)}
        )


def _matern(a: Tensor, b: Tensor, lengthscale: Tensor) -> tuple[Tensor, Tensor]:
    """Matern 5/2 correlation, `s x n x m`, and where the designs are equal, `n x m`."""
    scale = 5**0.5 / lengthscale[:, None, :]
    # Neither all differences at once (they fill the memory), nor the square of a sum,
    # which loses small distances.
    r = torch.cdist(a * scale, b * scale, compute_mode="donot_use_mm_for_euclid_dist")
    # In place: a fresh array for every term costs more than the arithmetic.
    falling = r.neg().exp_()
    return torch.addcmul(r, r, r, value=1 / 3).add_(1).mul_(falling), r[0] == 0


def factor(items: Items, h: Hyperparameters) -> Tensor:
    """Lower Cholesky factors of the covariance of observed items, `s x n x n`."""
    matrix = covariance(items, items, h)
    matrix.diagonal(dim1=1, dim2=2).add_(items.noise + JITTER)
    return torch.linalg.cholesky(matrix)


def covariance(a: Items, b: Items, h: Hyperparameters) -> Tensor:
    """Covariance of items, `s x n x m`, without each item's own `noise`."""
    correlation, same_design = _matern(a.x, b.x, h.lengthscale)
    is_target = not (a.channel.any() or b.channel.any())
    found = correlation if is_target else correlation.clone()
    found *= h.signal[:, None, None]
    if same_design.any():
        found += h.effect[:, None, None] * same_design
    same_channel = a.channel[:, None] == b.channel[None, :]
    if is_target:
        found += MEAN_VARIANCE
    else:
        found *= h.relation[:, a.channel, None] * h.relation[:, None, b.channel]
        own = correlation.mul_(h.bias[:, a.channel, None]).add_(MEAN_VARIANCE)
        found += own.mul_(same_channel)
    # Most of what is asked about are means, of no specimen, no batch and no estimate.
    for one, other, none, size in (
        (a.specimen, b.specimen, LATENT, h.noise),
        (a.batch, b.batch, NO_BATCH, h.batch),
    ):
        if (one != none).any() and (other != none).any():
            same = (one[:, None] == other) & same_channel & (one != none)[:, None]
            found += size[:, a.channel, None] * same
    if a.is_estimate.any() and b.is_estimate.any():
        both = a.is_estimate[:, None] & b.is_estimate[None, :] & same_design
        found += h.miss[:, None, None] * both
    return found


def variance(a: Items, h: Hyperparameters) -> Tensor:
    """Prior variance of every item, `s x n`, without each item's own `noise`."""
    function = (h.signal + h.effect)[:, None] * h.relation[:, a.channel].square()
    spread = h.noise[:, a.channel] * (a.specimen != LATENT)
    spread = spread + h.batch[:, a.channel] * (a.batch != NO_BATCH)
    own = MEAN_VARIANCE + h.bias[:, a.channel]
    miss = h.miss[:, None] * a.is_estimate
    return function + own + spread + miss
