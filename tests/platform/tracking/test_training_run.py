from __future__ import annotations

from pathlib import Path

from bigloop.tracking import Tracker, TrainingRun
from bigloop.tracking.session import session


def test_every_epoch_is_logged(tmp_path: Path) -> None:
    tracker = Tracker(None, "bigloop/prvae", tmp_path)
    run = TrainingRun(tracker, "a")
    run.begin({"epochs": 2, "rate": 1e-3}, {"bigloop.model": "prvae"})
    for number in (1, 2):
        run.epoch(number, {"loss": 10.0 / number})
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"w")
    run.end("FINISHED", {"test_n": 3.0}, [weights])
    assert run.problem is None
    with session(tracker.uri) as client:
        found = client.get_run(run.run_id)
        history = client.get_metric_history(run.run_id, "loss")
        files = client.list_artifacts(run.run_id, "model")
    assert found.data.params == {"epochs": "2", "rate": "0.001"}
    assert found.info.status == "FINISHED"
    assert [(m.step, m.value) for m in history] == [(1, 10.0), (2, 5.0)]
    assert [f.path for f in files] == ["model/w.safetensors"]


def test_training_goes_on_without_mlflow(tmp_path: Path) -> None:
    run = TrainingRun(Tracker("http://127.0.0.1:1", "x", tmp_path), "a")
    run.begin({}, {})
    run.epoch(1, {"loss": 1.0})
    run.end("FINISHED")
    assert run.problem is not None
    assert "MLflow" in str(run.problem)
