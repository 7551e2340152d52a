"""Proposals in the store: reserving their cost, and what people decide of them."""

from __future__ import annotations

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
from bigloop.db.transaction import Once, Transaction, allow, require

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

        The same proposal again gives the trial that exists, unchanged.

        Raises:
            BudgetError: the cost is above what is left in a currency.
            ConflictError: the number is not the next one (another loop proposes in this
                campaign), or the campaign has ended.
            SpecError: the source or the parameters are not the campaign's.
        """
        proposal = suggestion.proposal
        with self._write(actor) as tx:
            campaign = self._campaign_row(tx.conn, proposal.campaign)
            if proposal.number != _following(campaign):
                row = tx.conn.execute(_KNOWN, {"trial": proposal.id}).first()
                if row is not None:
                    return trial_of(row)
            return trial_of(self._enter(tx, campaign, suggestion, verdict))

    def approve(
        self,
        trial: str,
        actor: str,
        reason: str = "",
        *,
        idempotency_key: str | None = None,
    ) -> Trial:
        """Let a trial run that waits for a person.

        Raises:
            ConflictError: it does not wait (any more).
        """
        once = Once.of(idempotency_key, "approve", trial, reason)
        return self._decide(trial, _S.APPROVED, actor, reason, once)

    def reject(
        self,
        trial: str,
        actor: str,
        reason: str,
        *,
        idempotency_key: str | None = None,
    ) -> Trial:
        """Refuse a trial that waits for a person; its reservation is released.

        Raises:
            ConflictError: it does not wait (any more).
            SpecError: no reason is given.
        """
        once = Once.of(idempotency_key, "reject", trial, reason)
        reason = require("reason", reason)
        return self._decide(trial, _S.REJECTED, actor, reason, once)

    def cancel(
        self,
        trial: str,
        actor: str,
        reason: str,
        *,
        idempotency_key: str | None = None,
    ) -> Trial:
        """Withdraw a trial that has not been dispatched; its reservation is released.

        A worker that holds a claim of it is told when it tries to start.

        Raises:
            ConflictError: it runs or has ended.
            SpecError: no reason is given.
        """
        once = Once.of(idempotency_key, "cancel", trial, reason)
        reason = require("reason", reason)
        return self._decide(trial, _S.CANCELLED, actor, reason, once)

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
    ) -> Trial:
        """Cancel a trial and propose another in its place, with its budget.

        `replaces` of the new proposal is set here; its number is the next one.

        Raises:
            ConflictError: the old trial is dispatched or has ended.
            BudgetError: the new cost is above what is left and was reserved.
            SpecError: no reason is given, or the new proposal does not fit.
        """
        require("reason", reason)
        said = (suggestion.model_dump(mode="json"), verdict.model_dump(), reason)
        once = Once.of(idempotency_key, "edit", trial, *said)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            old = self._trial_row(tx.conn, trial)
            allow(old.id, old.state, "edit", *_STARTS[_S.CANCELLED])
            new = suggestion.proposal.model_copy(update={"replaces": old.id})
            gone = f"edited: replaced by {new.id}"
            self._move(tx, old, _S.CANCELLED, reason=gone, note=reason)
            replacement = suggestion.model_copy(update={"proposal": new})
            campaign = self._campaign_row(tx.conn, new.campaign)
            return trial_of(self._enter(tx, campaign, replacement, verdict, once))

    def trial(self, trial: str) -> Trial:
        """A trial by its id, or by a prefix of it that fits one alone.

        Raises:
            NotFoundError: none fits, or several do (they are listed).
        """
        with self._read() as conn:
            return self._trial(conn, trial)

    def _decide(
        self, trial: str, to: TrialState, actor: str, reason: str, once: Once | None
    ) -> Trial:
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._trial_row(tx.conn, trial)
            allow(row.id, row.state, _VERBS[to], *_STARTS[to])
            return trial_of(self._move(tx, row, to, reason=reason, once=once))

    def _enter(
        self,
        tx: Transaction,
        campaign: Row,
        suggestion: Suggestion,
        verdict: Verdict,
        once: Once | None = None,
    ) -> Row:
        proposal = suggestion.proposal
        spec = self._spec_of(tx.conn, campaign)
        if campaign.status not in ("running", "paused"):
            raise ConflictError(
                f"campaign {spec.name!r} is {campaign.status}; resume it to propose"
            )
        _check_fits(spec, proposal)
        _check_number(campaign, proposal)
        data: dict[str, Any] = suggestion.model_dump(mode="json")
        if verdict.action == "refuse":
            # What is refused anyway needs no budget.
            data["cost"] = {}
        tx.append("trial.proposed", spec.name, proposal.id, data, once)
        to = _BY_VERDICT[verdict.action]
        decided = {"from": _S.PROPOSED, "reason": verdict.reason, "who": verdict.who}
        return tx.move(f"trial.{to}", spec.name, proposal.id, decided)


_VERBS = {
    _S.APPROVED: "approve",
    _S.REJECTED: "reject",
    _S.CANCELLED: "cancel",
    _S.EXPIRED: "expire",
}
_STARTS = {
    _S.APPROVED: (_S.AWAITING_APPROVAL,),
    _S.REJECTED: (_S.AWAITING_APPROVAL,),
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
