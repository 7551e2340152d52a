from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bigloop.contracts import TrialState, Verdict
from bigloop.db import Store

API = "/api/v1/campaigns/demo"


@pytest.fixture
def rows(bench: Any, tmp_path: Any, http_of: Any) -> list[dict[str, str]]:
    for _ in range(3):
        bench.propose("full", Verdict(action="approve"))
    answer = http_of.post(f"{API}/batch?n=2&source=full")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    return read(answer.text)


@pytest.fixture
def http_of(bench: Any, tmp_path: Any) -> TestClient:
    from bigloop.api.app import create_app
    from bigloop.api.context import Context

    app = create_app(Context.of(bench.store, tmp_path, "ann"))
    return TestClient(app, base_url="http://127.0.0.1")


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def write(rows: list[dict[str, str]], rename: dict[str, str] | None = None) -> bytes:
    names = [(rename or {}).get(name, name) for name in rows[0]]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows(row.values() for row in rows)
    return file.getvalue().encode()


def sent(http: TestClient, content: bytes, *, preview: bool) -> Any:
    said = "true" if preview else "false"
    answer = http.post(
        f"{API}/batch/results?preview={said}",
        content=content,
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_batch_goes_to_the_bench_and_comes_back(
    rows: Any, http_of: TestClient, bench: Any
) -> None:
    store: Store = bench.store
    assert len(rows) == 2
    running = store.trials("demo", [TrialState.RUNNING])
    assert [t.worker for t in running] == ["ann/batch"] * 2
    assert read(http_of.get(f"{API}/batch.csv").text) == rows
    rows[0] |= {
        "life [cycle]": "0.7",
        "done_age": "700",
        "done_specimen": "c1",
        "executed rate [1/hour]": "0.05",
    }
    units = {
        "life [cycle]": "life [kilocycle]",
        "executed rate [1/hour]": "executed rate [1/minute]",
    }
    content = write(rows, units)
    before = store.last_seq()
    shown = sent(http_of, content, preview=True)
    assert [row["state"] for row in shown["rows"]] == ["ready", "empty"]
    assert store.last_seq() == before
    done = sent(http_of, content, preview=False)
    assert done["written"] == 1
    trial = store.trial(rows[0]["trial"])
    assert trial.outcome is not None
    assert trial.outcome.measurements[0].value == 0.7
    assert trial.outcome.executed == {"rate": pytest.approx(3.0)}
    assert trial.spent == {"cell_cycle": 700.0}
    (life,) = store.observations("demo", trial.id)
    assert life.value == pytest.approx(700.0)
    assert life.specimen == "c1"
    before = store.last_seq()
    assert sent(http_of, content, preview=False)["written"] == 1
    assert store.last_seq() == before
    assert store.verify().problems == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"life [cycle]": "long"}, "no finite number"),
        ({"life [cycle]": "nan"}, "no finite number"),
        ({"life [cycle]": "-3"}, "outside its physical range"),
        ({"failure": "mood"}, "no result"),
        ({"trial": "ffff"}, "not in this campaign"),
        ({"token": "9", "life [cycle]": "5"}, "not (any more) in your batch"),
    ],
)
def test_one_wrong_row_and_nothing_is_written(
    rows: Any, http_of: TestClient, bench: Any, change: Any, said: str
) -> None:
    rows[0]["life [cycle]"] = "700"
    rows[1] |= change
    before = bench.store.last_seq()
    answer = sent(http_of, write(rows), preview=False)
    assert [row["state"] for row in answer["rows"]] == ["ready", "wrong"]
    assert said in answer["rows"][1]["problem"]
    assert (answer["rows"][1]["row"], answer["written"]) == (3, 0)
    assert bench.store.last_seq() == before


def test_a_failure_needs_its_class_alone(
    rows: Any, http_of: TestClient, bench: Any
) -> None:
    rows[0] |= {"failure": "equipment", "message": "contact lost"}
    sent(http_of, write(rows), preview=False)
    trial = bench.store.trial(rows[0]["trial"])
    assert (trial.state, trial.reason) == ("failed", "contact lost")


def test_a_request_sent_again_takes_nothing_more(
    bench: Any, http_of: TestClient
) -> None:
    for _ in range(4):
        bench.propose("full", Verdict(action="approve"))
    key = {"Idempotency-Key": "k"}
    first = http_of.post(f"{API}/batch?n=2", headers=key)
    again = http_of.post(f"{API}/batch?n=2", headers=key)
    assert read(again.text) == read(first.text)
    assert len(bench.store.trials("demo", [TrialState.RUNNING])) == 2
