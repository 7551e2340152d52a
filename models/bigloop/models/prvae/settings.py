"""What a prVAE is made of and how it is trained: two documents, no torch."""

from __future__ import annotations

from pydantic import Field

from bigloop.contracts.base import Document

PROPERTIES = ("thickness", "density", "volume_fraction", "porosity")
"""The four of the paper; see `data.volume_fraction` for the third."""


class Architecture(Document):
    """Sizes of the networks [Rajagopal2023]_, section 5.2.

    The paper writes 23 classes; the public snapshots have 8. Its "strides of two and
    one" are read as: the three convolutions of the encoder halve the picture; of the
    four of the decoder the first keeps its size and the others double it.

    .. [Rajagopal2023] D. Rajagopal et al., Adv. Energy Mater. 13, 2301985 (2023).
    """

    rows: int = Field(default=50, ge=8)
    columns: int = Field(default=50, ge=8)
    n_classes: int = Field(default=8, ge=2)
    filters: tuple[int, int, int] = (32, 64, 128)
    dense: int = Field(default=100, ge=1)
    latent: int = Field(default=50, ge=1)
    n_barriers: int = Field(default=15, ge=0)
    regressor: tuple[int, int] = (200, 200)
    n_heads: int = Field(default=5, ge=1)
    """Regressors of different beginnings; what they disagree on is epistemic."""
    properties: tuple[str, ...] = PROPERTIES


class Training(Document):
    """How it is trained; the weights of the loss are in nats a picture."""

    epochs: int = Field(default=60, ge=1)
    batch: int | None = Field(default=None, ge=2)
    """Pictures in one step; none: 64, on a GPU what its memory allows."""
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    kl_weight: float = Field(default=1.0, ge=0)
    warm_up: int = Field(default=10, ge=0)
    """Epochs over which the weight of the KL rises from 0, so that the latent is used
    before it is paid for [Bowman2016]_.

    .. [Bowman2016] S. R. Bowman et al., CoNLL 2016, 10 (2016).
    """
    property_weight: float = Field(default=2000.0, ge=0)
    """Of the regression; 0 makes a plain VAE, whose regressor is trained later."""
    class_exponent: float = Field(default=0.5, ge=0, le=1)
    """A class of frequency f weighs f to minus this in the reconstruction."""
    barrier_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Part of the pictures that are decoded as if their barriers were unknown."""
    patience: int = Field(default=15, ge=1)
    """Epochs without a better validation loss after which it stops."""
    flow_epochs: int = Field(default=150, ge=1)
    """At most, of the two flows that are trained after the networks."""
    forward_epochs: int = Field(default=60, ge=1)
    """Of the ensemble from barriers to properties."""
    seed: int = Field(default=0, ge=0)
