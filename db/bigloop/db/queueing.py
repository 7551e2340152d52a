"""The queue as people order it: priority, hold, and the end of everything at once."""

from __future__ import annotations

import sqlalchemy as sa

from bigloop.contracts import SpecError, Trial, TrialState
from bigloop.db.records import CampaignInfo
from bigloop.db.rows import Row, campaign_of, trial_of
from bigloop.db.session import Session
from bigloop.db.tables import trials
from bigloop.db.transaction import Once, Transaction, allow, require, unchanged

_S = TrialState
_QUEUED = (_S.AWAITING_APPROVAL, _S.APPROVED)
_UNSTARTED = (*_QUEUED, _S.CLAIMED)
MOST_PRIORITY = 1_000_000


class Queueing(Session):
    """The part of the store in which people order what is to be run."""

    def rank(
        self,
        trial: str,
        priority: int,
        actor: str,
        reason: str = "",
        *,
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Put a trial before those of lower priority; 0 is where all begin.

        Raises:
            ConflictError: it is claimed, runs or has ended.
            ChangedError: it is no longer what the person saw.
            SpecError: the priority is not within a million of 0.
        """
        if abs(priority) > MOST_PRIORITY:
            raise SpecError(f"priority {priority}: give one within {MOST_PRIORITY:,}")
        once = Once.of(idempotency_key, "rank", trial, priority, reason)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._queued(tx, trial, "rank", version)
            if -row.rank == priority:
                return trial_of(row)
            data = {"priority": priority, "reason": reason}
            return trial_of(tx.move("trial.ranked", row.campaign, row.id, data, once))

    def hold(
        self,
        trial: str,
        actor: str,
        reason: str,
        *,
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Let nobody claim a trial until `unhold`; its reservation stays.

        Raises:
            ConflictError: it is claimed, runs or has ended.
            ChangedError: it is no longer what the person saw.
            SpecError: no reason is given.
        """
        once = Once.of(idempotency_key, "hold", trial, reason)
        reason = require("reason", reason)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._queued(tx, trial, "hold", version)
            if row.hold == reason:
                return trial_of(row)
            data = {"reason": reason}
            return trial_of(tx.move("trial.held", row.campaign, row.id, data, once))

    def unhold(
        self,
        trial: str,
        actor: str,
        reason: str = "",
        *,
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Let a trial be claimed again.

        Raises:
            ConflictError: it is claimed, runs or has ended.
            ChangedError: it is no longer what the person saw.
        """
        once = Once.of(idempotency_key, "unhold", trial, reason)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._queued(tx, trial, "unhold", version)
            if not row.hold:
                return trial_of(row)
            data = {"reason": "", "note": reason}
            return trial_of(tx.move("trial.unheld", row.campaign, row.id, data, once))

    def abort(
        self, campaign: str, actor: str, reason: str = "aborted by hand"
    ) -> CampaignInfo:
        """Stop a campaign and withdraw all that has not been started, at once.

        What runs is told at its next heartbeat that the campaign is stopped.

        Raises:
            NotFoundError: there is no such campaign.
        """
        with self._write(actor) as tx:
            row = self._campaign_row(tx.conn, campaign)
            if row.status != "stopped":
                data = {"status": "stopped", "reason": reason, "from": row.status}
                tx.append("campaign.status", campaign, campaign, data)
            theirs = sa.select(trials).where(
                trials.c.campaign == campaign, trials.c.state.in_(_UNSTARTED)
            )
            for found in tx.conn.execute(theirs.order_by(trials.c.number)).all():
                self._move(tx, found, _S.CANCELLED, reason=f"aborted: {reason}")
            return campaign_of(self._campaign_row(tx.conn, campaign))

    def _queued(
        self, tx: Transaction, trial: str, operation: str, version: int | None
    ) -> Row:
        row = self._trial_row(tx.conn, trial)
        unchanged(row, version)
        allow(row.id, row.state, operation, *_QUEUED)
        return row
