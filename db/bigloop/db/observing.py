"""How the observations that an event carries become rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import Event, canonical_json
from bigloop.db.tables import observations


def observe(
    conn: sa.Connection,
    event: Event,
    found: Sequence[dict[str, Any]],
    *,
    trial: str | None,
    solicited: bool,
) -> None:
    """Insert observations, numbered in the order of the chain."""
    last = conn.scalar(sa.select(sa.func.max(observations.c.id))) or 0
    rows = [
        {
            "content": None,
            **item,
            "id": last + index,
            "campaign": event.campaign,
            "trial": trial,
            "design": canonical_json(item["design"]),
            "solicited": solicited,
            "recorded_at": event.at,
        }
        for index, item in enumerate(found, start=1)
    ]
    if rows:
        conn.execute(sa.insert(observations), rows)
