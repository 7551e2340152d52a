from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bigloop.contracts import Outcome, Suggestion, Verdict
from bigloop.db import Store
from bigloop.db.engine import reading, writing
from bigloop.db.prepared import Prepared, on_driver
from bigloop.db.tables import DERIVED, accounts, campaigns, trials


@pytest.mark.parametrize("table", DERIVED, ids=lambda table: table.name)
def test_rows_are_those_that_sqlalchemy_gives(
    store: Store,
    suggest: Callable[..., Suggestion],
    success: Callable[..., Outcome],
    table: sa.Table,
) -> None:
    """Moments, money, truth values, numbers and what is missing."""
    store.propose(suggest(0), Verdict(action="ask"), "loop")
    store.propose(suggest(1), Verdict(action="approve"), "loop")
    claim = store.take("worker")
    assert claim is not None
    store.complete(claim, success())
    query = sa.select(table)
    with reading(store._connections) as conn:
        rows = conn.execute(query).all()
        for _ in range(2):
            again = Prepared(query).all(conn)
            assert [row._asdict() for row in again] == [row._asdict() for row in rows]


def test_values_are_written_as_sqlalchemy_writes_them(store: Store) -> None:
    """By a statement with constants, and with other columns the next time."""
    mine = campaigns.c.name == sa.bindparam("whose")
    change = Prepared(sa.update(campaigns).where(mine, campaigns.c.status == "running"))
    book = Prepared(sa.update(accounts).where(accounts.c.currency == "cell_cycle"))
    at = datetime(2026, 5, 1, 12, 30, 0, 250_000, tzinfo=UTC)
    with writing(store._connections) as conn:
        change.run(conn, {"whose": "cells", "updated_at": at})
        change.run(conn, {"whose": "cells", "reason": "tired", "status": "paused"})
        change.run(conn, {"whose": "cells", "reason": "not running any more"})
        book.run(conn, {"spent": Decimal("0.1")})
        row = conn.execute(sa.select(campaigns)).one()
        assert (row.updated_at, row.reason, row.status) == (at, "tired", "paused")
        spent = sa.select(accounts.c.spent).where(accounts.c.currency == "cell_cycle")
        assert conn.scalar(spent) == Decimal("0.1")
        conn.rollback()


def test_several_rows_are_written_at_once(store: Store) -> None:
    insert = Prepared(sa.insert(accounts))
    row = {"campaign": "cells", "limit": Decimal(1), "reserved": Decimal(0)}
    more = [
        {**row, "currency": name, "spent": Decimal(k)} for k, name in enumerate("ab")
    ]
    with writing(store._connections) as conn:
        insert.run_each(conn, [])
        insert.run_each(conn, more)
        query = sa.select(accounts.c.spent).where(accounts.c.limit == Decimal(1))
        assert sorted(conn.scalars(query)) == [Decimal(0), Decimal(1)]
        with pytest.raises(sa.exc.IntegrityError):
            insert.run_each(conn, more)
        conn.rollback()


def test_an_update_gives_what_it_returns(store: Store) -> None:
    close = Prepared(sa.update(campaigns).returning(campaigns))
    nobody = Prepared(sa.update(trials).returning(trials.c.id))
    with writing(store._connections) as conn:
        row = close.first(conn, {"reason": "done"})
        assert row is not None
        assert (row.name, row.reason) == ("cells", "done")
        assert nobody.first(conn, {"reason": "done"}) is None
        conn.rollback()


def test_errors_are_those_of_sqlalchemy(store: Store) -> None:
    insert = Prepared(sa.insert(accounts))
    row: dict[str, Any] = {
        "campaign": "cells",
        "currency": "cell_cycle",
        "limit": Decimal(1),
    }
    with (
        pytest.raises(sa.exc.IntegrityError),
        writing(store._connections) as conn,
    ):
        insert.run(conn, {**row, "reserved": Decimal(0), "spent": Decimal(0)})
    with pytest.raises(sa.exc.DBAPIError), reading(store._connections) as conn:
        on_driver(conn, "SELECT nothing FROM nowhere")
    assert store.trials("cells") == []
