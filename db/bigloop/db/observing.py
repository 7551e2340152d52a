"""How the observations that an event carries become rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import Event, canonical_json
from bigloop.db.tables import observations

_LAST = sa.select(sa.func.max(observations.c.id))
_INSERT = sa.insert(observations)


def observe(
    conn: sa.Connection,
    event: Event,
    found: Sequence[dict[str, Any]],
    *,
    trial: str | None,
    solicited: bool,
) -> None:
    """Insert observations, numbered in the order of the chain."""
    if not found:
        return
    last = conn.scalar(_LAST) or 0
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
    conn.execute(_INSERT, rows)
