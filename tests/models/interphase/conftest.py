"""One small model of interphases that grow as the square root of age."""

from __future__ import annotations

import pytest
import torch

from bigloop.models.interphase import (
    Channel,
    InterphaseRNN,
    Layout,
    Recipe,
    Records,
    Sizes,
)

LAYOUT = Layout(
    configuration=("rate",),
    conditions=("stress",),
    observables={
        "voltage": "free",
        "thickness": "increasing",
        "resistance": "positive",
    },
    channels=(
        Channel(source="a", observable="thickness"),
        Channel(source="b", observable="thickness"),
        Channel(source="a", observable="voltage"),
        Channel(source="a", observable="resistance"),
    ),
)


def grown(n: int = 40, seed: int = 0) -> Records:
    """`n` interphases at 4 irregular ages; a third of the readings are missing."""
    g = torch.Generator().manual_seed(seed)
    rate = torch.rand(n, 1, generator=g)
    ages = (torch.rand(n, 4, generator=g) * 90 + 10).sort(1).values
    stress = torch.rand(n, 1, generator=g).expand(n, 4)
    thickness = 2.0 + (1 + rate + stress) * ages.sqrt()
    truth = torch.stack(
        [thickness, thickness, 3.0 - rate - ages / 100, stress + 0.1], -1
    )
    made = Records.blank(rate, ages, stress[..., None], 4)
    made.mask[:] = torch.rand(n, 4, 4, generator=g) > 0.33
    noise = torch.randn(n, 4, 4, generator=g) * torch.tensor([0.3, 1.0, 0.05, 0.02])
    made.values[:] = (truth + noise) * made.mask
    return made


@pytest.fixture(scope="package")
def model() -> InterphaseRNN:
    """Trained for a few seconds."""
    made = InterphaseRNN(
        LAYOUT,
        Sizes(latent=2, hidden=8, members=2, knots=2),
        Recipe(steps=120, rate=0.03, draws=2),
    )
    made.fit(grown())
    return made
