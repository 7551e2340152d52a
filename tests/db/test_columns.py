from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigloop.db import Store
from bigloop.db.columns import exact
from bigloop.db.engine import writing
from bigloop.db.tables import accounts, observations


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    at=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)),
    hours=st.integers(-12, 12),
    value=st.floats(allow_nan=False, allow_infinity=False),
)
def test_what_goes_in_comes_out(
    store: Store, at: datetime, hours: int, value: float
) -> None:
    moment = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    row = {
        "id": 1,
        "campaign": "cells",
        "source": "x",
        "design": "{}",
        "observable": "x",
        "value": value,
        "unit": "",
        "censored": False,
        "solicited": True,
        "recorded_at": moment,
    }
    with writing(store._connections) as conn:
        conn.execute(sa.insert(observations), row)
        found = conn.execute(sa.select(observations)).one()
        conn.rollback()
    assert found.recorded_at == moment
    assert found.recorded_at.tzinfo == UTC
    assert found.value == value
    assert float(exact(value)) == value


def test_amounts_are_exact(store: Store) -> None:
    amount = Decimal("12345678901234567890.000000000000000000001")
    with writing(store._connections) as conn:
        conn.execute(sa.update(accounts).values(spent=amount))
        assert set(conn.scalars(sa.select(accounts.c.spent))) == {amount}
        conn.rollback()


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    naive = datetime(2026, 1, 1)
    with (
        store._engine.connect() as conn,
        pytest.raises(sa.exc.StatementError, match="no time zone"),
    ):
        conn.execute(sa.select(observations).where(observations.c.recorded_at == naive))
