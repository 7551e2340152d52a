"""Claims: how workers take trials, keep them alive and hand results in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import (
    Claim,
    ConflictError,
    Outcome,
    SpecError,
    StaleClaimError,
    Trial,
    TrialState,
    content_hash,
)
from bigloop.db import results
from bigloop.db.artifacts import check_kept
from bigloop.db.picking import lapsed, oldest
from bigloop.db.records import Lapsed
from bigloop.db.rows import Row, trial_of
from bigloop.db.session import Session
from bigloop.db.tables import attempts, keys
from bigloop.db.transaction import Once, Transaction, allow, require, unchanged

_S = TrialState


class Claims(Session):
    """The part of the store that workers talk to.

    A lease holds until its end, not at it. Once it has run out, every write of its
    holder is refused, even when nobody acted yet. Times are the writers' clocks: keep
    them in step, and leases long (a minute) against their error.
    """

    def claim(
        self,
        worker: str,
        sources: Sequence[str] | None = None,
        lease_s: float = 60.0,
        campaign: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Claim | None:
        """The next approved trial of a running campaign; none when there is none.

        Higher priority first, then the oldest; never one that is on hold.
        Asking in vain takes no lock.
        """
        once = Once.of(idempotency_key, "claim", worker)
        if self._is_idle(sources, campaign) and not self._is_used(once):
            return None
        with self._write(worker) as tx:
            if (done := tx.earlier(once)) is not None:
                return _claim_of(self._trial_row(tx.conn, done))
            row = self._claim(tx, sources, lease_s, campaign, once)
            return None if row is None else _claim_of(row)

    def take(
        self,
        worker: str,
        sources: Sequence[str] | None = None,
        lease_s: float = 60.0,
        campaign: str | None = None,
    ) -> Claim | None:
        """`claim` and `start` in one transaction, for a worker that begins at once."""
        if self._is_idle(sources, campaign):
            return None
        with self._write(worker) as tx:
            return self._take(tx, sources, lease_s, campaign)

    def start(self, claim: Claim, *, idempotency_key: str | None = None) -> Claim:
        """Mark a trial as running; call it before anything is dispatched.

        Asked again under the same key, as after an answer that was lost, it is no
        second start.

        Raises:
            StaleClaimError: the claim is not current; dispatch nothing.
            ConflictError: it was started already; dispatch nothing.
        """
        with self._write(claim.worker) as tx:
            trial, token = claim.trial, _token(claim)
            once = Once.of(idempotency_key, "start", trial.id, token)
            if tx.earlier(once) is not None:
                return _claim_of(self._trial_row(tx.conn, trial.id))
            return self._begin(tx, trial.campaign, trial.id, token, once)

    def heartbeat(self, claim: Claim, lease_s: float = 60.0) -> Claim:
        """Prolong a lease from now; once in a third of it is often enough.

        Raises:
            StaleClaimError: the claim is not current; drop the work.
        """
        with self._write(claim.worker) as tx:
            data = {**_token(claim), "lease_until": _until(tx, lease_s)}
            trial = claim.trial
            return _claim_of(tx.move("trial.heartbeat", trial.campaign, trial.id, data))

    def release(self, claim: Claim) -> Trial:
        """Hand back a trial that was not started.

        Raises:
            StaleClaimError: the claim is not current.
            ConflictError: it was started.
        """
        with self._write(claim.worker) as tx:
            data = {"from": _S.CLAIMED, **_token(claim)}
            trial = claim.trial
            return trial_of(tx.move("trial.released", trial.campaign, trial.id, data))

    def complete(self, claim: Claim, outcome: Outcome) -> Trial:
        """Hand in the outcome of a running trial; the same one again is no change.

        The result of a stale claim changes nothing that stands: it is kept, once, as
        unsolicited observations.

        Raises:
            ResultError: unit, range, observable, specimen, cost or parameter is wrong.
            StaleClaimError: the claim is not current; the result was kept.
            ConflictError: it ended with another outcome, or was never started.
        """
        try:
            with self._write(claim.worker) as tx:
                row = self._trial_row(tx.conn, claim.trial.id)
                if _is_answered(row, claim, outcome):
                    return trial_of(row)
                return self._settle(tx, row, outcome, _S.RUNNING, _token(claim))
        except StaleClaimError:
            self._keep_late(claim, outcome)
            raise

    def mark_unknown(self, claim: Claim, reason: str) -> Trial:
        """Give up a running trial of which nobody can tell what became.

        Its reservation stays until a person resolves it.

        Raises:
            StaleClaimError: the claim is not current.
            SpecError: no reason is given.
        """
        require("reason", reason)
        with self._write(claim.worker) as tx:
            data = {"from": _S.RUNNING, "reason": reason, **_token(claim)}
            trial = claim.trial
            return trial_of(tx.move("trial.unknown", trial.campaign, trial.id, data))

    def resolve(
        self,
        trial: str,
        outcome: Outcome,
        actor: str,
        reason: str,
        *,
        ticked: Sequence[str] = (),
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Say, as a person, what became of an `unknown` trial.

        Args:
            trial: its id, or a prefix.
            outcome: what came of it.
            actor: who says so.
            reason: how they know; the audit log keeps it.
            ticked: items of the source's checklist that they confirm.
            idempotency_key: the same key again changes nothing more.
            version: of the trial as the person saw it (`Trial.version`).

        Raises:
            ConflictError: it is not unknown.
            ChangedError: it is no longer what the person saw.
            ResultError: the outcome does not fit.
            SpecError: no reason is given, or the checklist is not complete.
        """
        require("reason", reason)
        said = (outcome.model_dump(mode="json"), reason)
        once = Once.of(idempotency_key, "resolve", trial, *said)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._trial_row(tx.conn, trial)
            unchanged(row, version)
            allow(row.id, row.state, "resolve", _S.UNKNOWN)
            spec = self._spec(tx.conn, row.campaign)
            _check_ticked(row, spec.sources[row.source].checklist, ticked)
            more = {"reason": reason, "ticked": list(ticked)}
            return self._settle(tx, row, outcome, _S.UNKNOWN, more, once)

    def release_expired(
        self,
        now: datetime | None = None,
        safe: Callable[[Trial], bool] | None = None,
        actor: str = "bigloop",
    ) -> Lapsed:
        """Take back what lapsed claims hold, except what may not be run again.

        `safe` tells whether a dispatched trial may be run again; by default, whether
        its source is not physical. Nothing lapsed: no lock is taken.
        """
        with self._read() as conn:
            if not lapsed(conn, now or self._clock()):
                return Lapsed()
        with self._write(actor, now) as tx:
            approved, stuck = [], []
            for row in lapsed(tx.conn, tx.at):
                trial = trial_of(row)
                if row.state == _S.CLAIMED or (safe or self._safely(tx))(trial):
                    data = {"from": row.state, "previous_token": row.token}
                    freed = tx.move("trial.lapsed", row.campaign, row.id, data)
                    approved.append(trial_of(freed))
                else:
                    stuck.append(trial)
            return Lapsed(approved=tuple(approved), stuck=tuple(stuck))

    def adopt(self, trial: str, worker: str, lease_s: float = 60.0) -> Claim:
        """Take over a running trial whose lease has lapsed, to recover its result.

        Raises:
            ConflictError: it does not run, or its lease still holds.
        """
        with self._write(worker) as tx:
            row = self._trial_row(tx.conn, trial)
            allow(row.id, row.state, "adopt", _S.RUNNING)
            if row.lease_until > tx.at:
                raise ConflictError(
                    f"trial {row.id} is held by {row.worker} until "
                    f"{row.lease_until:%Y-%m-%d %H:%M:%S} UTC; adopt it after that"
                )
            data = {"previous_token": row.token, **_lease(tx, row, lease_s)}
            return _claim_of(tx.move("trial.adopted", row.campaign, row.id, data))

    def _is_used(self, once: Once | None) -> bool:
        """Whether something was done under this key already."""
        if once is None:
            return False
        query = sa.select(keys.c.seq).where(keys.c.key == once.key)
        with self._read() as conn:
            return conn.scalar(query) is not None

    def _is_idle(self, sources: Sequence[str] | None, campaign: str | None) -> bool:
        with self._glance() as conn:
            return oldest(conn, sources, campaign) is None

    def _claim(
        self,
        tx: Transaction,
        sources: Sequence[str] | None,
        lease_s: float,
        campaign: str | None,
        once: Once | None = None,
    ) -> Row | None:
        """Claim the next trial."""
        row = oldest(tx.conn, sources, campaign, locks=True)
        if row is None:
            return None
        lease = _lease(tx, row, lease_s)
        return self._move(tx, row, _S.CLAIMED, **lease, once=once)

    def _take(
        self,
        tx: Transaction,
        sources: Sequence[str] | None,
        lease_s: float,
        campaign: str | None,
    ) -> Claim | None:
        """Claim and start the next trial."""
        row = self._claim(tx, sources, lease_s, campaign)
        if row is None:
            return None
        token = {"token": row.token, "worker": tx.actor}
        return self._begin(tx, row.campaign, row.id, token)

    @staticmethod
    def _begin(
        tx: Transaction,
        campaign: str,
        trial: str,
        token: dict[str, Any],
        once: Once | None = None,
    ) -> Claim:
        data = {"from": _S.CLAIMED, **token}
        return _claim_of(tx.move("trial.started", campaign, trial, data, once))

    def _settle(
        self,
        tx: Transaction,
        row: Row,
        outcome: Outcome,
        start: TrialState,
        more: dict[str, Any],
        once: Once | None = None,
    ) -> Trial:
        trial = trial_of(row)
        spec = self._revision(tx.conn, row.campaign, row.revision)
        check_kept(tx.conn, row.campaign, outcome.files)
        data = {
            "reason": outcome.message,
            **more,
            "from": start,
            "outcome": outcome.model_dump(mode="json"),
            "observations": results.accept(spec, trial.proposal, outcome),
            "over": results.overrun(trial.reserved, outcome),
        }
        kind = "completed" if outcome.status == "success" else "failed"
        ended = tx.move(f"trial.{kind}", trial.campaign, trial.id, data, once)
        return trial_of(ended)

    def _keep_late(self, claim: Claim, outcome: Outcome) -> None:
        trial_id, said = claim.trial.id, outcome.model_dump(mode="json")
        key = f"late:{trial_id}:{claim.token}:{content_hash(said)}"
        once = Once.of(key, "late")
        with self._write(claim.worker) as tx:
            given = sa.select(attempts).where(
                attempts.c.trial == trial_id,
                attempts.c.token == claim.token,
                attempts.c.worker == claim.worker,
            )
            # A claim that was never given out brings no result.
            if tx.conn.execute(given).first() is None or tx.earlier(once) is not None:
                return
            trial = self._trial(tx.conn, trial_id)
            spec = self._spec(tx.conn, trial.campaign)
            found = results.accept(spec, trial.proposal, outcome)
            data = {**_token(claim), "outcome": said, "observations": found}
            tx.append("result.unsolicited", trial.campaign, trial_id, data, once)

    def _safely(self, tx: Transaction) -> Callable[[Trial], bool]:
        def safe(trial: Trial) -> bool:
            source = self._spec(tx.conn, trial.campaign).sources[trial.proposal.source]
            return not source.is_physical

        return safe


def _check_ticked(row: Row, items: Sequence[str], ticked: Sequence[str]) -> None:
    if unknown := [item for item in ticked if item not in items]:
        raise SpecError(
            f"{unknown[0]!r} is not on the checklist of source {row.source!r}; on it "
            f"stand: {'; '.join(items) or 'nothing'}"
        )
    if missing := [item for item in items if item not in ticked]:
        raise SpecError(
            f"trial {row.id}: the checklist of source {row.source!r} is not complete; "
            f"confirm: {'; '.join(missing)}"
        )


def _claim_of(row: Row) -> Claim:
    return Claim(
        trial=trial_of(row),
        worker=row.worker,
        token=row.token,
        lease_until=row.lease_until,
    )


def _token(claim: Claim) -> dict[str, Any]:
    return {"token": claim.token, "worker": claim.worker}


def _until(tx: Transaction, lease_s: float) -> str:
    return (tx.at + timedelta(seconds=lease_s)).isoformat()


def _lease(tx: Transaction, row: Row, lease_s: float) -> dict[str, Any]:
    return {
        "worker": tx.actor,
        "token": row.token + 1,
        "lease_until": _until(tx, lease_s),
    }


def _is_answered(row: Row, claim: Claim, outcome: Outcome) -> bool:
    """Whether this very claim ended the trial with this very outcome."""
    mine = (row.token, row.worker) == (claim.token, claim.worker)
    if not mine or row.state not in (_S.COMPLETED, _S.FAILED):
        return False
    # As documents: an older version may have written fewer fields.
    if trial_of(row).outcome != outcome.model_copy(update={"attached": ()}):
        raise ConflictError(
            f"trial {row.id} is {row.state} with another outcome; a result is final: "
            "record a correction as a new trial or as imported history"
        )
    return True
