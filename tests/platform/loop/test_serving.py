from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bigloop.contracts import SpecError
from bigloop.loop.cluster import connect
from bigloop.loop.serving import ModelActor, serve
from bigloop.models.prvae.data import of_arrays
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.settings import Architecture, Training


@pytest.fixture(scope="module")
def model() -> PrVAE:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 8, (60, 8, 8)).astype(np.uint8)
    data = of_arrays(pictures, rng.random((60, 15)), rng.random((60, 4)))
    made = PrVAE(
        Training(epochs=1, flow_epochs=1, forward_epochs=1),
        Architecture(rows=8, columns=8, filters=(4, 4, 4), dense=8, latent=4),
        "cpu",
    )
    made.fit_data(data.take(range(45)), data.take(range(45, 60)))
    return made


def test_the_actor_answers_as_the_model(model: PrVAE) -> None:
    views = {"picture": torch.zeros(3, 8, 8, dtype=torch.uint8)}
    actor = ModelActor(model.to_bytes(), "cpu")
    for one, other in zip(actor.encode(views), model.encode(views), strict=True):
        assert one.equal(other)
    assert actor.predict(views)["mean"].equal(model.predict(views).mean)
    z = torch.ones(2, 4)
    assert actor.decode(z)["picture"].equal(model.decode(z)["picture"])
    drawn = actor.sample(2, seed=5)["picture"]
    assert drawn.equal(model.sample(2, seed=5)["picture"])


def test_a_wrong_file_is_refused_before_ray_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"x")
    with pytest.raises(SpecError, match="not a model file"):
        serve(path)


@pytest.mark.slow
def test_on_ray(model: PrVAE, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(model.to_bytes())
    actor = serve(path)
    ray = connect("")
    found = ray.get(actor.sample.remote(2, None, 5))["picture"]
    assert found.equal(model.sample(2, seed=5)["picture"])
    ray.kill(actor)
