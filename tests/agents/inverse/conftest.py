"""A small prVAE on a small lattice."""

from __future__ import annotations

import numpy as np
import pytest

from bigloop.agents.inverse.runs import Grower, properties_of
from bigloop.models.prvae.data import SeiData, of_arrays
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.settings import PROPERTIES, Architecture, Training
from bigloop.simulators.sei.dataset import Settings, hypercube


@pytest.fixture(scope="session")
def grower() -> Grower:
    return Grower(shape=(14, 12), max_events=1500)


@pytest.fixture(scope="session")
def data(grower: Grower) -> SeiData:
    barriers = hypercube(Settings(n=120))
    pictures = np.stack([grower.run(b, 1, i)[0] for i, b in enumerate(barriers)])
    return of_arrays(pictures, barriers, properties_of(pictures, PROPERTIES))


@pytest.fixture(scope="session")
def model(data: SeiData) -> PrVAE:
    made = PrVAE(
        Training(
            epochs=6,
            batch=16,
            warm_up=1,
            learning_rate=3e-3,
            flow_epochs=10,
            forward_epochs=40,
        ),
        Architecture(
            rows=14, columns=12, filters=(8, 8, 16), dense=32, latent=6, n_heads=2
        ),
        "cpu",
    )
    made.fit_data(data.take(range(90)), data.take(range(90, 120)))
    return made
