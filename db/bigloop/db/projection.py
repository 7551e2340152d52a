"""`apply`: the one path from an event to the tables.

Nothing else writes the derived tables, so that replaying the events into an empty
database gives the same rows. A handler uses the event alone, never a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import ConflictError, Event, StoreError, canonical_json
from bigloop.db import ledger, moves
from bigloop.db import people_events as people
from bigloop.db.observing import observe
from bigloop.db.rows import Row
from bigloop.db.tables import artifacts, campaigns, keys, models, revisions

Handler = Callable[[sa.Connection, Event], Row | None]


def apply(conn: sa.Connection, event: Event) -> Row | None:
    """Write what an event says; the row of a trial that it moved, as it stands then.

    Raises:
        ConflictError: the state does not allow it (a stale claim among others).
        StoreError: the kind of the event is not known.
    """
    handler = _HANDLERS.get(event.kind)
    if handler is None:
        raise StoreError(
            f"event {event.seq} is of an unknown kind {event.kind!r}; upgrade bigloop"
        )
    row = handler(conn, event)
    if once := event.data.get("once"):
        conn.execute(sa.insert(keys), [{**once, "seq": event.seq}])
    return row


def _campaign_added(conn: sa.Connection, event: Event) -> None:
    conn.execute(
        sa.insert(campaigns),
        [
            {
                "name": event.campaign,
                "status": "running",
                "reason": "",
                "revision": 0,
                "first_seq": event.seq,
                "created_at": event.at,
                "updated_at": event.at,
            }
        ],
    )
    _campaign_revised(conn, event)


def _campaign_revised(conn: sa.Connection, event: Event) -> None:
    spec: dict[str, Any] = event.data["spec"]
    revision = {
        "campaign": event.campaign,
        "revision": event.data["revision"],
        "spec": canonical_json(spec),
        "actor": event.actor,
        "created_at": event.at,
    }
    conn.execute(sa.insert(revisions), [revision])
    _change_campaign(conn, event, revision=event.data["revision"])
    ledger.set_limits(conn, event.campaign, spec["budget"])


def _campaign_status(conn: sa.Connection, event: Event) -> None:
    _change_campaign(
        conn, event, status=event.data["status"], reason=event.data["reason"]
    )


def _change_campaign(conn: sa.Connection, event: Event, **values: Any) -> None:
    conn.execute(
        sa.update(campaigns)
        .where(campaigns.c.name == event.campaign)
        .values(updated_at=event.at, **values)
    )


def _history_imported(conn: sa.Connection, event: Event) -> None:
    observe(conn, event, event.data["observations"], trial=None, solicited=True)


def _result_unsolicited(conn: sa.Connection, event: Event) -> None:
    found = event.data["observations"]
    observe(conn, event, found, trial=event.subject, solicited=False)


def _model_added(conn: sa.Connection, event: Event) -> None:
    version = event.data["version"]
    row = {
        "campaign": event.campaign,
        "id": event.subject,
        "status": version["status"],
        "version": canonical_json(version),
        "source": version.get("source", ""),
        "seen": version.get("seen", 0),
        "first_seq": event.seq,
    }
    conn.execute(sa.insert(models), [row])


def _model_promoted(conn: sa.Connection, event: Event) -> None:
    mine = sa.select(models.c.source).where(
        models.c.campaign == event.campaign, models.c.id == event.subject
    )
    update = sa.update(models).where(models.c.campaign == event.campaign)
    rivals = update.where(
        models.c.status == "champion", models.c.source == mine.scalar_subquery()
    )
    conn.execute(rivals.values(status="retired"))
    promoted = update.where(models.c.id == event.subject).values(status="champion")
    if conn.execute(promoted).rowcount != 1:
        raise ConflictError(f"model {event.subject!r} does not exist; add it first")


def _artifact_added(conn: sa.Connection, event: Event) -> None:
    row = {
        **event.data["artifact"],
        "campaign": event.campaign,
        "actor": event.actor,
        "created_at": event.at,
        "first_seq": event.seq,
    }
    conn.execute(sa.insert(artifacts), [row])


_HANDLERS: dict[str, Handler] = {
    **people.HANDLERS,
    "artifact.added": _artifact_added,
    "campaign.added": _campaign_added,
    "campaign.revised": _campaign_revised,
    "campaign.status": _campaign_status,
    "history.imported": _history_imported,
    "result.unsolicited": _result_unsolicited,
    "model.added": _model_added,
    "model.promoted": _model_promoted,
    "trial.proposed": moves.proposed,
    "trial.approved": moves.decided,
    "trial.awaiting_approval": moves.decided,
    "trial.endorsed": moves.endorsed,
    "trial.ranked": moves.ranked,
    "trial.held": moves.put_on_hold,
    "trial.unheld": moves.put_on_hold,
    "trial.rejected": moves.closed,
    "trial.cancelled": moves.closed,
    "trial.expired": moves.closed,
    "trial.claimed": moves.claimed,
    "trial.started": moves.started,
    "trial.heartbeat": moves.prolonged,
    "trial.released": moves.released,
    "trial.lapsed": moves.lapsed,
    "trial.adopted": moves.adopted,
    "trial.completed": moves.ended,
    "trial.failed": moves.ended,
    "trial.unknown": moves.lost,
}
