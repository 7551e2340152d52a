"""How the observations that an event carries become rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import Event, canonical_json
from bigloop.db.prepared import Prepared
from bigloop.db.tables import observations

_INSERT = Prepared(
    sa.insert(observations)
    .values(
        id=sa.select(sa.func.coalesce(sa.func.max(observations.c.id), 0) + 1)
        .correlate(None)
        .scalar_subquery()
    )
    .inline()
)


def observe(
    conn: sa.Connection,
    event: Event,
    found: Sequence[dict[str, Any]],
    *,
    trial: str | None,
    solicited: bool,
) -> None:
    """Insert observations, numbered in the order of the chain."""
    rows = [
        {
            "content": None,
            **item,
            "campaign": event.campaign,
            "trial": trial,
            "design": canonical_json(item["design"]),
            "solicited": solicited,
            "recorded_at": event.at,
        }
        for item in found
    ]
    _INSERT.run_each(conn, rows)
