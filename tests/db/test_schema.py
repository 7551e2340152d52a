from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bigloop.contracts import Campaign, StoreError, Suggestion
from bigloop.db import Store, schema
from bigloop.db.schema import HEAD, MIGRATIONS, VERSION_TABLE
from bigloop.db.tables import metadata

_MIGRATE = schema._upgrade


@pytest.fixture(autouse=True)
def migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here every store is migrated, none gets the tables of the first."""
    monkeypatch.setattr(schema, "_upgrade", _MIGRATE)


def test_the_head_is_the_last_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


def test_the_migrations_give_the_tables_that_are_declared(url: str) -> None:
    with Store.open(url) as store, store._engine.connect() as conn:
        options: dict[str, Any] = {"compare_type": True, "version_table": VERSION_TABLE}
        context = MigrationContext.configure(conn, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_store_of_the_first_version_is_upgraded(
    url: str,
    spec: Campaign,
    suggest: Callable[..., Suggestion],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "HEAD", "0001")
        old = Store.open(url)
        data = suggest(0).model_dump(mode="json")
        plain = spec.model_dump(mode="json")
        for rule in plain["approval"]:
            del rule["persons"]
        with old._write("ada") as tx:
            known = {"spec": plain, "revision": 0}
            tx.append("campaign.added", "cells", "cells", known)
            tx.append("trial.proposed", "cells", suggest(0).proposal.id, data)
        old.close()
    with Store.open(url) as store:
        (trial,) = store.trials("cells")
        assert (trial.priority, trial.hold, trial.persons) == (0, "", 1)
        assert store.verify().problems == ()


def test_a_missing_column_would_be_noticed(url: str) -> None:
    with Store.open(url) as store, store._engine.connect() as conn:
        conn.exec_driver_sql("ALTER TABLE campaigns DROP COLUMN reason")
        options: dict[str, Any] = {"version_table": VERSION_TABLE}
        context = MigrationContext.configure(conn, opts=options)
        assert compare_metadata(context, metadata) != []


def test_a_newer_schema_is_refused(url: str) -> None:
    with Store.open(url) as store, store._engine.begin() as conn:
        conn.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0999'")
    with pytest.raises(StoreError, match=r"is 0999, newer than .*upgrade bigloop"):
        Store.open(url)
    engine = sa.create_engine(url)
    with engine.connect() as conn:
        found = conn.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").all()
    engine.dispose()
    assert [tuple(row) for row in found] == [("0999",)]


def test_sqlite_syncs_every_commit(tmp_path: Path) -> None:
    """A power cut must not forget that a sample was handed over."""
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        seen: list[tuple[object, ...]] = []

        def look() -> None:
            with store._engine.connect() as conn:
                pragmas = ("journal_mode", "synchronous", "foreign_keys")
                seen.append(
                    tuple(conn.exec_driver_sql(f"PRAGMA {p}").scalar() for p in pragmas)
                )

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        look()
    assert seen == [("wal", 2, 1)] * 2


@pytest.mark.parametrize(
    "change", ["UPDATE events SET actor = 'eve'", "DELETE FROM events"]
)
def test_events_are_append_only(store: Store, change: str) -> None:
    with (
        pytest.raises(sa.exc.DBAPIError, match="events are append-only"),
        store._engine.begin() as conn,
    ):
        conn.exec_driver_sql(change)
