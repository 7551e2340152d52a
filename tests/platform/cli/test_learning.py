from __future__ import annotations

import json
from pathlib import Path

import pytest

from bigloop.cli import main
from bigloop.cli.prvae_training import PrvaeTraining
from bigloop.contracts import SpecError
from bigloop.models.prvae.fitting import Epoch
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.settings import Training
from bigloop.tracking import Tracker
from bigloop.tracking.session import session

GROW = ["--n", "90", "--rows", "14", "--columns", "12", "--max-events", "1500"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sei") / "set"
    call = ["dataset", "sei", "--out", str(folder), *GROW, "--executor", "in-process"]
    assert main(call) == 0
    return folder


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    path = folder / "m.safetensors"
    call = ["--folder", str(folder / "bigloop"), "train", "prvae", "--device", "cpu"]
    call += ["--data", str(data), "--out", str(path), "--epochs", "2", "--batch", "32"]
    assert main(call) == 0
    return path


def test_training_writes_a_model_a_report_and_a_run(model: Path) -> None:
    report = json.loads(model.with_suffix(".json").read_text())
    assert [e["epoch"] for e in report["report"]["epochs"]] == [1, 2]
    assert set(report["scores"]["r2"]) == {
        *("thickness", "density", "volume_fraction", "porosity")
    }
    uri = f"sqlite:///{model.parent / 'bigloop' / 'mlflow.db'}"
    with session(uri) as client:
        experiment = client.get_experiment_by_name("bigloop/prvae")
        (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test_n"] == report["scores"]["n"]


@pytest.mark.parametrize(("after", "written"), [(0, False), (1, True)])
def test_a_stop_keeps_what_was_learned_by_then(
    data: Path, tmp_path: Path, after: int, written: bool
) -> None:
    seen: list[int] = []

    class Stopped(PrvaeTraining):
        def _progress(self, epoch: Epoch) -> None:
            seen.append(epoch.epoch)
            self.stop()

    run = Stopped(
        model=PrVAE(Training(epochs=50, flow_epochs=1, forward_epochs=1), device="cpu"),
        data=data,
        properties=("thickness",),
        out=tmp_path / "m.safetensors",
        tracker=Tracker(None, "bigloop/prvae", tmp_path),
    )
    if not after:
        run.stop()
    assert not run.run()
    assert len(seen) == after
    assert run.out.exists() == written
    with session(run.tracker.uri) as client:
        experiment = client.get_experiment_by_name("bigloop/prvae")
        (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.status == "KILLED"


def test_exploring_draws_everything(model: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures"
    call = ["explore", "prvae", str(model), "--data", str(data), "--out", str(out)]
    assert main([*call, "--plain", str(model)]) == 0
    assert sorted(path.stem for path in out.glob("*.png")) == [
        *("components", "correlation", "coverage", "generated", "over_barriers"),
        *("over_latents", "parity", "reconstructions", "training", "walks"),
    ]


def test_designs_are_printed_and_written(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["design", "prvae", str(model), "--target", "thickness=3"]
    call += ["--target", "porosity=0.5", "--budget", "40", "--rounds", "1"]
    call += ["--replicates", "2", "--max-events", "1500", "--out", str(tmp_path)]
    assert main(call) == 0
    said = capsys.readouterr().out
    assert said.count("spreads of single runs") == 3
    assert "free" in said
    assert sorted(p.name for p in tmp_path.glob("*.png")) == [
        *("direct.png", "genetic.png", "gradient.png")
    ]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["thickness"], "--target 'thickness': give NAME=VALUE"),
        (["thickness=x"], "give NAME=VALUE"),
        (["thickness=1", "thickness=2"], "each name once"),
    ],
)
def test_targets_are_name_and_value(given: list[str], says: str) -> None:
    from bigloop.cli.prvae_designing import parse_targets

    with pytest.raises(SpecError, match=says):
        parse_targets(given)


def test_wrong_calls_are_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "m.safetensors")]
    assert main(["train", "prvae", "--data", str(tmp_path), *out]) == 2
    assert "no data set of SEI runs" in capsys.readouterr().err
    call = ["train", "prvae", "--data", str(data), *out, "--properties", "charm"]
    assert main(call) == 2
    assert "'charm' is not in" in capsys.readouterr().err
    assert main(["train", "prvae", "--data", str(data), *out, "--epochs", "0"]) == 2
    assert "epochs" in capsys.readouterr().err
    call = ["design", "prvae", str(tmp_path / "no"), "--target", "thickness=3"]
    assert main(call) == 2
    assert "give a model file" in capsys.readouterr().err
