"""At most once: keys, restarts, kill -9, two workers, two sources of one table."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bigloop.contracts import FailureClass, Request, SourceError, SpecError
from bigloop.simulators.table import TableLaboratory

DESIGN = {"C1": 5.3, "Q1": 0.54, "C2": 4.0}
N_SPECIMENS = 8

_DIES = """
import os, signal, sys
from bigloop.contracts import Request
from bigloop.simulators.table import Journal, TableLaboratory

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(Journal, sys.argv[2], die)
lab = TableLaboratory("severson2019", journal=sys.argv[1])
lab.evaluate(Request.model_validate_json(sys.argv[3]))
"""
_RACES = """
import sys
from bigloop.contracts import Request
from bigloop.simulators.table import TableLaboratory

lab = TableLaboratory("severson2019", journal=sys.argv[1])
for trial in sys.argv[2:]:
    request = Request(trial=trial, design={"C1": 5.3, "Q1": 0.54, "C2": 4.0})
    print(trial, lab.evaluate(request).specimen)
"""


def ask(trial: str, **more: object) -> Request:
    return Request.model_validate({"trial": trial, "design": DESIGN, **more})


@pytest.fixture
def journal(tmp_path: Path) -> str:
    return str(tmp_path / "journal.sqlite3")


def make(journal: str | None) -> TableLaboratory:
    return TableLaboratory("severson2019", journal=journal)


def kill_in(method: str, journal: str, request: Request) -> None:
    command = [sys.executable, "-c", _DIES, journal, method, request.model_dump_json()]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


@pytest.mark.parametrize("durable", [True, False])
def test_a_key_runs_once(durable: bool, journal: str) -> None:
    lab = make(journal if durable else None)
    first = lab.evaluate(ask("1", until_age=100))
    again = [lab.evaluate(ask("1", until_age=100)) for _ in range(3)]
    assert again == [first] * 3
    assert (lab.runs("1"), lab.journal.asked("1")) == (1, 3)
    specimens = {lab.evaluate(ask(str(i))).specimen for i in range(2, N_SPECIMENS + 1)}
    assert len(specimens | {first.specimen}) == N_SPECIMENS


def test_a_refusal_stands_too(journal: str) -> None:
    lab = make(journal)
    for i in range(N_SPECIMENS):
        lab.evaluate(ask(str(i)))
    refused = lab.evaluate(ask("late"))
    assert refused.failure is FailureClass.EQUIPMENT
    assert make(journal).evaluate(ask("late")) == refused
    assert make(journal).recover(ask("late")) == refused
    assert lab.runs("late") == 0


def test_a_key_stands_for_one_request(journal: str) -> None:
    lab = make(journal)
    lab.evaluate(ask("1", until_age=100))
    with pytest.raises(SpecError, match="another request"):
        lab.evaluate(ask("1", until_age=200))
    assert lab.evaluate(ask("1", until_age=100, timeout_s=1.0)).age == 100


def test_a_restart_remembers(journal: str) -> None:
    first = make(journal)
    outcome = first.evaluate(ask("1", until_age=100))
    first.journal.close()
    second = make(journal)
    assert second.evaluate(ask("1", until_age=100)) == outcome
    assert second.evaluate(ask("2")).specimen != outcome.specimen
    going_on = ask("3", specimen=outcome.specimen, from_age=100)
    assert second.evaluate(going_on).ended


def test_two_sources_share_specimens(journal: str) -> None:
    early, late = make(journal), make(journal)
    outcome = early.evaluate(ask("1", until_age=100))
    rest = late.evaluate(ask("2", specimen=outcome.specimen, from_age=100))
    assert rest.specimen == outcome.specimen
    assert {m.observable for m in rest.measurements} == {"life"}
    taken = {late.evaluate(ask(f"n{i}")).specimen for i in range(N_SPECIMENS - 1)}
    assert outcome.specimen not in taken
    assert early.evaluate(ask("3")).failure is FailureClass.EQUIPMENT


def test_recover_what_was_never_begun(journal: str) -> None:
    lab = make(journal)
    assert lab.recover(ask("1")) is None
    assert lab.runs("1") == 0
    kill_in("begin", journal, ask("1"))
    assert lab.recover(ask("1")) is None


def test_recover_what_a_killed_worker_began(journal: str) -> None:
    kill_in("finish", journal, ask("1", until_age=100))
    lab = make(journal)
    assert lab.runs("1") == 1
    outcome = lab.recover(ask("1", until_age=100))
    assert outcome is not None
    assert (outcome.status, outcome.age) == ("success", 100)
    assert lab.evaluate(ask("1", until_age=100)) == outcome
    assert lab.runs("1") == 1
    assert outcome == make(None).evaluate(ask("1", until_age=100))


def test_evaluate_after_a_kill_goes_on_with_the_same_cell(journal: str) -> None:
    kill_in("finish", journal, ask("1"))
    lab = make(journal)
    outcome = lab.evaluate(ask("1"))
    assert outcome == make(None).evaluate(ask("1"))
    assert lab.runs("1") == 1


def test_a_specimen_that_still_runs_is_not_given_out(journal: str) -> None:
    kill_in("finish", journal, ask("1", until_age=100))
    lab = make(journal)
    assert lab.recover(ask("1", until_age=100)) is not None
    specimen = lab.journal.stages("severson2019", lab.evaluate(ask("2")).specimen or "")
    assert [run.trial for run in specimen] == ["2"]


def test_going_on_with_a_specimen_that_still_runs(journal: str) -> None:
    fresh = make(None).evaluate(ask("1")).specimen
    kill_in("finish", journal, ask("1", until_age=100))
    outcome = make(journal).evaluate(ask("2", specimen=fresh, from_age=100))
    assert outcome.failure is FailureClass.INPUT
    assert "still runs for trial '1'" in outcome.message


def test_two_workers_race_for_the_specimens(journal: str) -> None:
    trials = [[f"{worker}{i}" for i in range(4)] for worker in "ab"]
    command = [sys.executable, "-c", _RACES, journal]
    workers = [
        subprocess.Popen([*command, *names], stdout=subprocess.PIPE, text=True)
        for names in trials
    ]
    lines = "".join(worker.communicate()[0] for worker in workers).splitlines()
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(lines) == N_SPECIMENS
    assert len({line.split()[1] for line in lines}) == N_SPECIMENS


def test_the_journal_is_append_only(journal: str) -> None:
    make(journal).evaluate(ask("1"))
    db = sqlite3.connect(journal)
    for statement in ("DELETE FROM entries", "UPDATE entries SET trial = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    copy = (
        "INSERT INTO entries (at_s, laboratory, kind, trial, specimen, from_age, "
        "document) SELECT at_s, laboratory, kind, {trial}, specimen, from_age, "
        "document FROM entries WHERE kind = 'started'"
    )
    for trial in ("trial", "'another'"):
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            db.execute(copy.format(trial=trial))
    db.close()


def test_an_unusable_journal(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="check that its folder exists"):
        make(str(tmp_path / "nowhere" / "journal"))
    (tmp_path / "text").write_text("this is no database, it is a text" * 100)
    with pytest.raises(SourceError, match="not a database"):
        make(str(tmp_path / "text"))
