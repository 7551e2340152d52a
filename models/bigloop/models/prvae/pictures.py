"""From probabilities of the sites to a picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SOLID = (4, 7)
"""Li2CO3 and organic clusters: what the film is made of."""
_LENGTH, _REACH = 0.85, 4
"""Of the field that the film is drawn with, and where it is cut off [sites]."""


def probabilities(logits: Tensor, weights: Tensor) -> Tensor:
    """Frequencies of the classes, `n x classes x rows x columns`.

    The weighted loss is least where odds are the true ones times the weights; here
    they are divided out again.

    Args:
        logits: `n x classes x rows x columns`.
        weights: of the classes in the loss; 0 for a class that never occurred.
    """
    never = weights <= 0
    shift = torch.where(never, -torch.inf, -weights.clamp_min(1e-12).log())
    return (logits + shift[None, :, None, None]).softmax(dim=1)


def most_likely(probability: Tensor) -> Tensor:
    """The likeliest class of each site, `n x rows x columns`, bytes."""
    return probability.argmax(dim=1).to(torch.uint8)


def drawn(probability: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A picture by the probabilities of its sites, `n x rows x columns`, bytes.

    The latent holds where the film is, not each branch of it. Whether a site is solid
    is drawn with its probability, but neighbours are not drawn alone: a Gaussian field
    with a length of 0.85 sites decides (a Gaussian copula), or branches would be dust
    that makes the film too thick. Of 0.5, 0.7, 0.85 and 1 it is the length whose
    pictures of validation rows kept thickness and porosity best together. A solid site
    is the likelier of the two solids; all others are drawn one by one. The first and
    the last row are the likeliest class: nothing happens there.
    """
    n, n_classes, rows, columns = probability.shape
    is_solid = torch.zeros(n_classes, dtype=torch.bool)
    is_solid[[code for code in SOLID if code < n_classes]] = True
    is_solid = is_solid.to(probability.device)
    field = _field((n, rows, columns), generator).to(probability)
    becomes_solid = field < probability[:, is_solid].sum(dim=1)
    wide = is_solid[None, :, None, None]
    kind = probability.masked_fill(~wide, -1.0).argmax(dim=1)
    rest = probability.masked_fill(wide, 0.0)
    rest[:, 0] += 1e-12
    noise = torch.rand(n, 1, rows, columns, generator=generator).to(probability)
    steps = rest.cumsum(dim=1)
    other = (steps < noise * steps[:, -1:]).sum(dim=1).clamp_max(n_classes - 1)
    codes = torch.where(becomes_solid, kind, other)
    ends = probability.argmax(dim=1)
    codes[:, 0], codes[:, -1] = ends[:, 0], ends[:, -1]
    return codes.to(torch.uint8)


def _field(shape: tuple[int, int, int], generator: torch.Generator | None) -> Tensor:
    """Uniform numbers that are alike in neighbours, `n x rows x columns`.

    Gaussian noise smoothed over the edges, so that its spread is the same everywhere.
    """
    noise = torch.randn(shape, generator=generator)[:, None]
    at = torch.arange(-_REACH, _REACH + 1, dtype=noise.dtype)
    weight = torch.exp(-0.5 * (at / _LENGTH).square())
    kernel = weight[:, None] * weight[None, :]
    kernel = kernel / kernel.square().sum().sqrt()
    wide = functional.pad(noise, (_REACH,) * 4, mode="circular")
    smooth = functional.conv2d(wide, kernel[None, None])[:, 0]
    return torch.special.ndtr(smooth)
