"""`bigloop train interphase`: a model, a report, a run; an early end; refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bigloop.cli import main
from bigloop.cli.interphase_training import InterphaseTraining, parse_kinds
from bigloop.contracts import SpecError
from bigloop.models.interphase import InterphaseRNN, Recipe, Sizes
from bigloop.tracking import Tracker
from bigloop.tracking.session import session

SMALL = ["--steps", "4", "--members", "2", "--hidden", "4", "--latent", "1"]


def write_readings(path: Path, n: int) -> Path:
    """Two readings of each of `n` specimens."""
    lines = ["specimen,age,source,observable,value,configuration.c,condition.T"]
    for i in range(n):
        for age in (5.0, 10.0):
            value = 1.0 + age * (1 + i / n)
            lines.append(f"s{i},{age},afm,thickness,{value},{i},300")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    return write_readings(tmp_path / "readings.csv", 10)


def test_training_writes_a_model_a_report_and_a_run(readings: Path) -> None:
    folder = readings.parent
    out = folder / "m.safetensors"
    call = ["--folder", str(folder / "bigloop"), "train", "interphase"]
    call += ["--data", str(readings), "--out", str(out), *SMALL]
    assert main([*call, "--kind", "thickness=increasing"]) == 0
    model = InterphaseRNN.from_bytes(out.read_bytes())
    assert model.layout.observables == {"thickness": "increasing"}
    report = json.loads(out.with_suffix(".json").read_text())
    assert [step["step"] for step in report["steps"]] == [1, 2, 3, 4]
    assert report["scores"][0]["n"] == 4, "two of ten specimens, two readings each"
    assert report["calibrated_by"] == 0, "two are too few"
    with session(f"sqlite:///{folder / 'bigloop' / 'mlflow.db'}") as client:
        experiment = client.get_experiment_by_name("bigloop/interphase")
        (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert "test_afm/thickness_rmse" in run.data.metrics


def test_spreads_are_set_right_by_half_of_those_held_out(tmp_path: Path) -> None:
    readings = write_readings(tmp_path / "readings.csv", 60)
    out = tmp_path / "m.safetensors"
    call = ["--folder", str(tmp_path / "bigloop"), "train", "interphase", *SMALL]
    call += ["--data", str(readings), "--out", str(out), "--held-out", "0.7"]
    assert main(call) == 0
    report = json.loads(out.with_suffix(".json").read_text())
    assert report["calibrated_by"] == 21
    assert report["scores"][0]["n"] == 42, "the other 21, two readings each"
    model = InterphaseRNN.from_bytes(out.read_bytes())
    assert model.is_calibrated


def test_an_early_end_keeps_what_was_learned(readings: Path) -> None:
    out = readings.parent / "m.safetensors"
    run = InterphaseTraining(
        data=readings,
        out=out,
        kinds={},
        recipe=Recipe(steps=500),
        sizes=Sizes(members=2, hidden=4, latent=1),
        held_out=0.0,
        tracker=Tracker(None, "bigloop/interphase", readings.parent / "bigloop"),
    )
    run.stop()
    assert not run.run()
    assert InterphaseRNN.from_bytes(out.read_bytes()).n_weights > 0
    assert len(json.loads(out.with_suffix(".json").read_text())["steps"]) == 1


def test_wrong_calls_are_one_line(
    readings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(readings.parent / "m.safetensors")]
    call = ["train", "interphase", "--data", str(readings), *out]
    assert main([*call, "--steps", "0"]) == 2
    assert "steps" in capsys.readouterr().err
    assert main([*call, "--held-out", "1"]) == 2
    assert "--held-out 1: give a share" in capsys.readouterr().err
    assert main([*call, "--kind", "resistance=free"]) == 2
    assert "no reading of 'resistance'" in capsys.readouterr().err


@pytest.mark.parametrize("given", [["y"], ["y=up"], ["y=free", "y=free"], ["=free"]])
def test_kinds_are_observable_and_kind(given: list[str]) -> None:
    with pytest.raises(SpecError, match="give OBSERVABLE="):
        parse_kinds(given)
