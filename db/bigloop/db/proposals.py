"""Proposals in the store: reserving their cost, and what people decide of them."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import (
    Campaign,
    ConflictError,
    NotFoundError,
    Proposal,
    SpecError,
    Suggestion,
    Trial,
    TrialState,
    Verdict,
)
from bigloop.db.rows import Row, trial_of
from bigloop.db.session import Session
from bigloop.db.tables import trials
from bigloop.db.transaction import Once, Transaction, allow, require, unchanged

_S = TrialState
_BY_VERDICT = {
    "approve": _S.APPROVED,
    "ask": _S.AWAITING_APPROVAL,
    "refuse": _S.REJECTED,
}

_KNOWN = sa.select(trials).where(trials.c.id == sa.bindparam("trial"))


class Proposals(Session):
    """The part of the store that takes proposals in and lets people decide."""

    def propose(self, suggestion: Suggestion, verdict: Verdict, actor: str) -> Trial:
        """Record a proposal, reserve its cost, carry the verdict out: all or nothing.

        The same proposal again gives the trial that exists, unchanged. One beyond a
        limit is refused, whatever the verdict: the limit may be newer than the agent.

        Raises:
            BudgetError: the cost is above what is left in a currency.
            ConflictError: the number is not the next one (another loop proposes in this
                campaign), or the campaign has ended.
            SpecError: the source or the parameters are not the campaign's.
        """
        with self._write(actor) as tx:
            return trial_of(self._record(tx, suggestion, verdict))

    def approve(
        self,
        trial: str,
        actor: str,
        reason: str = "",
        *,
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Let a trial run that waits for a person, or stand behind it.

        Where several persons must agree, it goes on waiting until they do.

        Args:
            trial: its id, or a prefix.
            actor: who agrees.
            reason: why; the audit log keeps it.
            idempotency_key: the same key again changes nothing more.
            version: of the trial as the person saw it (`Trial.version`).

        Raises:
            ConflictError: it does not wait (any more), or waits for somebody else.
            ChangedError: it is no longer what the person saw.
        """
        once = Once.of(idempotency_key, "approve", trial, reason)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._trial_row(tx.conn, trial)
            unchanged(row, version)
            allow(row.id, row.state, "approve", *_STARTS[_S.APPROVED])
            agreed = _agreed(row, actor)
            data = {"reason": reason, "endorsed": agreed}
            if len(agreed) >= row.persons:
                return trial_of(self._move(tx, row, _S.APPROVED, **data, once=once))
            done_by = tx.move("trial.endorsed", row.campaign, row.id, data, once)
            return trial_of(done_by)

    def cancel(
        self,
        trial: str,
        actor: str,
        reason: str,
        *,
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Withdraw a trial that has not been dispatched; its reservation is released.

        A worker that holds a claim of it is told when it tries to start.

        Raises:
            ConflictError: it runs or has ended.
            ChangedError: it is no longer what the person saw.
            SpecError: no reason is given.
        """
        once = Once.of(idempotency_key, "cancel", trial, reason)
        reason = require("reason", reason)
        return self._decide(trial, _S.CANCELLED, actor, reason, once, version)

    def expire(
        self, trial: str, actor: str, reason: str = "not decided in time"
    ) -> Trial:
        """End a trial that nobody decided or claimed; its reservation is released.

        Raises:
            ConflictError: it is claimed, runs or has ended.
        """
        return self._decide(trial, _S.EXPIRED, actor, reason, None)

    def edit(
        self,
        trial: str,
        suggestion: Suggestion,
        verdict: Verdict,
        actor: str,
        reason: str,
        *,
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Cancel a trial and propose another in its place, with its budget.

        `replaces` of the new proposal is set here; its number is the next one. Who
        edits stands behind the new proposal, and keeps its place in the queue.

        Raises:
            ConflictError: the old trial is dispatched or has ended.
            ChangedError: it is no longer what the person saw.
            BudgetError: the new cost is above what is left and was reserved.
            SpecError: no reason is given, or the new proposal does not fit.
        """
        require("reason", reason)
        # Not its number: asked again, the next one may be another.
        said = suggestion.proposal.model_dump(mode="json", exclude={"number"})
        once = Once.of(idempotency_key, "edit", trial, said, reason)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            old = self._trial_row(tx.conn, trial)
            unchanged(old, version)
            allow(old.id, old.state, "edit", *_STARTS[_S.CANCELLED])
            new = suggestion.proposal.model_copy(update={"replaces": old.id})
            gone = f"edited: replaced by {new.id}"
            self._move(tx, old, _S.CANCELLED, reason=gone, note=reason)
            replacement = suggestion.model_copy(update={"proposal": new})
            campaign = self._campaign_row(tx.conn, new.campaign)
            entered = self._enter(tx, campaign, replacement, verdict, once, (actor,))
            return trial_of(_keep_place(tx, old, entered))

    def trial(self, trial: str) -> Trial:
        """A trial by its id, or by a prefix of it that fits one alone.

        Raises:
            NotFoundError: none fits, or several do (they are listed).
        """
        with self._read() as conn:
            return self._trial(conn, trial)

    def _decide(
        self,
        trial: str,
        to: TrialState,
        actor: str,
        reason: str,
        once: Once | None,
        version: int | None = None,
    ) -> Trial:
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._trial_row(tx.conn, trial)
            unchanged(row, version)
            allow(row.id, row.state, _VERBS[to], *_STARTS[to])
            return trial_of(self._move(tx, row, to, reason=reason, once=once))

    def _record(self, tx: Transaction, suggestion: Suggestion, verdict: Verdict) -> Row:
        """`propose` within a transaction."""
        proposal = suggestion.proposal
        campaign = self._campaign_row(tx.conn, proposal.campaign)
        if proposal.number != _following(campaign):
            row = tx.conn.execute(_KNOWN, {"trial": proposal.id}).first()
            if row is not None:
                return row
        return self._enter(tx, campaign, suggestion, verdict)

    def _enter(
        self,
        tx: Transaction,
        campaign: Row,
        suggestion: Suggestion,
        verdict: Verdict,
        once: Once | None = None,
        endorsed: tuple[str, ...] = (),
    ) -> Row:
        proposal = suggestion.proposal
        trial = proposal.id
        spec = self._spec_of(tx.conn, campaign)
        if campaign.status not in ("running", "paused"):
            raise ConflictError(
                f"campaign {spec.name!r} is {campaign.status}; resume it to propose"
            )
        _check_fits(spec, proposal)
        _check_number(campaign, proposal)
        if problem := spec.beyond_limit(proposal.design):
            if proposal.replaces is not None:
                raise ConflictError(f"{problem}; revoke it, or edit otherwise")
            # The agent asked before a person set it.
            verdict = Verdict(action="refuse", reason=problem)
        data: dict[str, Any] = suggestion.model_dump(mode="json")
        if verdict.action == "refuse":
            # What is refused anyway needs no budget.
            data["cost"] = {}
        tx.append("trial.proposed", spec.name, trial, data, once)
        to = _BY_VERDICT[verdict.action]
        decided: dict[str, Any] = {
            "from": _S.PROPOSED,
            "reason": verdict.reason,
            "who": verdict.who,
        }
        if to == _S.AWAITING_APPROVAL:
            decided |= {"persons": verdict.persons, "endorsed": list(endorsed)}
        return tx.move(f"trial.{to}", spec.name, trial, decided)


def _keep_place(tx: Transaction, old: Row, new: Row) -> Row:
    """Give an edit the priority and the hold of what it replaces."""
    if new.state not in _STARTS[_S.EXPIRED]:
        return new
    if old.rank:
        rank = {"priority": -old.rank}
        new = tx.move("trial.ranked", new.campaign, new.id, rank)
    if old.hold:
        hold = {"reason": old.hold}
        new = tx.move("trial.held", new.campaign, new.id, hold)
    return new


def _agreed(row: Row, actor: str) -> list[str]:
    """Who stands behind a trial once this person does too."""
    before: list[str] = json.loads(row.endorsed)
    agreed = before if actor in before else [*before, actor]
    if actor in before and len(agreed) < row.persons:
        raise ConflictError(
            f"trial {row.id} needs {row.persons} persons and {actor} stands behind it "
            "already; somebody else has to approve it"
        )
    return agreed


_VERBS = {
    _S.APPROVED: "approve",
    _S.CANCELLED: "cancel",
    _S.EXPIRED: "expire",
}
_STARTS = {
    _S.APPROVED: (_S.AWAITING_APPROVAL,),
    _S.CANCELLED: (_S.AWAITING_APPROVAL, _S.APPROVED, _S.CLAIMED),
    _S.EXPIRED: (_S.AWAITING_APPROVAL, _S.APPROVED),
}


def _check_fits(spec: Campaign, proposal: Proposal) -> None:
    if proposal.source not in spec.sources:
        raise NotFoundError(
            f"source {proposal.source!r} is not in campaign {spec.name!r}; there are "
            f"{', '.join(sorted(spec.sources))}"
        )
    if set(proposal.design) != set(spec.parameters):
        raise SpecError(
            f"design: it has {sorted(proposal.design)}, but needs exactly "
            f"the parameters {sorted(spec.parameters)}"
        )


def _following(campaign: Row) -> int:
    return 0 if campaign.last is None else int(campaign.last) + 1


def _check_number(campaign: Row, proposal: Proposal) -> None:
    following = _following(campaign)
    if proposal.number != following:
        raise ConflictError(
            f"proposal {proposal.number} of campaign {proposal.campaign!r}: the next "
            f"number is {following}; another loop proposed meanwhile: read the state "
            "again"
        )
