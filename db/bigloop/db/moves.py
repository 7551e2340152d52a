"""How the events of a trial move it: every check stands in the write itself."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NoReturn

import sqlalchemy as sa

from bigloop.contracts import (
    TRANSITIONS,
    ConflictError,
    Event,
    NotFoundError,
    StaleClaimError,
    TrialState,
    canonical_json,
)
from bigloop.db import ledger
from bigloop.db.observing import observe
from bigloop.db.prepared import Prepared
from bigloop.db.rows import Row
from bigloop.db.tables import attempts, trials

_HELD = (TrialState.CLAIMED, TrialState.RUNNING)
_QUEUED = (TrialState.AWAITING_APPROVAL, TrialState.APPROVED)


def _is_one_of(states: tuple[TrialState, ...]) -> sa.ColumnElement[bool]:
    """Not by `in_`: a list is not part of a prepared statement."""
    return sa.or_(*(trials.c.state == state for state in states))


_CONDITIONS: dict[str, tuple[sa.ColumnElement[bool], ...]] = {
    "was": (trials.c.state == sa.bindparam("was_"),),
    "held": (_is_one_of(_HELD),),
    "queued": (_is_one_of(_QUEUED),),
    "free": (trials.c.token == sa.bindparam("previous_"),),
    "fence": (
        trials.c.token == sa.bindparam("token_"),
        trials.c.worker == sa.bindparam("worker_"),
        trials.c.lease_until > sa.bindparam("now_"),
    ),
    "lapsed": (
        trials.c.token == sa.bindparam("previous_"),
        trials.c.lease_until <= sa.bindparam("now_"),
    ),
}


Condition = tuple[str, dict[str, Any]]
"""What must hold of a row in the very statement that changes it: one of `_CONDITIONS`,
and the values of its parameters."""


@cache
def _update_if(*conditions: str) -> Prepared:
    """The update of one trial under conditions, giving its row; built once each."""
    found = [term for name in conditions for term in _CONDITIONS[name]]
    mine = trials.c.id == sa.bindparam("trial_")
    return Prepared(sa.update(trials).where(mine, *found).returning(trials))


_FENCED = frozenset(
    {"started", "heartbeat", "released", "completed", "failed", "unknown"}
)


def proposed(conn: sa.Connection, event: Event) -> None:
    """Insert a trial and reserve its cost."""
    data = event.data
    row = {
        "id": event.subject,
        "campaign": event.campaign,
        "number": data["proposal"]["number"],
        "source": data["proposal"]["source"],
        "state": TrialState.PROPOSED,
        "proposal": canonical_json(data["proposal"]),
        "decision": canonical_json(data["decision"]),
        "reserved": canonical_json(data["cost"]),
        "spent": "{}",
        "reason": "",
        "token": 0,
        "first_seq": event.seq,
        "last_seq": event.seq,
        "created_at": event.at,
        "updated_at": event.at,
    }
    _INSERT.run(conn, row)
    ledger.reserve(conn, event.campaign, data["cost"])


def decided(conn: sa.Connection, event: Event) -> Row:
    """`approved` or `awaiting_approval`, and who stands behind it."""
    to, data = TrialState(event.kind.removeprefix("trial.")), event.data
    agreed: dict[str, Any] = {}
    if "persons" in data:
        agreed["persons"] = data["persons"]
    if "endorsed" in data:
        agreed["endorsed"] = canonical_json(data["endorsed"])
    return _move(conn, event, to, reason=data["reason"], **agreed)


def endorsed(conn: sa.Connection, event: Event) -> Row:
    """One more person agrees; others are still missing."""
    waits = ("was", {"was_": TrialState.AWAITING_APPROVAL})
    return change(conn, event, waits, endorsed=canonical_json(event.data["endorsed"]))


def ranked(conn: sa.Connection, event: Event) -> Row:
    """Put a trial that was not claimed before or behind others."""
    return change(conn, event, ("queued", {}), rank=-event.data["priority"])


def put_on_hold(conn: sa.Connection, event: Event) -> Row:
    """`held` or `unheld`: whether anybody may claim it for now."""
    return change(conn, event, ("queued", {}), hold=event.data["reason"])


def closed(conn: sa.Connection, event: Event) -> Row:
    """`rejected`, `cancelled` or `expired`: the reservation is released."""
    to = TrialState(event.kind.removeprefix("trial."))
    ledger.settle(conn, event.campaign, event.subject)
    said = {"reason": event.data["reason"], "reserved": "{}", "lease_until": None}
    if "because" in event.data:
        said["because"] = event.data["because"]
    _end_attempt(conn, event, to)
    return _move(conn, event, to, **said)


def claimed(conn: sa.Connection, event: Event) -> Row:
    """Hand a trial to a worker under the next fencing token."""
    free = ("free", {"previous_": event.data["token"] - 1})
    row = _move(conn, event, TrialState.CLAIMED, free, **_lease(event))
    _begin_attempt(conn, event, started_at=None)
    return row


def started(conn: sa.Connection, event: Event) -> Row:
    """The mark before a dispatch: from here on a physical trial is never re-run."""
    row = _move(conn, event, TrialState.RUNNING, *fenced(event))
    _change_attempt(conn, event, started_at=event.at)
    return row


def prolonged(conn: sa.Connection, event: Event) -> Row:
    """Prolong a lease."""
    until = _time(event.data["lease_until"])
    held = (("held", {}), *fenced(event))
    row = change(conn, event, *held, lease_until=until)
    _change_attempt(conn, event, lease_until=until)
    return row


def released(conn: sa.Connection, event: Event) -> Row:
    """Hand a trial back that was not started."""
    row = _move(conn, event, TrialState.APPROVED, *fenced(event), **_FREE)
    _change_attempt(conn, event, ended_at=event.at, result="released")
    return row


def lapsed(conn: sa.Connection, event: Event) -> Row:
    """Take a trial back whose lease has run out."""
    row = _move(conn, event, TrialState.APPROVED, _run_out(event), **_FREE)
    _end_attempt(conn, event, "lapsed")
    return row


def adopted(conn: sa.Connection, event: Event) -> Row:
    """Hand a running trial, whose worker is gone, to another one."""
    runs = ("was", {"was_": TrialState.RUNNING})
    row = change(conn, event, runs, _run_out(event), **_lease(event))
    _end_attempt(conn, event, "lapsed")
    _begin_attempt(conn, event, started_at=event.at)
    return row


def ended(conn: sa.Connection, event: Event) -> Row:
    """Book an outcome: state, ledger and observations."""
    data, outcome = event.data, event.data["outcome"]
    to = TrialState(event.kind.removeprefix("trial."))
    by_claim = data["from"] == TrialState.RUNNING
    ledger.settle(conn, event.campaign, event.subject, outcome["cost"])
    row = _move(
        conn,
        event,
        to,
        *(fenced(event) if by_claim else ()),
        reason=data["reason"],
        outcome=canonical_json(outcome),
        spent=canonical_json(outcome["cost"]),
        reserved="{}",
        lease_until=None,
    )
    _end_attempt(conn, event, to)
    found = data["observations"]
    observe(conn, event, found, trial=event.subject, solicited=True)
    return row


def lost(conn: sa.Connection, event: Event) -> Row:
    """`unknown`: the reservation stays until a person says what happened."""
    reason = event.data["reason"]
    to = TrialState.UNKNOWN
    row = _move(conn, event, to, *fenced(event), reason=reason, lease_until=None)
    _change_attempt(conn, event, ended_at=event.at, result=to)
    return row


def fenced(event: Event) -> tuple[Condition, ...]:
    """What makes a write safe: the newest token, its holder, within its lease.

    A lease that has run out is refused even if nobody took the trial over yet:
    somebody may be about to.
    """
    data = event.data
    held = {"token_": data["token"], "worker_": data["worker"], "now_": event.at}
    return (("fence", held),)


_FREE: dict[str, Any] = {"worker": None, "lease_until": None}


def _run_out(event: Event) -> Condition:
    previous = event.data["previous_token"]
    return "lapsed", {"previous_": previous, "now_": event.at}


def _lease(event: Event) -> dict[str, Any]:
    data = event.data
    until = _time(data["lease_until"])
    return {"worker": data["worker"], "token": data["token"], "lease_until": until}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _move(
    conn: sa.Connection,
    event: Event,
    to: TrialState,
    *conditions: Condition,
    **values: Any,
) -> Row:
    start = TrialState(event.data["from"])
    if to not in TRANSITIONS.get(start, ()):
        _refuse(conn, event)
    was = ("was", {"was_": start})
    return change(conn, event, was, *conditions, state=to, **values)


def change(
    conn: sa.Connection,
    event: Event,
    *conditions: Condition,
    **values: Any,
) -> Row:
    """Change a trial if the conditions hold in the same statement.

    Raises:
        NotFoundError: there is no such trial.
        ConflictError: they do not hold.
    """
    known = {"last_seq": event.seq, "updated_at": event.at, "trial_": event.subject}
    for _, more in conditions:
        known |= more
    statement = _update_if(*[name for name, _ in conditions])
    row = statement.first(conn, {**known, **values})
    return _refuse(conn, event) if row is None else row


def _begin_attempt(
    conn: sa.Connection, event: Event, started_at: datetime | None
) -> None:
    row = {
        "trial": event.subject,
        **_lease(event),
        "claimed_at": event.at,
        "started_at": started_at,
        "result": "",
    }
    _INSERT_ATTEMPT.run(conn, row)


def _change_attempt(conn: sa.Connection, event: Event, **values: Any) -> None:
    mine = {"trial_": event.subject, "token_": event.data["token"]}
    _CHANGE_ATTEMPT.run(conn, {**mine, **values})


# Statements are built once: building one costs more than running it.
_INSERT = Prepared(sa.insert(trials))
_INSERT_ATTEMPT = Prepared(sa.insert(attempts))
_CHANGE_ATTEMPT = Prepared(
    sa.update(attempts).where(
        attempts.c.trial == sa.bindparam("trial_"),
        attempts.c.token == sa.bindparam("token_"),
    )
)
_END_ATTEMPT = Prepared(
    sa.update(attempts).where(
        attempts.c.trial == sa.bindparam("trial_"), attempts.c.ended_at.is_(None)
    )
)


def _end_attempt(conn: sa.Connection, event: Event, result: str) -> None:
    now = {"trial_": event.subject, "ended_at": event.at, "result": result}
    _END_ATTEMPT.run(conn, now)


def _refuse(conn: sa.Connection, event: Event) -> NoReturn:
    row = conn.execute(sa.select(trials).where(trials.c.id == event.subject)).first()
    if row is None:
        raise NotFoundError(f"trial {event.subject!r} does not exist; check its id")
    what = event.kind.removeprefix("trial.")
    if what in _FENCED and "token" in event.data:
        _refuse_stale(row, event)
    possible = ", ".join(sorted(TRANSITIONS.get(TrialState(row.state), ())))
    raise ConflictError(
        f"trial {event.subject} is {row.state}, so it cannot become {what}; "
        f"possible from here: {possible or 'nothing, it is final'}"
    )


def _refuse_stale(row: sa.Row[Any], event: Event) -> None:
    token, worker = event.data["token"], event.data["worker"]
    holds = (row.token, row.worker) == (token, worker) and row.state in _HELD
    if holds and row.lease_until is not None and row.lease_until > event.at:
        return
    why = f"the trial is {row.state}"
    if row.token != token:
        why += f" under claim {row.token} of {row.worker or 'nobody'}"
    elif holds:
        why = f"its lease ended at {row.lease_until:%Y-%m-%d %H:%M:%S} UTC"
    raise StaleClaimError(
        f"claim {token} of {worker} on trial {event.subject} is stale: {why}; drop the "
        "work and claim again"
    )
