"""Aborting a campaign: nothing new, and nothing that has not begun."""

from __future__ import annotations

from dataclasses import dataclass

from bigloop.contracts import ConflictError, TrialState
from bigloop.db import Store

_S = TrialState
_NOT_BEGUN = (_S.AWAITING_APPROVAL, _S.APPROVED, _S.CLAIMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborted:
    """What an abort did.

    Attributes:
        cancelled: trials that were withdrawn.
        running: trials that run and cannot be called back from here.
    """

    cancelled: tuple[str, ...]
    running: tuple[str, ...]


def abort(store: Store, campaign: str, actor: str, reason: str) -> Aborted:
    """Stop a campaign and cancel everything that has not been started.

    What runs is not interrupted: it ends, and is recorded. Aborting twice is no error.

    Raises:
        NotFoundError: there is no such campaign.
        SpecError: no reason is given.
    """
    store.set_status(campaign, "stopped", f"aborted: {reason}", actor)
    cancelled = [
        trial.id
        for trial in store.trials(campaign, _NOT_BEGUN)
        if _cancel(store, trial.id, actor, reason)
    ]
    running = [trial.id for trial in store.trials(campaign, [_S.RUNNING])]
    return Aborted(cancelled=tuple(cancelled), running=tuple(running))


def _cancel(store: Store, trial: str, actor: str, reason: str) -> bool:
    try:
        store.cancel(trial, actor, f"campaign aborted: {reason}")
    except ConflictError:
        # A worker was faster: it runs, and is told of as running.
        return False
    return True
