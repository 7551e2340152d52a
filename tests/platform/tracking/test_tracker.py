"""A real MLflow: on SQLite, away, and as a server."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bigloop.contracts import ModelVersion, NotFoundError, SourceError
from bigloop.tracking import Tracker
from bigloop.tracking.finding import run_address
from bigloop.tracking.session import session

WEIGHTS = b"\x00weights\xff"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for the module: MLflow needs seconds to make it."""
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture
def tracker(folder: Path, request: pytest.FixtureRequest) -> Tracker:
    return Tracker(None, request.node.name, folder)


def _version(name: str = "abc123", status: str = "challenger") -> ModelVersion:
    return ModelVersion.model_validate(
        {
            "id": name,
            "campaign": "fast_charging",
            "model": "early-life",
            "snapshot": "5eed",
            "n_rows": 9,
            "status": status,
            "metrics": {"specimen_out_n": 8, "specimen_out_rmse": 103.0},
            "parameters": {
                "inputs": ["log10_var_dQ"],
                "options": {"noise": 0.2},
                "learned": {"noise": 0.13, "batch.5/12/17": -0.1},
            },
            "calibration": [
                {"scheme": "leave one out", "group": g, "level": 0.9, "coverage": 0.875}
                for g in ("all", "batch b")
            ],
            "artifact": base64.b64encode(WEIGHTS).decode(),
        }
    )


def _runs(tracker: Tracker) -> list[Any]:
    with session(tracker.uri) as client:
        experiment = client.get_experiment_by_name(tracker.experiment)
        return list(client.search_runs([experiment.experiment_id]))


def test_one_run_holds_everything(tracker: Tracker, tmp_path: Path) -> None:
    run_id = tracker.deliver(_version(), 7)
    (run,) = _runs(tracker)
    assert run.info.run_id == run_id
    assert run.info.status == "FINISHED"
    assert run.data.params["options.noise"] == "0.2"
    assert run.data.metrics["specimen_out_rmse"] == 103.0
    assert run.data.metrics["learned.batch.5-12-17"] == -0.1
    assert run.data.metrics["coverage 90 percent leave one out"] == 0.875
    tags = run.data.tags
    assert tags["bigloop.event"] == "7"
    assert tags["bigloop.snapshot"] == "5eed"
    assert tags["bigloop.status"] == "challenger"
    with session(tracker.uri) as client:
        found = client.download_artifacts(run_id, "", str(tmp_path))
    weights = Path(found) / "model" / "weights.safetensors"
    assert weights.read_bytes() == WEIGHTS
    report = json.loads((Path(found) / "calibration.json").read_text())
    assert report == _version().calibration


def test_the_same_event_makes_one_run(tracker: Tracker) -> None:
    first = tracker.deliver(_version(), 7)
    assert tracker.deliver(_version(), 7) == first
    assert tracker.deliver(_version(), 8) != first
    assert len(_runs(tracker)) == 2


def test_an_interrupted_run_is_completed(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails after numbers were logged and before the weights were."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", _full_disk)
        with pytest.raises(SourceError, match="No space left"):
            tracker.deliver(_version(), 7)
    (broken,) = _runs(tracker)
    assert broken.info.status == "RUNNING"
    assert tracker.deliver(_version(), 7) == broken.info.run_id
    (run,) = _runs(tracker)
    assert run.info.status == "FINISHED"
    with session(tracker.uri) as client:
        history = client.get_metric_history(run.info.run_id, "specimen_out_rmse")
        assert [f.path for f in client.list_artifacts(run.info.run_id)] == [
            "calibration.json",
            "model",
        ]
    assert len(history) == 1


def _full_disk(self: Path, content: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_promotion_retires_the_champion_before(tracker: Tracker) -> None:
    for seq, name in enumerate(("one", "two", "three")):
        tracker.deliver(_version(name), seq)
    assert tracker.promote("fast_charging", "one") == 1
    assert tracker.promote("fast_charging", "three") == 2
    assert tracker.promote("fast_charging", "three") == 0
    found = {
        run.data.tags["bigloop.model_id"]: run.data.tags["bigloop.status"]
        for run in _runs(tracker)
    }
    assert found == {"one": "retired", "two": "challenger", "three": "champion"}


def test_nothing_stays_in_the_environment(tracker: Tracker) -> None:
    before = dict(os.environ)
    tracker.deliver(_version(), 1)
    assert dict(os.environ) == before


def test_a_closed_port_fails_at_once_and_catches_up(folder: Path) -> None:
    away = Tracker(f"http://127.0.0.1:{_free_port()}", "later")
    start = time.monotonic()
    with pytest.raises(SourceError, match="delivered later"):
        away.deliver(_version(), 7)
    # Its own defaults would go on for four minutes.
    assert time.monotonic() - start < 30
    assert Tracker(None, "later", folder).deliver(_version(), 7)


def test_a_server_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SourceError, match="delivered later"):
            Tracker(uri, "x").deliver(_version(), 1)


def test_a_folder_that_cannot_be_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SourceError, match="repair it"):
        Tracker(None, "x", tmp_path / "file").deliver(_version(), 1)


def test_a_file_that_is_no_database_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database " * 100)
    with pytest.raises(SourceError, match="not a database"):
        Tracker(None, "x", tmp_path).deliver(_version(), 1)


def test_import_does_not_import_mlflow() -> None:
    code = "import sys, bigloop.tracking; print('mlflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_first_use_says_nothing_to_anyone(tmp_path: Path) -> None:
    """A fresh process, a fresh database: no migration log, no warning, no telemetry.

    MLflow sends none under pytest or CI, so the process must not know of them.
    """
    code = (
        "import sys, pathlib\n"
        "from bigloop.contracts import ModelVersion\n"
        "from bigloop.tracking import Tracker\n"
        "version = ModelVersion.model_validate_json(sys.argv[1])\n"
        "from bigloop.tracking.session import session\n"
        "tracker = Tracker(None, 'x', pathlib.Path(sys.argv[2]))\n"
        "with session(tracker.uri):\n"
        "    from mlflow.telemetry import get_telemetry_client\n"
        "    assert get_telemetry_client() is None, 'telemetry is on'\n"
        "tracker.deliver(version, 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, _version().model_dump_json(), str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
    assert (tmp_path / "mlflow.db").exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[str]:
    """A real server on the module's database."""
    Tracker(None, "warm", folder).deliver(_version(), 1)
    port = _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "server", "--port", str(port)),
            *("--workers", "1", "--artifacts-destination", str(tmp_path / "served")),
            *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        ],
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    uri = f"http://127.0.0.1:{port}"
    try:
        _await(uri)
        yield uri
    finally:
        process.terminate()
        process.wait(30)


def _await(uri: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{uri}/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not start")


@pytest.mark.slow
def test_a_server_takes_runs_and_weights(server: str, tmp_path: Path) -> None:
    tracker = Tracker(server, "served")
    run_id = tracker.deliver(_version(), 7)
    assert tracker.deliver(_version(), 7) == run_id
    assert tracker.promote("fast_charging", "abc123") == 1
    (run,) = _runs(tracker)
    assert run.data.tags["bigloop.status"] == "champion"
    with session(server) as client:
        found = client.download_artifacts(run_id, "", str(tmp_path))
    weights = Path(found) / "model" / "weights.safetensors"
    assert weights.read_bytes() == WEIGHTS


@pytest.mark.slow
def test_a_run_is_found_for_a_person_to_look_at(server: str) -> None:
    run_id = Tracker(server, "bigloop/fast_charging").deliver(_version(), 3)
    address = run_address(server, "fast_charging", "abc123")
    assert address.startswith(f"{server}/#/experiments/")
    assert address.endswith(f"/runs/{run_id}")
    for campaign, model in (("fast_charging", "nope"), ("other", "abc123")):
        with pytest.raises(NotFoundError, match="has no run"):
            run_address(server, campaign, model)


def test_a_server_that_is_away_is_told_of() -> None:
    with pytest.raises(SourceError, match="does not answer"):
        run_address(f"http://127.0.0.1:{_free_port()}", "c", "m")
