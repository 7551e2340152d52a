from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bigloop.contracts import Campaign
from bigloop.db import Store


def test_status_tells_trials_costs_and_best(shell: Any) -> None:
    answer = shell("status")
    assert answer.code == 0
    assert "demo: running" in answer.out
    assert "27 completed, 3 failed" in answer.out
    assert "of 60,000" in answer.out
    assert "% of the exhaustive study's 100,000" in answer.out
    assert "mean of n = " in answer.out
    assert "1 wait for a person: bigloop queue demo" in answer.out
    assert "1 unknown" in answer.out


@pytest.mark.parametrize(
    "command", ["status", "queue", "events", "models", "verify", "recommend"]
)
def test_json_is_one_document(shell: Any, command: str) -> None:
    answer = shell(command, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json


def test_json_of_status_has_full_numbers(shell: Any) -> None:
    (item,) = shell("status", "--json").json
    assert item["trials"]["completed"] == 27
    assert item["accounts"]["cell_cycle"]["limit"] == 60000
    one = shell("status", "demo", "--json").json
    assert one == item


def test_queue_says_why_and_what_it_would_teach(shell: Any) -> None:
    out = shell("queue").out
    assert "asks because: it is long; reserves 2,500 cell-cycles" in out
    assert "would teach: gain 0.05 relative" in out
    assert "bigloop approve" in out


def test_why_tells_terms_runner_ups_and_what_flips(shell: Any) -> None:
    trial = shell.ids("completed")[3]
    out = shell("why", trial[:8]).out
    assert trial in out
    for text in ("sd_epistemic", "sd_aleatoric", "runner-ups", "outcome: success"):
        assert text in out
    assert "what would flip it: with its cost x 2, quick would have won" in out


def test_why_of_a_wrong_trial_lists_some(shell: Any) -> None:
    answer = shell("why", "ffffffffffff")
    assert answer.code == 2
    assert "does not exist" in answer.err
    assert "the latest are" in answer.err


def test_recommend_gives_units_interval_and_n(shell: Any) -> None:
    out = shell("recommend").out
    assert "rate = " in out
    assert "cycles expected (90 % interval" in out
    assert "n = " in out


def test_events_follow_a_number(shell: Any) -> None:
    events = shell("events", "--json").json
    after = shell("events", "--after", str(events[-3]["seq"]), "--json").json
    assert after == events[-2:]
    assert "campaign.added" in shell("events", "demo").out


def test_models_leave_weights_out(shell: Any) -> None:
    found = shell("models", "--json").json
    assert len(found) == 2
    assert all("artifact" not in version for version in found)
    out = shell("models").out
    assert "champion" in out
    assert "of nominal 90 %" in out


def test_verify_finds_a_forgery(shell: Any) -> None:
    assert shell("verify").out.startswith("ok: ")
    with sqlite3.connect(shell.folder / "store.db") as connection:
        connection.execute("UPDATE trials SET reason = 'forged' WHERE number = 3")
    connection.close()
    answer = shell("verify")
    assert answer.code == 5
    assert "reason is forged" in answer.err
    assert shell("verify", "--json").json["is_ok"] is False


def test_campaign_must_be_named_when_there_are_several(
    shell: Any, spec: Campaign
) -> None:
    with Store.open(f"sqlite:///{shell.folder / 'store.db'}") as store:
        store.add_campaign(spec.model_copy(update={"name": "other"}), "ann")
    answer = shell("queue")
    assert answer.code == 2
    assert "name one: demo, other" in answer.err
    assert shell("queue", "demo").code == 0
    assert "there are demo, other" in shell("queue", "third").err


def test_no_store_is_made_by_reading(nowhere: Any) -> None:
    answer = nowhere("status")
    assert answer.code == 2
    assert "bigloop run FILE" in answer.err
    assert not nowhere.folder.exists()


def test_what_is_no_database_is_code_5(shell: Any, tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("this is no database, but long enough to be read as one" * 50)
    answer = shell("status", before=["--store", f"sqlite:///{path}"])
    assert answer.code == 5
    assert "not a database" in answer.err


def test_an_empty_store_says_so(nowhere: Any) -> None:
    Store.open(f"sqlite:///{nowhere.folder / 'store.db'}").close()
    assert "no campaign" in nowhere("status").out
    assert nowhere("status", "--json").json == []
    assert "no campaign" in nowhere("queue").err


def test_report_is_written_whole(shell: Any, tmp_path: Path) -> None:
    answer = shell("report")
    path = shell.folder / "demo.html"
    assert answer.out == f"{path}\n"
    assert path.read_text().rstrip().endswith("</html>")
    assert [p.name for p in shell.folder.glob(".demo*")] == []
    blocked = tmp_path / "file"
    blocked.write_text("")
    answer = shell("report", "--to", blocked / "demo.html")
    assert answer.code == 2
    assert "cannot be written" in answer.err
