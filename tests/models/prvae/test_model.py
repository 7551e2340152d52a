from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from bigloop.contracts import DivergenceError, SpecError
from bigloop.models import artifact
from bigloop.models.prvae.data import SeiData
from bigloop.models.prvae.file import load
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.scores import evaluate, principal, r2, rank_correlation
from bigloop.models.prvae.settings import Architecture
from bigloop.simulators.sei import measure

Parts = tuple[SeiData, SeiData, SeiData]


def test_it_predicts_what_it_has_not_seen(fitted: PrVAE, parts: Parts) -> None:
    """36 rows and a small network: well above what the mean, or chance, gives."""
    found = evaluate(fitted, parts[2])
    assert found.r2["volume_fraction"] > 0.5
    assert found.r2["density"] > 0.5
    assert found.r2["thickness"] > 0.3


def test_its_probabilities_beat_the_frequencies_of_the_classes(
    fitted: PrVAE, parts: Parts
) -> None:
    pictures = torch.tensor(parts[2].pictures)
    decoded = fitted.decode(fitted.encode({"picture": pictures})[0])["picture"]
    right = decoded.gather(1, pictures.long()[:, None])[:, 0, 1:-1]
    codes = torch.tensor(parts[0].pictures[:, 1:-1]).flatten().long()
    part = torch.bincount(codes, minlength=8) / len(codes)
    frequency = part[pictures.long()][:, 1:-1]
    assert right.clamp_min(1e-6).log().mean() > frequency.clamp_min(1e-6).log().mean()


def test_uncertainty_has_two_parts(fitted: PrVAE, parts: Parts) -> None:
    found = fitted.predict({"picture": torch.tensor(parts[2].pictures)})
    assert (found.aleatoric > 0).all()
    assert (found.epistemic > 0).all()
    torch.testing.assert_close(
        found.sd.square(), found.aleatoric.square() + found.epistemic.square()
    )


def test_samples_are_pictures_of_the_lattice(fitted: PrVAE, parts: Parts) -> None:
    barriers = torch.tensor(parts[2].barriers[:5])
    made = fitted.sample(5, {"barriers": barriers}, seed=4)
    assert made["picture"].shape == (5, 16, 12)
    assert made["picture"].dtype == torch.uint8
    assert measure(made["picture"].numpy())["density"].shape == (5,)
    # Other codes than those of the data have a probability of 0.
    assert set(made["picture"].unique().tolist()) <= set(np.unique(parts[0].pictures))


def test_the_decoder_is_told_the_barriers(fitted: PrVAE, parts: Parts) -> None:
    z = torch.zeros(2, 8)
    barriers = torch.tensor(parts[2].barriers[:2])
    told = fitted.decode(z, {"barriers": barriers})["picture"]
    assert not told[0].equal(told[1])
    untold = fitted.decode(z)["picture"]
    torch.testing.assert_close(untold[0], untold[1])


def test_a_training_that_diverges_is_an_error(
    make: Callable[..., PrVAE], parts: Parts
) -> None:
    model = make(learning_rate=1e8, epochs=3)
    with pytest.raises(DivergenceError, match="give a learning rate below 1e"):
        model.fit_data(parts[0], parts[1])
    with pytest.raises(SpecError, match="nothing is learned yet"):
        model.to_bytes()


def test_a_failed_training_leaves_what_was_learned(
    make: Callable[..., PrVAE], parts: Parts
) -> None:
    model = make(epochs=2)
    model.fit_data(parts[0], parts[1])
    before = model.learned
    model.training = model.training.model_copy(update={"learning_rate": 1e8})
    with pytest.raises(DivergenceError):
        model.fit_data(parts[0], parts[1])
    assert model.learned is before


def test_a_stop_keeps_what_there_is(make: Callable[..., PrVAE], parts: Parts) -> None:
    model, seen = make(epochs=50), list[int]()
    report = model.fit_data(
        parts[0], parts[1], lambda e: seen.append(e.epoch), lambda: len(seen) >= 3
    )
    assert report.is_stopped
    assert seen == [1, 2, 3]
    assert report.best_epoch in (0, 1, 2, 3)
    assert (
        model.predict({"picture": torch.tensor(parts[2].pictures)})
        .mean.isfinite()
        .all()
    )


def test_a_plain_vae_gets_its_regressor_later(
    make: Callable[..., PrVAE], parts: Parts
) -> None:
    model = make(property_weight=0.0, epochs=12, batch=16, learning_rate=3e-3)
    report = model.fit_data(parts[0], parts[1])
    assert all(epoch.train["regression"] == 0 for epoch in report.epochs)
    assert evaluate(model, parts[0]).r2["volume_fraction"] > 0.3


def test_rows_without_properties_and_barriers_are_learned_from(
    make: Callable[..., PrVAE], parts: Parts
) -> None:
    bare = SeiData(
        pictures=parts[0].pictures,
        barriers=parts[0].barriers * 0,
        properties=parts[0].properties * 0,
        has_barriers=np.zeros(len(parts[0]), bool),
        has_properties=np.zeros_like(parts[0].has_properties),
        names=parts[0].names,
    )
    model = make(epochs=3)
    model.fit_data(bare, parts[1])
    assert model.learned.prior is None
    assert model.learned.inverse is None
    assert model.sample(2, seed=1)["picture"].shape == (2, 16, 12)


def test_files_are_held_against_what_is_expected(fitted: PrVAE, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    content = fitted.to_bytes()
    path.write_bytes(content)
    of = fitted.learned.network.architecture
    sha256 = artifact.address(content)
    load(path, PrVAE, sha256=sha256, architecture=of)
    with pytest.raises(SpecError, match="SHA-256 begins with"):
        load(path, PrVAE, sha256="0" * 64)
    other = Architecture.model_validate({**of.model_dump(), "latent": 9})
    with pytest.raises(SpecError, match=r"architecture\.latent is 8, asked for 9"):
        load(path, PrVAE, architecture=other)
    with pytest.raises(SpecError, match="give a model file"):
        load(tmp_path / "none", PrVAE)
    tensors, metadata = artifact.unpack(content, "prvae")
    metadata["architecture"]["latent"] = 9
    path.write_bytes(artifact.pack(tensors, metadata))
    with pytest.raises(SpecError, match="not those of the architecture"):
        load(path, PrVAE)
    tensors["weights"] = tensors["weights"] + 1e-3
    path.write_bytes(artifact.pack(tensors, metadata))
    with pytest.raises(SpecError, match="not those that were written"):
        load(path, PrVAE)


def test_there_is_no_such_device() -> None:
    with pytest.raises(SpecError, match="device: 'abacus'"):
        PrVAE(device="abacus")


def test_principal_components_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((500, 6)) * np.array([3.0, 2.0, 1.0, 0.5, 0.2, 0.1])
    scores, parts = principal(latent)
    values = np.linalg.eigvalsh(np.cov(latent, rowvar=False))[::-1]
    np.testing.assert_allclose(parts, values[:3] / values.sum())
    np.testing.assert_allclose(scores.var(axis=0, ddof=1), values[:3])
    assert rank_correlation(scores[:, 0], np.exp(scores[:, 0])) == pytest.approx(1.0)
    assert r2(latent[:, 0], latent[:, 0]) == 1.0
    assert r2(np.full(500, latent[:, 0].mean()), latent[:, 0]) == pytest.approx(0.0)
