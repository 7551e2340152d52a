"""Versions of a source's model on the pages, and what older ones said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bigloop.api.context import Context
from bigloop.cli import main
from bigloop.contracts import (
    Campaign,
    Decision,
    Measurement,
    ModelVersion,
    Outcome,
    Proposal,
    Suggestion,
    Verdict,
)
from bigloop.dashboard.app import create_dashboard
from bigloop.db import Store

SPEC: dict[str, Any] = {
    "name": "film",
    "parameters": {"x": {"low": 0, "high": 1}},
    "observables": {"y": {}},
    "objective": {"observable": "y", "goal": "minimize", "source": "truth"},
    "sources": {
        "model": {
            "simulator": "prvae",
            "observes": ["y"],
            "cost": {"core_second": 1},
            "learns": {"model": "prvae", "sources": ["truth"]},
        },
        "truth": {
            "simulator": "forrester",
            "observes": ["y"],
            "cost": {"core_second": 1},
        },
    },
    "budget": {"core_second": 100},
}


def asked(store: Store, number: int, source: str, model: str | None, y: float) -> str:
    proposal = Proposal(
        campaign="film", number=number, source=source, design={"x": 0.5}, model=model
    )
    decision = Decision(agent="test", score=1.0, terms={})
    made = Suggestion(proposal=proposal, decision=decision, cost={"core_second": 1.0})
    trial = store.propose(made, Verdict(action="approve"), "loop").id
    claim = store.take("worker")
    assert claim is not None
    found = Measurement(observable="y", value=y, unit="")
    store.complete(claim, Outcome(status="success", measurements=(found,)))
    return trial


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    made.add_campaign(Campaign.model_validate(SPEC), "ann")
    for number, why in enumerate(("it is the first", "it gains <b>0.3</b>")):
        name = f"{number}" * 64
        version = ModelVersion(
            id=name,
            campaign="film",
            source="model",
            model="prvae",
            snapshot="",
            n_rows=64,
            metrics={"held_out_n": 12.0, "held_out_log_score": 0.25},
            parameters={"promotion": why},
        )
        made.add_model(version, "loop", promote=why)
        asked(made, number, "model", name, 17.25 + number)
    asked(made, 2, "truth", None, 3.0)
    return made


def test_pages_show_versions_and_mark_what_older_ones_said(
    store: Store, tmp_path: Path
) -> None:
    app = create_dashboard(Context.of(store, tmp_path, "ann"))
    http = TestClient(app, base_url="http://127.0.0.1")
    page = http.get("/c/film/learning").text
    assert "Versions of the models" in page
    assert "retired" in page
    assert "champion" in page
    assert "it is the first" in page
    assert "it gains &lt;b&gt;0.3&lt;/b&gt;" in page
    old, new, _ = store.trials("film")
    page = http.get(f"/t/{old.id}").text
    assert "Model 000000000000 answered, superseded by 111111111111" in page
    assert "counts for nothing" in page
    assert "17.2" in page, "what it said stays"
    assert "superseded" not in http.get(f"/t/{new.id}").text
    assert http.get("/c/film/trials").text.count(">superseded<") == 1
    assert http.get("/c/film/space").status_code == 200
    assert http.get("/c/film/sources").status_code == 200
    store.close()


def test_what_will_count_for_nothing_is_told_before_it_is_run(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trial that waited while another version was promoted: card, page and why."""
    old, new = (f"{number}" * 64 for number in (0, 1))
    ids = []
    for number, model in ((3, old), (4, new), (5, None)):
        made = Proposal(
            campaign="film",
            number=number,
            source="model",
            design={"x": 0.1 * number},
            model=model,
        )
        decision = Decision(agent="test", score=1.0, terms={})
        found = Suggestion(proposal=made, decision=decision, cost={"core_second": 1.0})
        ids.append(store.propose(found, Verdict(action="ask"), "loop").id)
    http = TestClient(
        create_dashboard(Context.of(store, tmp_path, "ann")),
        base_url="http://127.0.0.1",
    )
    late, fresh, bare = ids
    queue = http.get("/c/film").text
    cards = {part[:16]: part for part in queue.split('id="t-')[1:]}
    said = "its cost will be spent and its result will count for nothing"
    assert f"model {'0' * 12} will answer, superseded by {'1' * 12}" in cards[late]
    assert said in cards[late]
    assert said in cards[bare]
    assert "no known version will answer" in cards[bare]
    assert "count for nothing" not in cards[fresh]
    assert said in http.get(f"/t/{late}").text
    store.close()
    for trial in ids:
        assert main(["--folder", str(tmp_path), "why", trial]) == 0
        assert (said in capsys.readouterr().out) is (trial != fresh)
    assert main(["--folder", str(tmp_path), "queue"]) == 0
    assert capsys.readouterr().out.count(said) == 2


def test_each_source_has_a_champion_of_its_own(store: Store) -> None:
    other = store.models("film")[0].model_copy(
        update={"id": "2" * 64, "source": "", "status": "challenger"}
    )
    store.add_model(other, "loop", promote="the predictor")
    standing = {(s.source, s.status) for s in store.standings("film")}
    assert standing == {("model", "retired"), ("model", "champion"), ("", "champion")}
    champion = store.champion("film", "model")
    assert champion is not None
    assert champion.id == "1" * 64
    assert store.verify().is_ok
    store.close()
