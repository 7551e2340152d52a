"""The loss: reconstruction, Kullback-Leibler divergence, property regression."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_SHARE = 0.5
"""Exponent of the variance that the likelihood is multiplied with, see `regression`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The three terms, each a mean over the pictures [nat]."""

    reconstruction: Tensor
    kl: Tensor
    regression: Tensor

    def total(self, kl_weight: float, property_weight: float) -> Tensor:
        """Their weighted sum."""
        return (
            self.reconstruction
            + kl_weight * self.kl
            + property_weight * self.regression
        )


def class_weights(counts: Tensor, exponent: float) -> Tensor:
    """Weight of each class, `(count / all) ** -exponent`, of mean 1 over the sites.

    With 0 the solvent, most of all sites, decides alone; with 1 every class weighs the
    same and a few pairs outweigh the film. A class that never occurs weighs nothing.
    """
    part = counts / counts.sum()
    weight = torch.where(part > 0, part.clamp_min(1e-12) ** -exponent, 0.0)
    return weight / (weight * part).sum()


def reconstruction(logits: Tensor, pictures: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy summed over the sites, each weighted by its true class.

    Its minimum is not the frequency p of a class but p times its weight, normalised:
    `Decoded` divides by the weights again.
    """
    each = functional.cross_entropy(logits, pictures.long(), weights, reduction="none")
    return each.sum(dim=(1, 2)).mean()


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Divergence of the encoded Gaussian from the unit one [Kingma2014]_.

    .. [Kingma2014] D. P. Kingma and M. Welling, ICLR 2014, appendix B.
    """
    each = mean.square() + log_variance.exp() - 1.0 - log_variance
    return 0.5 * each.sum(dim=1).mean()


def regression(
    mean: Tensor, log_variance: Tensor, target: Tensor, known: Tensor
) -> Tensor:
    """Gaussian likelihood of what is known, mean over heads and known properties.

    Each value is multiplied with its own predicted standard deviation, held constant:
    without it, what is predicted badly stops being learned [Seitzer2022]_.

    Args:
        mean: `heads x n x k`.
        log_variance: `heads x n x k`.
        target: `n x k`, standardised.
        known: mask `n x k`.

    .. [Seitzer2022] M. Seitzer et al., ICLR 2022: on the pitfalls of heteroscedastic
       uncertainty estimation.
    """
    variance = log_variance.exp()
    each = 0.5 * (log_variance + (target - mean).square() / variance)
    weighted = each * variance.detach() ** _SHARE * known
    return weighted.sum() / (known.sum() * len(mean)).clamp_min(1)


def half_squared_error(mean: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Of the mean of the heads `heads x n x k`, mean over what is known.

    What validation goes by: the weighted likelihood of training has no least value
    that would be best.
    """
    each = 0.5 * (target - mean.mean(dim=0)).square() * known
    return each.sum() / known.sum().clamp_min(1)
