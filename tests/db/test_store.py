"""Opening, closing, and what happens when the database does not play along."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from bigloop.contracts import (
    Campaign,
    SpecError,
    StoreError,
    Suggestion,
    TrialState,
    Verdict,
)
from bigloop.db import Store
from bigloop.db.engine import writing


def test_it_is_there_when_it_is_opened_again(url: str, spec: Campaign) -> None:
    with Store.open(url) as store:
        store.add_campaign(spec, "ada")
    with Store.open(url) as store:
        assert store.campaign("cells") == spec
        assert [info.status for info in store.campaigns()] == ["running"]


def test_many_can_open_a_new_one_at_once(url: str) -> None:
    opened: list[int] = []

    def open_it() -> None:
        with Store.open(url) as store:
            opened.append(store.last_seq())

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [0] * 6


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("nonsense", "use sqlite"),
        ("mysql://host/name", "use sqlite"),
        ("sqlite://", "in memory"),
        ("sqlite:////proc/none/store.db", "choose another"),
        ("postgresql://nobody:secret@127.0.0.1:9/none", "start the server"),
    ],
)
def test_a_url_that_cannot_be(url: str, remedy: str) -> None:
    with pytest.raises(StoreError, match=remedy) as caught:
        Store.open(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("not a database at all, but long enough to be read as one" * 20)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="point the URL at a bigloop database"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE recipes (name TEXT)")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"another program \(recipes\)"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_full_disk_loses_nothing(
    tmp_path: Path,
    spec: Campaign,
    suggest: Callable[..., Suggestion],
    approve: Verdict,
) -> None:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        store.add_campaign(spec, "ada")

        def limit(connection: Any, record: object) -> None:
            connection.execute("PRAGMA max_page_count=60")

        store.close()
        event.listen(store._engine, "connect", limit)

        def fill() -> None:
            for number in range(1000):
                store.propose(suggest(number, cost={}), approve, "loop")

        with pytest.raises(StoreError, match="free disk space"):
            fill()
        before = store.trials("cells")
        assert 0 < len(before) < 1000
        assert store.verify().is_ok
        event.remove(store._engine, "connect", limit)
        store.close()
        store.propose(suggest(len(before), cost={}), approve, "loop")
        assert store.trials("cells")[:-1] == before
        assert store.verify().is_ok


def test_a_lock_that_is_held_too_long(url: str, spec: Campaign) -> None:
    with Store.open(url, lock_timeout_s=0.05) as store:
        with writing(store._connections) as other:
            other.execute(sa.text("UPDATE chain SET seq = seq"))
            with pytest.raises(StoreError, match="holds the write lock"):
                store.add_campaign(spec, "ada")
        store.add_campaign(spec, "ada")


def test_who_acts_must_be_said(empty: Store, spec: Campaign) -> None:
    with pytest.raises(SpecError, match="actor is empty"):
        empty.add_campaign(spec, " ")
    assert empty.last_seq() == 0


_WRITER = """
import sys
from pathlib import Path
from bigloop.contracts import *
from bigloop.db import Store

url, spec = sys.argv[1], Campaign.model_validate_json(sys.stdin.read())
store = Store.open(url)
store.add_campaign(spec, "ada")
decision = Decision(agent="test", score=1.0, terms={})
for number in range(100_000):
    proposal = Proposal(
        campaign=spec.name, number=number, source="sim",
        design={"rate": 1.0, "salt": "LiFSI"},
    )
    suggestion = Suggestion(proposal=proposal, decision=decision, cost={})
    store.propose(suggestion, Verdict(action="approve"), "loop")
    store.complete(
        store.take("w"),
        Outcome(
            status="success",
            measurements=(Measurement(observable="slope", value=-1.0, unit=""),),
        ),
    )
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_whole_transactions(url: str, spec: Campaign) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(spec.model_dump_json())
    writer.stdin.close()
    told = -1
    for line in writer.stdout:
        told = int(line)
        if told == 20:
            os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert writer.returncode == -signal.SIGKILL
    with Store.open(url) as store:
        assert store.verify().is_ok
        trials = store.trials("cells")
        # What the writer was told is there; at most one trial is on its way.
        ended = [t for t in trials if t.state == TrialState.COMPLETED]
        assert len(ended) >= told + 1
        assert len(trials) - len(ended) <= 1
        assert len(store.observations("cells")) == len(ended)
