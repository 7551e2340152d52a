"""Rejections in the store: what a person refuses, and what it is about."""

from __future__ import annotations

from typing import Any

from bigloop.contracts import Because, SpecError, Trial, TrialState
from bigloop.db.proposals import STARTS
from bigloop.db.rows import trial_of
from bigloop.db.session import Session
from bigloop.db.transaction import Once, allow, require, unchanged


class Rejections(Session):
    """The part of the store in which people refuse proposals."""

    def reject(
        self,
        trial: str,
        actor: str,
        reason: str,
        *,
        because: str = Because.ONCE,
        idempotency_key: str | None = None,
        version: int | None = None,
    ) -> Trial:
        """Refuse a trial that waits for a person; its reservation is released.

        Args:
            trial: its id, or a prefix.
            actor: who refuses.
            reason: why; the audit log keeps it.
            because: what the rejection is about (`Because`); agents learn from it.
            idempotency_key: the same key again changes nothing more.
            version: of the trial as the person saw it (`Trial.version`).

        Raises:
            ConflictError: it does not wait (any more).
            ChangedError: it is no longer what the person saw.
            SpecError: no reason is given, or `because` is no such word.
        """
        said = _because(because)
        # A key of before there was more to say means the same as ever.
        more = () if said is Because.ONCE else (said,)
        once = Once.of(idempotency_key, "reject", trial, reason, *more)
        reason = require("reason", reason)
        with self._write(actor) as tx:
            if (done := tx.earlier(once)) is not None:
                return self._trial(tx.conn, done)
            row = self._trial_row(tx.conn, trial)
            unchanged(row, version)
            allow(row.id, row.state, "reject", *STARTS[TrialState.REJECTED])
            data: dict[str, Any] = {"reason": reason, "because": said}
            return trial_of(self._move(tx, row, TrialState.REJECTED, **data, once=once))


def _because(word: str) -> Because:
    try:
        return Because(word)
    except ValueError:
        raise SpecError(
            f"because {word[:80]!r}: write one of {', '.join(Because)}"
        ) from None
