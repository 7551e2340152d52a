"""Whoever changes a row behind the store's back is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from bigloop.contracts import (
    Campaign,
    Claim,
    Outcome,
    Suggestion,
    Verdict,
    content_hash,
)
from bigloop.db import Store, VerifyReport


@pytest.fixture
def worked(
    url: str,
    spec: Campaign,
    suggest: Callable[..., Suggestion],
    success: Callable[..., Outcome],
    approve: Verdict,
) -> Iterator[Store]:
    """A store with one completed trial: events 1 to 6."""
    with Store.open(url) as store:
        store.add_campaign(spec, "ada")
        store.propose(suggest(0), approve, "loop")
        claim: Any = store.take("w")
        assert isinstance(claim, Claim)
        store.complete(claim, success(slope=-3.0))
        report = store.verify()
        assert (report.events, report.is_ok) == (6, True)
        assert report.rows > 5
        yield store


def tamper(store: Store, change: str) -> VerifyReport:
    """Change the database as its owner could, and look."""
    with store._engine.begin() as conn:
        if conn.dialect.name == "sqlite":
            conn.exec_driver_sql("DROP TRIGGER events_no_update")
            conn.exec_driver_sql("DROP TRIGGER events_no_delete")
            conn.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        else:
            conn.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER ALL")
        assert conn.execute(sa.text(change)).rowcount >= 1
    report = store.verify()
    assert not report.is_ok
    assert report.n_problems >= len(report.problems) >= 1
    return report


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'eve'",
        "kind = 'trial.expired'",
        "subject = 'x'",
        "campaign = 'x'",
        "data = '{}'",
        "previous = ''",
        "hash = 'x'",
        "at = '2020-01-01 00:00:00.000000+00:00'",
    ],
)
def test_a_changed_event_is_found(worked: Store, change: str) -> None:
    if worked._engine.dialect.name == "sqlite":
        change = change.removesuffix("+00:00'") + "'" * change.endswith("+00:00'")
    report = tamper(worked, f"UPDATE events SET {change} WHERE seq = 3")
    assert report.problems[0].where == "chain"
    assert report.problems[0].seq in (3, 4)


def test_a_rehashed_event_breaks_the_next(worked: Store) -> None:
    """Even with a hash that fits: the event after it carries the old one."""
    from bigloop.db.chain import event_hash

    event = worked.events()[2].model_copy(update={"actor": "eve"})
    change = f"UPDATE events SET actor = 'eve', hash = '{event_hash(event)}'"
    report = tamper(worked, f"{change} WHERE seq = 3")
    assert [(p.seq, p.where) for p in report.problems] == [(4, "chain")]


@pytest.mark.parametrize("seq", [1, 3, 6])
def test_a_missing_event_is_found(worked: Store, seq: int) -> None:
    report = tamper(worked, f"DELETE FROM events WHERE seq = {seq}")
    assert "chain" in {problem.where for problem in report.problems}


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        ("UPDATE trials SET state = 'failed'", "trials ", "state is failed, should be"),
        ("UPDATE accounts SET spent = '0'", "accounts ", "spent is 0, should be 0.1"),
        ("UPDATE observations SET value = -3.0000000000000004", "observ", "value is"),
        ("DELETE FROM observations", "observations 1", "the row is missing"),
        ("UPDATE campaigns SET status = 'stopped'", "campaigns cells", "status is"),
        ("UPDATE revisions SET spec = '{}'", "revisions cells/0", "spec is {}"),
        ("UPDATE attempts SET worker = 'eve'", "attempts ", "worker is eve"),
        (
            "INSERT INTO keys (key, content, seq) VALUES ('k', 'c', 1)",
            "keys k",
            "no event made this row",
        ),
    ],
)
def test_a_changed_row_is_found(
    worked: Store, change: str, where: str, what: str
) -> None:
    report = tamper(worked, change)
    problem = report.problems[0]
    assert problem.where.startswith(where)
    assert what in problem.what


def test_a_changed_head_is_found(worked: Store) -> None:
    report = tamper(worked, "UPDATE chain SET seq = 9")
    assert [problem.where for problem in report.problems] == ["chain"]


def test_the_report_is_short(worked: Store) -> None:
    tamper(worked, "UPDATE trials SET state = 'failed', reason = 'x'")
    with worked._engine.begin() as conn:
        conn.execute(sa.text("UPDATE accounts SET spent = '7'"))
    report = worked.verify(limit=1)
    assert len(report.problems) == 1
    assert report.n_problems == 3


def test_hash_is_that_of_the_whole_event(worked: Store) -> None:
    for event in worked.events():
        said = event.model_dump(mode="json", exclude={"hash", "at"})
        at = event.at.isoformat(timespec="microseconds")
        assert event.hash == content_hash({**said, "at": at})
