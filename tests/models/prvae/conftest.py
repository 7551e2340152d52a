"""SEI runs on a small lattice, grown once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bigloop.models.prvae.data import SeiData, split
from bigloop.models.prvae.folder import read_folder
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.settings import Architecture, Training
from bigloop.simulators.sei import dataset

SETTINGS = dataset.Settings(
    n=240, seed=3, rows=16, columns=12, max_events=4000, shard=60
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sei")
    for shard in dataset.begin(SETTINGS, made):
        dataset.make_shard(SETTINGS, made, shard)
    dataset.finish(SETTINGS, made)
    return made


@pytest.fixture(scope="session")
def data(folder: Path) -> SeiData:
    return read_folder(folder)


@pytest.fixture(scope="session")
def parts(data: SeiData) -> tuple[SeiData, SeiData, SeiData]:
    train, validation, test = (data.take(rows) for rows in split(len(data), 0))
    return train, validation, test


@pytest.fixture(scope="session")
def make() -> Callable[..., PrVAE]:
    """Models of a size for the small lattice."""

    def made(**training: object) -> PrVAE:
        options = {
            "epochs": 3,
            "batch": 32,
            "warm_up": 1,
            "flow_epochs": 3,
            "forward_epochs": 3,
            **training,
        }
        return PrVAE(
            Training.model_validate(options),
            Architecture(
                rows=16, columns=12, filters=(8, 8, 16), dense=32, latent=8, n_heads=3
            ),
            "cpu",
        )

    return made


@pytest.fixture(scope="session")
def fitted(
    make: Callable[..., PrVAE], parts: tuple[SeiData, SeiData, SeiData]
) -> PrVAE:
    model = make(
        epochs=30,
        batch=16,
        learning_rate=3e-3,
        warm_up=3,
        flow_epochs=20,
        forward_epochs=40,
    )
    model.fit_data(parts[0], parts[1])
    return model
