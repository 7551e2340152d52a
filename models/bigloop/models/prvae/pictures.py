"""From probabilities of the sites to a picture."""

from __future__ import annotations

import torch
from torch import Tensor

SOLID = (4, 7)
"""Li2CO3 and organic clusters: what the film is made of."""


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
    """A picture with the number of solid sites that is expected, `n x rows x columns`.

    The latent holds where the film is but not where each molecule in solution is. As
    many sites as are expected to be solid become solid, the likeliest ones, each of its
    likelier solid; all others are drawn one by one. Drawn one by one, solid sites would
    be flakes above the film and make it too thick; the likeliest class everywhere would
    lose the molecules in solution.
    """
    n, n_classes, rows, columns = probability.shape
    flat = probability.reshape(n, n_classes, -1)
    solid = torch.zeros(n_classes, dtype=torch.bool, device=flat.device)
    solid[[code for code in SOLID if code < n_classes]] = True
    amount = flat[:, solid].sum(dim=1)
    rank = amount.argsort(dim=1, descending=True).argsort(dim=1)
    is_solid = rank < amount.sum(dim=1, keepdim=True).round()
    kind = flat.masked_fill(~solid[None, :, None], -1.0).argmax(dim=1)
    rest = flat.masked_fill(solid[None, :, None], 0.0).clamp_min(0)
    rest[:, 0] += 1e-12
    noise = torch.rand(n, 1, flat.shape[2], generator=generator).to(flat.device)
    steps = rest.cumsum(dim=1)
    other = (steps < noise * steps[:, -1:]).sum(dim=1).clamp_max(n_classes - 1)
    codes = torch.where(is_solid, kind, other)
    return codes.to(torch.uint8).reshape(n, rows, columns)
