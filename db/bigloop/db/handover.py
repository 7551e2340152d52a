"""A proposal and the next claim at once, for a loop that sits beside an idle worker."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.contracts import Claim, Suggestion, Trial, Verdict
from bigloop.db.claims import Claims
from bigloop.db.proposals import Proposals
from bigloop.db.rows import trial_of
from bigloop.db.transaction import require


class Handover(Proposals, Claims):
    """The part of the store that takes a proposal in and hands a trial out."""

    def propose_and_take(
        self,
        suggestion: Suggestion,
        verdict: Verdict,
        actor: str,
        worker: str,
        sources: Sequence[str] | None = None,
        lease_s: float = 60.0,
    ) -> tuple[Trial, Claim | None]:
        """`propose`, then `take` in the same campaign: one transaction, all or nothing.

        What is claimed is the next trial in the queue, which need not be this one.

        Args:
            suggestion: what to propose.
            verdict: of the policy.
            actor: who proposes.
            worker: who is idle; the events of the claim are in its name.
            sources: that it serves; none: all.
            lease_s: how long it may be silent [s].

        Returns:
            The trial as `propose` gives it, and the claim, if there was one.

        Raises:
            BudgetError: as `propose`; then nothing is claimed, either.
            ConflictError: as `propose`.
            SpecError: as `propose`.
        """
        with self._write(actor) as tx:
            trial = trial_of(self._record(tx, suggestion, verdict))
            tx.actor = require("worker", worker)
            return trial, self._take(tx, sources, lease_s, trial.campaign)
