"""Which trial is next, and which leases have run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from bigloop.contracts import TrialState
from bigloop.db.prepared import Prepared
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
    n_sources = None if sources is None else len(sources)
    query = _oldest_of(n_sources, campaign is not None, locks)
    known = {f"source_{k}": source for k, source in enumerate(sources or ())}
    if campaign is not None:
        known["campaign_"] = campaign
    return query.first(conn, known)


# Statements of the hot path are built once: building costs more than running.
@cache
def _oldest_of(n_sources: int | None, by_campaign: bool, locks: bool) -> Prepared:
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
    if n_sources is not None:
        any_of = [
            trials.c.source == sa.bindparam(f"source_{k}") for k in range(n_sources)
        ]
        query = query.where(sa.or_(sa.false(), *any_of))
    if by_campaign:
        query = query.where(trials.c.campaign == sa.bindparam("campaign_"))
    if locks:
        # Writers queue at the chain; a row that somebody locked by hand is passed over.
        query = query.with_for_update(skip_locked=True, of=trials)
    return Prepared(query)


_LAPSED = (
    sa.select(trials)
    .where(trials.c.state.in_(_HELD), trials.c.lease_until <= sa.bindparam("now_"))
    .order_by(trials.c.first_seq)
)


def lapsed(conn: sa.Connection, now: datetime) -> list[Row]:
    """Claimed and running trials whose lease has run out."""
    return list(conn.execute(_LAPSED, {"now_": now}))
