"""What one more run at barriers is expected to come to, as the model has it."""

from __future__ import annotations

import torch
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.models.prvae.conditioning import Box
from bigloop.models.prvae.model import PrVAE

NOISE = 0.1
"""Spread of replicates, in standard deviations of the data set: about the median of
what runs at random barriers of the box show."""


def check_knows(model: PrVAE) -> None:
    """Refuse a model without barriers or properties.

    Raises:
        SpecError: it has learned none.
    """
    if model.learned.prior is None or model.learned.inverse is None:
        raise SpecError(
            "model: it has learned no barriers beside properties; train it on rows "
            "that have both"
        )


def box_of(model: PrVAE) -> Box:
    """The barriers that it learned from."""
    check_knows(model)
    assert model.learned.inverse is not None
    return model.learned.inverse.box


@torch.no_grad()  # type: ignore[untyped-decorator]
def expect(model: PrVAE, barriers: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of one run, `n x k` each, in their units, on the CPU.

    Of the ensemble that is trained with the prVAE from barriers to properties: what
    replicates scatter and what the model does not know, together.

    Args:
        model: fitted, with barriers and properties.
        barriers: `n x 15` [eV].

    Raises:
        SpecError: the model has learned no barriers or no properties.
    """
    check_knows(model)
    learned = model.learned
    assert learned.prior is not None
    scaled = learned.scales.barriers(barriers.to(model.hardware.device, torch.float32))
    mean, sd = learned.prior.forward.moments(scaled)
    scales = learned.scales
    total = (sd.square() + NOISE**2).sqrt()
    return (
        scales.property_mean + scales.property_sd * mean.cpu(),
        scales.property_sd * total.cpu(),
    )
