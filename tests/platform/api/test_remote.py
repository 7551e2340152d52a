"""Laboratory workers behind a server: fencing, a server that goes away, folders."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from bigloop.api.app import create_app
from bigloop.api.client import Client
from bigloop.api.context import Context
from bigloop.api.remote import RemoteQueue, work
from bigloop.cli import main
from bigloop.config import Settings
from bigloop.contracts import (
    Attachment,
    Campaign,
    Decision,
    FailureClass,
    Outcome,
    Proposal,
    Request,
    StoreError,
    Suggestion,
    TrialState,
    Verdict,
)
from bigloop.loop.in_folder import FolderExecutor, capabilities_of
from bigloop.loop.in_process import InProcessExecutor
from bigloop.loop.readers import CsvReader
from bigloop.loop.sources import plan
from bigloop.loop.worker import Worker
from bigloop.simulators.synthetic import ForresterSimulator

FORRESTER = {
    "name": "forrester",
    "parameters": {"x": {"low": 0, "high": 1}},
    "observables": {"y": {}},
    "objective": {"observable": "y", "goal": "minimize", "source": "sim"},
    "sources": {
        "sim": {"simulator": "forrester", "observes": ["y"], "cost": {"core_second": 1}}
    },
    "budget": {"core_second": 100},
}


class Flaky(httpx.BaseTransport):
    """Passes requests on, but now and then the way there or back is cut."""

    def __init__(self, http: TestClient) -> None:
        self.http, self.n = http, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.n += 1
        if self.n % 7 == 3:
            raise httpx.ConnectError("cut on the way there")
        body = request.read()
        answer = self.http.request(
            request.method, request.url, content=body, headers=request.headers
        )
        if self.n % 7 == 6:
            raise httpx.ReadError("cut on the way back")
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=answer.content
        )


@pytest.fixture
def client_of(bench: Any, tmp_path: Path) -> Client:
    app = create_app(Context.of(bench.store, tmp_path, "ann"))
    return Client(http=TestClient(app, base_url="http://127.0.0.1"))


def propose(bench: Any, campaign: Campaign, n: int) -> None:
    bench.store.add_campaign(campaign, "ada")
    for number in range(n):
        proposal = Proposal(
            campaign=campaign.name, number=number, source="sim", design={"x": 0.1}
        )
        suggestion = Suggestion(
            proposal=proposal,
            decision=Decision(agent="test", score=1.0, terms={}),
            cost={"core_second": 1.0},
        )
        bench.store.propose(suggestion, Verdict(action="approve"), "loop")


def test_a_simulator_here_runs_the_trials_of_a_server_there(
    bench: Any, client_of: Client, tmp_path: Path
) -> None:
    spec = Campaign.model_validate(FORRESTER)
    propose(bench, spec, 4)
    plans = {"sim": plan(spec.sources["sim"], tmp_path, tmp_path / "j.db", 0)}
    known = {"sim": plans["sim"].build().capabilities()}
    n = work(
        client_of,
        spec,
        known,
        InProcessExecutor(plans),
        threading.Event(),
        lease_s=30,
        is_once=True,
    )
    assert n == 8
    trials = bench.store.trials("forrester")
    assert {t.state for t in trials} == {TrialState.COMPLETED}
    assert {str(t.worker).split("/")[0] for t in trials} == {"ann"}


class Pictured(ForresterSimulator):
    """Hands in one file, and one that the server refuses."""

    def evaluate(self, request: Request) -> Outcome:
        given = (
            Attachment(name="log.txt", content=b"well", media_type="text/plain"),
            Attachment(name="big.bin", content=bytes(2000)),
        )
        outcome = super().evaluate(request)
        return outcome.model_copy(update={"attached": given})


def test_files_travel_before_their_outcome_and_are_refused_without_it(
    bench: Any, tmp_path: Path
) -> None:
    settings = Settings(folder=tmp_path, artifact_bytes=1000)
    app = create_app(Context.of(bench.store, tmp_path, "ann", settings))
    http = TestClient(app, base_url="http://127.0.0.1")
    spec = Campaign.model_validate(FORRESTER)
    propose(bench, spec, 1)
    executor = InProcessExecutor(
        {"sim": plan(spec.sources["sim"], tmp_path, tmp_path, 0)}
    )
    executor._source = lambda name: Pictured()  # type: ignore[method-assign]
    said: list[str] = []
    work(
        Client(http=http),
        spec,
        {"sim": Pictured().capabilities()},
        executor,
        threading.Event(),
        lease_s=30,
        is_once=True,
        note=said.append,
    )
    (trial,) = bench.store.trials("forrester")
    assert trial.state is TrialState.COMPLETED
    assert trial.outcome is not None
    (file,) = trial.outcome.files
    (known,) = bench.store.artifacts("forrester", trial.id)
    assert (known.name, known.sha256, known.size) == ("log.txt", file.sha256, 4)
    assert known.media_type == "text/plain"
    assert "above 1000 bytes" in trial.outcome.provenance["files_refused"][0]
    assert "big.bin" in said[0]
    assert Client(http=http).download(file.sha256) == b"well"


def test_a_way_that_is_cut_loses_no_result_and_runs_nothing_twice(
    bench: Any, client_of: Client, tmp_path: Path
) -> None:
    spec = Campaign.model_validate(FORRESTER)
    propose(bench, spec, 6)
    flaky = Client(
        http=httpx.Client(transport=Flaky(client_of._http))  # type: ignore[arg-type]
    )
    queue = RemoteQueue(flaky, threading.Event(), lambda text: None)
    queue.stop.wait = lambda timeout=None: False  # type: ignore[method-assign]
    done = set()
    while True:
        try:
            claim = queue.take("w", ["sim"], 60.0, "forrester")
        except StoreError:
            continue
        if claim is None:
            break
        trial = claim.trial.id
        outcome = {
            "status": "success",
            "cost": {"core_second": 1.0},
            "measurements": [{"observable": "y", "value": 1.0, "unit": ""}],
        }
        queue.complete(claim, Outcome.model_validate(outcome))
        done.add(trial)
    # A claim whose answer was cut lapses like that of a worker that died.
    left = bench.store.trials("forrester", [TrialState.CLAIMED, TrialState.RUNNING])
    ended = bench.store.trials("forrester", [TrialState.COMPLETED])
    assert {t.id for t in ended} == done
    assert len(ended) + len(left) == 6
    assert len(bench.store.observations("forrester")) == len(done)


class Folder:
    """A laboratory that watches a folder, and a worker that watches it back."""

    def __init__(self, bench: Any, client: Client, folder: Path) -> None:
        self.spec = bench.spec
        self.folder = folder
        self.said: list[str] = []
        self.executor = FolderExecutor(
            self.spec, folder, CsvReader(), client.trial, self.said.append
        )
        self.client, self.stop = client, threading.Event()

    def worker(self) -> Any:
        queue = RemoteQueue(self.client, self.stop, self.said.append)
        return Worker(
            queue,
            self.spec,
            {"full": capabilities_of(self.spec, "full")},
            self.executor,
            queue,
            name="w",
            lease_s=30,
            note=self.said.append,
        )

    def result(self, trial: str, suffix: str, text: str) -> None:
        (self.folder / f"{trial}.result.{suffix}").write_text(text)


@pytest.fixture
def folder_of(bench: Any, client_of: Client, tmp_path: Path) -> Folder:
    return Folder(bench, client_of, tmp_path / "jobs")


def test_a_folder_gets_jobs_and_gives_results(bench: Any, folder_of: Folder) -> None:
    trial = bench.propose("full", Verdict(action="approve")).id
    worker = folder_of.worker()
    assert worker.step(0.0) == 1
    job = json.loads((folder_of.folder / f"{trial}.job.json").read_text())
    assert job["trial"] == trial
    assert job["design"]["rate"]["unit"] == "1/hour"
    assert job["measure"]["life"] == {"unit": "cycle"}
    assert bench.store.trial(trial).state == TrialState.RUNNING
    folder_of.result(
        trial, "csv", "observable,value,unit,age\nlife,0.7,kilocycle,700\n"
    )
    assert worker.step(0.0) == 0  # one look: it may still be written
    assert worker.step(0.0) == 1
    done = bench.store.trial(trial)
    assert done.state == TrialState.COMPLETED
    assert done.outcome is not None
    assert done.outcome.provenance["file"] == f"{trial}.result.csv"


def test_a_json_result_says_what_was_executed_and_what_failed(
    bench: Any, folder_of: Folder
) -> None:
    worker = folder_of.worker()
    first = bench.propose("full", Verdict(action="approve")).id
    worker.step(0.0)
    good = {
        "measurements": [{"observable": "life", "value": 700, "unit": "cycle"}],
        "executed": {"rate": {"value": 0.05, "unit": "1/minute"}},
        "age": 700,
        "specimen": "c1",
    }
    folder_of.result(first, "json", json.dumps(good))
    worker.step(0.0)
    worker.step(0.0)
    outcome = bench.store.trial(first).outcome
    assert outcome.executed["rate"] == pytest.approx(3.0)
    assert bench.store.trial(first).spent == {"cell_cycle": 700.0}
    second = bench.propose("full", Verdict(action="approve")).id
    worker.step(0.0)
    bad = {"status": "failure", "failure": "equipment", "message": "contact lost"}
    folder_of.result(second, "json", json.dumps(bad))
    worker.step(0.0)
    worker.step(0.0)
    assert bench.store.trial(second).reason == "contact lost"


def test_a_wrong_result_file_waits_to_be_corrected(
    bench: Any, folder_of: Folder
) -> None:
    trial = bench.propose("full", Verdict(action="approve")).id
    worker = folder_of.worker()
    worker.step(0.0)
    folder_of.result(trial, "csv", "observable,value,unit\nlife,long,cycle\n")
    for _ in range(4):
        worker.step(0.0)
    assert bench.store.trial(trial).state == TrialState.RUNNING
    assert len([text for text in folder_of.said if "no finite number" in text]) == 1
    folder_of.result(trial, "csv", "observable,value,unit\nlife,700.5,cycle\n")
    worker.step(0.0)
    worker.step(0.0)
    assert bench.store.trial(trial).state == TrialState.COMPLETED


def test_a_worker_that_comes_back_goes_on_with_the_same_job(
    bench: Any, folder_of: Folder, tmp_path: Path
) -> None:
    trial = bench.propose("full", Verdict(action="approve")).id
    folder_of.worker().step(0.0)
    path = folder_of.folder / f"{trial}.job.json"
    before = path.stat().st_mtime_ns
    bench.store._clock.now += timedelta(hours=1)
    worker = folder_of.worker()
    assert worker.step(0.0) == 1
    assert path.stat().st_mtime_ns == before
    folder_of.result(trial, "csv", "observable,value,unit\nlife,700,cycle\n")
    worker.step(0.0)
    worker.step(0.0)
    assert bench.store.trial(trial).state == TrialState.COMPLETED
    assert [a.result for a in bench.store.attempts(trial)] == ["lapsed", "completed"]


def test_a_stopped_campaign_is_said_once(
    bench: Any, client_of: Client, folder_of: Folder
) -> None:
    bench.propose("full", Verdict(action="approve"))
    queue = RemoteQueue(client_of, threading.Event(), folder_of.said.append)
    claim = queue.take("w")
    assert claim is not None
    client_of.abort("demo", "smoke")
    for _ in range(2):
        claim = queue.heartbeat(claim)
    assert len([text for text in folder_of.said if "is stopped" in text]) == 1


def test_the_command_works_for_a_real_server(
    server: Any, store: Any, waiting: Any, tmp_path: Path, capsys: Any
) -> None:
    store.approve(waiting.id, "ann")
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    result = {"status": "failure", "failure": "quality", "message": "bent", "age": 3}
    # It lies there already, so that the command has an end.
    (jobs / f"{waiting.id}.result.json").write_text(json.dumps(result))
    words = ["--folder", str(tmp_path / "here"), "worker", "--campaign", "demo"]
    words += ["--server", f"http://127.0.0.1:{server.port}", "--source", "full"]
    assert main([*words, "--jobs", str(jobs), "--once"]) == 0
    assert "2 changes made" in capsys.readouterr().out
    done = store.trial(waiting.id)
    assert (done.state, done.reason) == (TrialState.FAILED, "bent")
    assert done.spent == {"cell_cycle": 3.0}
    assert main([*words[:-1], "none"]) == 2
    assert main([*words[:-2]]) == 2
    server.kill()
    assert main(words) == 5
    assert "is the server up" in capsys.readouterr().err


def test_tasks_are_open_until_they_are_resolved(client: Client, store: Any) -> None:
    (task,) = client.tasks("demo")
    assert task.reason == "the cycler lost power"
    outcome = Outcome(status="failure", failure=FailureClass.EQUIPMENT)
    client.resolve(task.trial, outcome, "looked")
    assert client.tasks("demo") == []
