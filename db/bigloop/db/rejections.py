"""Rejections in the store: what a person refuses, and what it is about."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bigloop.contracts import (
    Because,
    Campaign,
    NotFoundError,
    SpecError,
    Trial,
    TrialState,
    limited,
)
from bigloop.db.rows import trial_of
from bigloop.db.session import Session
from bigloop.db.tables import trials
from bigloop.db.transaction import Once, Transaction, allow, require, unchanged

_S = TrialState


class Rejections(Session):
    """The part of the store in which people refuse proposals."""

    def reject(
        self,
        trial: str,
        actor: str,
        reason: str,
        *,
        because: str = "",
        limit: str = "",
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Refuse a trial that waits for a person; its reservation is released.

        Args:
            trial: its id, or a prefix.
            actor: who refuses.
            reason: why; the audit log keeps it.
            because: what the rejection is about (`Because`); agents learn from it.
                Empty: `limit` where there is one, else `once`.
            limit: a bound that the trial breaks, such as `C1 <= 6/hour`; it holds for
                all proposals from now on, as a revision of the campaign. What waits
                beyond it is withdrawn (`cancelled`), unless a person stands behind it.
            idempotency_key: the same key again changes nothing more.
            version: of the trial as the person saw it (`Trial.version`).

        Raises:
            ConflictError: it does not wait (any more).
            ChangedError: it is no longer what the person saw.
            SpecError: no reason is given, `because` is no such word, or the limit does
                not fit (`limited`).
        """
        said = _because(because, limit)
        # A key of before there was more to say means the same as ever.
        more = () if said is Because.ONCE else (said, limit)
        once = Once.of(idempotency_key, "reject", trial, reason, *more)
        reason = require("reason", reason)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._trial_row(tx.conn, trial)
            unchanged(row, version)
            allow(row.id, row.state, "reject", _S.AWAITING_APPROVAL)
            data: dict[str, Any] = {"reason": reason, "because": said}
            if said is not Because.LIMIT:
                return trial_of(self._move(tx, row, _S.REJECTED, **data, once=once))
            spec = self._spec(tx.conn, row.campaign)
            new = limited(spec, limit, trial_of(row).proposal, actor, reason)
            set_by = {"reason": reason, "trial": row.id, "limit": limit}
            self._revised(tx, new, set_by)
            rejected = self._move(tx, row, _S.REJECTED, **data, once=once)
            self._withdraw(tx, new)
            return trial_of(rejected)

    def revoke(
        self,
        campaign: str,
        limit: str,
        actor: str,
        reason: str,
        *,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """End a limit; what it excluded may be proposed again.

        The rejected trial stays rejected, as if for once.

        Raises:
            NotFoundError: there is no such campaign, or no such limit (any more).
            SpecError: no reason is given.
        """
        once = Once.of(idempotency_key, "revoke", campaign, limit, reason)
        reason = require("reason", reason)
        with self._write(actor) as tx:
            spec = self._spec(tx.conn, campaign)
            if tx.earlier(once) is not None:
                return spec
            if limit not in spec.limits:
                raise NotFoundError(
                    f"limit {limit!r} does not exist in campaign {campaign!r}; there "
                    f"are {', '.join(spec.limits) or 'none'}"
                )
            left = {name: item for name, item in spec.limits.items() if name != limit}
            new = spec.model_copy(update={"limits": left})
            self._revised(tx, new, {"reason": reason, "revoked": limit}, once)
            return new

    def _withdraw(self, tx: Transaction, spec: Campaign) -> None:
        """End what waits beyond a limit and nobody stands behind.

        Not as a rejection: when the limit is revoked, the same may be proposed again.
        """
        waits = sa.select(trials).where(
            trials.c.campaign == spec.name, trials.c.state == _S.AWAITING_APPROVAL
        )
        for row in tx.conn.execute(waits.order_by(trials.c.number)).all():
            found = trial_of(row)
            problem = spec.beyond_limit(found.proposal.design)
            if problem and not found.endorsed:
                self._move(tx, row, _S.CANCELLED, reason=f"withdrawn: {problem}")

    def _revised(
        self,
        tx: Transaction,
        spec: Campaign,
        said: dict[str, Any],
        once: Once | None = None,
    ) -> None:
        number = self._campaign_row(tx.conn, spec.name).revision + 1
        data = {"spec": spec.model_dump(mode="json"), "revision": number, **said}
        tx.append("campaign.revised", spec.name, spec.name, data, once)


def _because(word: str, limit: str) -> Because:
    word = word or (Because.LIMIT if limit else Because.ONCE)
    if word not in list(Because):
        raise SpecError(f"because {word[:80]!r}: write one of {', '.join(Because)}")
    if (word == Because.LIMIT) != bool(limit.strip()):
        raise SpecError(
            f"because {word!r} and limit {limit[:80]!r} do not go together; give "
            "a limit with because 'limit', and with nothing else"
        )
    return Because(word)
