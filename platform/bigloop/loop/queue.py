"""What a worker needs of the store, here or behind a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bigloop.contracts import Claim, Outcome, Trial
from bigloop.db import Lapsed


class Queue(Protocol):
    """The store as a worker sees it; see `bigloop.db.claims.Claims` for each."""

    def take(
        self,
        worker: str,
        sources: Sequence[str] | None = None,
        lease_s: float = 60.0,
        campaign: str | None = None,
    ) -> Claim | None:
        """Claim and start the next trial; none when there is none."""
        ...

    def heartbeat(self, claim: Claim, lease_s: float = 60.0) -> Claim:
        """Prolong a lease from now."""
        ...

    def complete(self, claim: Claim, outcome: Outcome) -> Trial:
        """Hand in the outcome of a running trial."""
        ...

    def mark_unknown(self, claim: Claim, reason: str) -> Trial:
        """Give up a running trial of which nobody can tell what became."""
        ...

    def adopt(self, trial: str, worker: str, lease_s: float = 60.0) -> Claim:
        """Take over a running trial whose lease has lapsed."""
        ...

    def release_expired(self, *, actor: str = "bigloop") -> Lapsed:
        """Take back what lapsed claims hold, except what may not be run again."""
        ...
