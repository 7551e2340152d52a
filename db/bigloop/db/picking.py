"""Which trial is next, and which leases have run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import TrialState
from bigloop.db.rows import Row
from bigloop.db.tables import campaigns, trials

_S = TrialState
_HELD = (_S.CLAIMED, _S.RUNNING)


def oldest(
    conn: sa.Connection,
    sources: Sequence[str] | None,
    campaign: str | None,
    *,
    locks: bool = False,
) -> Row | None:
    """The next approved trial, of some sources or one campaign; none is waiting."""
    query = _oldest_of(sources is not None, campaign is not None, locks)
    asked = {"campaign_": campaign, "sources_": sources and list(sources)}
    known = {name: value for name, value in asked.items() if value is not None}
    return conn.execute(query, known).first()


# Statements of the hot path are built once: building costs more than running.
@cache
def _oldest_of(by_source: bool, by_campaign: bool, locks: bool) -> sa.Select[Any]:
    query = (
        sa.select(trials)
        .join(campaigns, campaigns.c.name == trials.c.campaign)
        .where(
            trials.c.state == _S.APPROVED,
            trials.c.hold == "",
            campaigns.c.status == "running",
        )
        .order_by(trials.c.rank, trials.c.first_seq)
        .limit(1)
    )
    if by_source:
        query = query.where(
            trials.c.source.in_(sa.bindparam("sources_", expanding=True))
        )
    if by_campaign:
        query = query.where(trials.c.campaign == sa.bindparam("campaign_"))
    if locks:
        # Writers queue at the chain; a row that somebody locked by hand is passed over.
        query = query.with_for_update(skip_locked=True, of=trials)
    return query


_LAPSED = (
    sa.select(trials)
    .where(trials.c.state.in_(_HELD), trials.c.lease_until <= sa.bindparam("now_"))
    .order_by(trials.c.first_seq)
)


def lapsed(conn: sa.Connection, now: datetime) -> list[Row]:
    """Claimed and running trials whose lease has run out."""
    return list(conn.execute(_LAPSED, {"now_": now}))
