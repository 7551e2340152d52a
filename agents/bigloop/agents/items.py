"""Items: everything that is observed or asked for, as rows of one Gaussian vector."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from bigloop.agents.batches import NO_BATCH

LATENT = -1
"""Specimen index of a mean over specimens: it carries no specimen effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """`n` random variables of the multi-source model.

    Attributes:
        x: designs in the unit cube, `n x d`.
        channel: `n`; 0 is the target observable at the target source, the others
            are observables of cheaper sources.
        specimen: `n`; equal numbers share a specimen, `LATENT` has none.
        batch: `n`; equal numbers share a batch, `NO_BATCH` has none.
        is_estimate: `n`; predicted from early observations, not measured.
        noise: `n`; known variance of each item alone.
        common: `n x k`; loadings of estimates on the `k` standard normal errors of
            the predictor's coefficients.
    """

    x: Tensor
    channel: Tensor
    specimen: Tensor
    batch: Tensor
    is_estimate: Tensor
    noise: Tensor
    common: Tensor

    def __len__(self) -> int:
        """Number of items."""
        return len(self.x)

    @property
    def batched(self) -> list[int]:
        """Channels in which batches are told apart, in order."""
        return sorted(set(self.channel[self.batch != NO_BATCH].tolist()))

    def at(self, keep: Tensor) -> Items:
        """Some of the items, by a mask or by indices."""
        return Items(
            **{part.name: getattr(self, part.name)[keep] for part in fields(self)}
        )


def latent(x: Tensor, n_common: int) -> Items:
    """The mean over specimens and batches at the target source, at designs `n x d`."""
    n = len(x)
    return Items(
        x=x,
        channel=torch.zeros(n, dtype=torch.long),
        specimen=torch.full((n,), LATENT),
        batch=torch.full((n,), NO_BATCH),
        is_estimate=torch.zeros(n, dtype=torch.bool),
        noise=torch.zeros(n, dtype=x.dtype),
        common=torch.zeros(n, n_common, dtype=x.dtype),
    )


def join(*parts: Items) -> Items:
    """One after the other."""
    return Items(
        x=torch.cat([p.x for p in parts]),
        channel=torch.cat([p.channel for p in parts]),
        specimen=torch.cat([p.specimen for p in parts]),
        batch=torch.cat([p.batch for p in parts]),
        is_estimate=torch.cat([p.is_estimate for p in parts]),
        noise=torch.cat([p.noise for p in parts]),
        common=torch.cat([p.common for p in parts]),
    )
