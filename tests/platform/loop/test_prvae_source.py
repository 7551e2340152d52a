"""A prVAE in a file as a source of a campaign."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigloop.agents.inverse.runs import Grower, properties_of
from bigloop.contracts import FailureClass, Request, SpecError, read_campaign
from bigloop.loop.prvae_source import PrVAESource
from bigloop.loop.sources import check, plan
from bigloop.models.prvae.data import of_arrays
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.settings import Architecture, Training
from bigloop.simulators.sei import box
from bigloop.simulators.sei.barriers import NAMES
from bigloop.simulators.sei.dataset import Settings, hypercube
from bigloop.simulators.testing import check_failure, check_simulator

LEARNED = ("thickness", "porosity", "in_flux", "or_flux", "volume_fraction")
CAMPAIGN = Path(__file__).parents[3] / "campaigns" / "sei.yaml"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    grower = Grower(shape=(14, 12), max_events=1500)
    barriers = hypercube(Settings(n=60))
    pictures = np.stack([grower.run(b, 1, i)[0] for i, b in enumerate(barriers)])
    values = properties_of(pictures, LEARNED)
    data = of_arrays(pictures, barriers, values, names=LEARNED)
    sizes = Architecture(
        rows=14,
        columns=12,
        filters=(8, 8, 16),
        dense=32,
        latent=6,
        n_heads=2,
        properties=LEARNED,
    )
    short = Training(epochs=2, batch=16, warm_up=1, flow_epochs=2, forward_epochs=20)
    model = PrVAE(short, sizes, "cpu")
    model.fit_data(data.take(range(45)), data.take(range(45, 60)))
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    path.write_bytes(model.to_bytes())
    return path


def ask(**changed: float) -> Request:
    middle = dict(zip(NAMES, box().mean(axis=1).tolist(), strict=True))
    return Request(trial="1", design={**middle, **changed})


def test_contract_and_what_it_says(file: Path) -> None:
    found = check_simulator(lambda: PrVAESource(str(file)), ask())
    assert [m.observable for m in found.measurements] == list(LEARNED)
    assert [m.unit for m in found.measurements] == ["nanometer", "", "", "", ""]
    assert all(m.sd and m.sd > 0 and m.value >= 0 for m in found.measurements)
    assert len(found.provenance["model"]) == 64


def test_outside_of_the_box_it_does_not_guess(file: Path) -> None:
    found = check_failure(PrVAESource(str(file)), ask(e3=2.0))
    assert found.failure is FailureClass.INPUT
    assert "e3: 2 eV is outside" in found.message


def test_only_the_file_that_was_asked_for(file: Path) -> None:
    with pytest.raises(SpecError, match="SHA-256"):
        PrVAESource(file.name, sha256="0" * 64, base=str(file.parent))
    with pytest.raises(SpecError, match="train a prVAE into it"):
        PrVAESource("nowhere.safetensors", base=str(file.parent))


def test_the_sei_campaign_fits_its_sources(tmp_path: Path) -> None:
    spec = read_campaign(CAMPAIGN)
    for name, source in spec.sources.items():
        made = plan(source, CAMPAIGN.parent, tmp_path / "journal", spec.seed).build()
        check(spec, name, made.capabilities())


def test_a_request_brings_the_version_that_answers(file: Path) -> None:
    content = file.read_bytes()
    given = {"model": "v1", "weights": content}
    names = LEARNED[:2]

    def make() -> PrVAESource:
        return PrVAESource(properties=names)

    found = check_simulator(make, ask().model_copy(update=given))
    assert [m.observable for m in found.measurements] == list(names)
    assert found.provenance["model"] == "v1"
    source = make()
    with pytest.raises(SpecError, match="no model to answer with"):
        source.evaluate(ask())
    source.evaluate(ask().model_copy(update=given))
    later = {"model": "v2", "weights": b"no model"}
    with pytest.raises(SpecError, match="not a model file"):
        source.evaluate(ask().model_copy(update=later))
    with pytest.raises(SpecError, match="has not learned 'newpor'"):
        PrVAESource(str(file), properties=["newpor"])


def test_some_room_around_what_it_learned_from(file: Path) -> None:
    edge = {"e3": float(box()[2, 1]) + 0.005}
    assert PrVAESource(str(file)).evaluate(ask(**edge)).failure is FailureClass.INPUT
    roomy = PrVAESource(str(file), margin=0.2)
    assert roomy.evaluate(ask(**edge)).status == "success"
    with pytest.raises(SpecError, match="margin"):
        PrVAESource(str(file), margin=-1.0)
