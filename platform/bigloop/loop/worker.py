"""A worker: claims trials, has them run, hands their results in."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from bigloop.contracts import (
    BigloopError,
    Campaign,
    Capabilities,
    Claim,
    ConflictError,
    Executor,
    Outcome,
    Request,
    ResultError,
    SourceError,
    StaleClaimError,
)
from bigloop.contracts.documents import FailureClass
from bigloop.loop.filing import Files, filed
from bigloop.loop.queue import Queue
from bigloop.loop.sources import broken, request, settle

RECOVER_S = 0.5
"""How often a worker looks for trials of others that lapsed [s]."""
TRIES = 3
"""How often a simulation is started whose machinery breaks."""


def worker_name(role: str) -> str:
    """A name that no other worker has: host, process, role."""
    return f"{role}@{socket.gethostname()}:{os.getpid()}"


@dataclass(slots=True, kw_only=True)
class _Job:
    claim: Claim
    tries: int = 1
    beat_at: float = field(default_factory=time.monotonic)


class Worker:
    """Runs the trials of one campaign, several at a time, from one thread.

    Nothing here is needed to resume: what was dispatched stands in the store, what a
    laboratory did stands in its journal.

    Args:
        store: the only truth.
        campaign: the specification.
        capabilities: of each source that this worker serves.
        executor: runs the requests.
        files: where files of outcomes go, and weights of models are.
        name: of the worker.
        lease_s: how long it may be silent [s].
        changed: called after every change in the store.
        note: told what a person should know.
    """

    def __init__(
        self,
        store: Queue,
        campaign: Campaign,
        capabilities: Mapping[str, Capabilities],
        executor: Executor,
        files: Files,
        *,
        name: str,
        lease_s: float,
        changed: Callable[[], None] = lambda: None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.store, self.campaign, self.name = store, campaign, name
        self.capabilities = dict(capabilities)
        self.executor, self.files = executor, files
        self.lease_s = lease_s
        self.changed, self.note = changed, note
        self._jobs: dict[str, _Job] = {}
        self._handed: deque[Claim] = deque()
        self._claiming = threading.Lock()
        self._recover_at = 0.0
        self._weights = "", b""

    @property
    def n_running(self) -> int:
        """Trials in hand."""
        return len(self._jobs) + len(self._handed)

    @contextmanager
    def idle(self) -> Iterator[bool]:
        """Whether nothing is in hand; it claims nothing until the context is left."""
        with self._claiming:
            yield not self.n_running

    def hand(self, claim: Claim) -> None:
        """Give the worker a claim in its name, to be dispatched in its next step."""
        self._handed.append(claim)

    def step(self, wait_s: float, is_stopping: bool = False) -> int:
        """Take what is free, wait for results, hand them in; how many changes.

        Whoever came back with a result gets its next trial first, where trials are
        proposed ahead: it works while the result is handed in.
        """
        n = self._begin_handed()
        n += 0 if is_stopping else self._recover() + self._take()
        answers = self.executor.wait(wait_s)
        back = {t for t, answer in answers.items() if isinstance(answer, Outcome)}
        if back and self.campaign.ahead and not is_stopping:
            n += self._take(back)
        for trial, answer in answers.items():
            n += self._answer(trial, answer)
        self._beat()
        return n

    def abandon(self) -> None:
        """Forget what is in hand; leases run out, and another worker recovers."""
        self._jobs.clear()
        self._handed.clear()
        self.executor.close()

    def _begin_handed(self) -> int:
        n = 0
        while self._handed:
            # Never in neither place: `idle` counts both.
            job = self._held(self._handed[0])
            self._handed.popleft()
            self._dispatch(job, self.executor.submit)
            n += 1
        return n

    def _held(self, claim: Claim) -> _Job:
        job = self._jobs[claim.trial.id] = _Job(claim=claim)
        return job

    def _take(self, back: Collection[str] = ()) -> int:
        """Claim and dispatch; trials that are `back` keep nobody busy any more."""
        n = 0
        while job := self._claim(back):
            self._dispatch(job, self.executor.submit)
            n += 1
        return n

    def _claim(self, back: Collection[str]) -> _Job | None:
        with self._claiming:
            free = self._free(back)
            if not free:
                return None
            claim = self.store.take(self.name, free, self.lease_s, self.campaign.name)
            return None if claim is None else self._held(claim)

    def _free(self, back: Collection[str]) -> list[str]:
        busy = dict.fromkeys(self.capabilities, 0)
        for trial, job in self._jobs.items():
            busy[job.claim.trial.proposal.source] += trial not in back
        return [s for s, n in busy.items() if n < self.campaign.sources[s].capacity]

    def _dispatch(self, job: _Job, send: Callable[..., None]) -> None:
        try:
            sent = self._request(job.claim)
        except BigloopError as error:
            # Nobody can answer in the name of a model that is gone.
            self._complete(job, broken(SourceError(str(error))))
            return
        send(job.claim.trial.proposal.source, sent)

    def _request(self, claim: Claim) -> Request:
        """What to ask the source, with the weights of the model that is to answer."""
        trial, model = claim.trial, claim.trial.proposal.model
        known = self.capabilities[trial.proposal.source]
        sent = request(self.campaign, trial, known)
        if model is None:
            return sent
        if self._weights[0] != model:
            self._weights = model, self.files.weights(trial.campaign, model)
        return sent.model_copy(update={"weights": self._weights[1]})

    def _recover(self) -> int:
        """Take over trials whose worker fell silent, oldest first."""
        now = time.monotonic()
        if now < self._recover_at:
            return 0
        self._recover_at = now + RECOVER_S
        lapsed = self.store.release_expired(actor=self.name)
        n = len(lapsed.approved)
        for trial in lapsed.stuck:
            mine = trial.campaign == self.campaign.name
            if not mine or trial.proposal.source not in self.capabilities:
                continue
            try:
                claim = self.store.adopt(trial.id, self.name, self.lease_s)
            except ConflictError:
                continue
            self._dispatch(self._held(claim), self.executor.recover)
            n += 1
        return n

    def _answer(self, trial: str, answer: Outcome | SourceError | None) -> int:
        job = self._jobs.get(trial)
        if job is None:
            return 0
        if isinstance(answer, Outcome):
            return self._complete(job, answer)
        source = job.claim.trial.proposal.source
        if answer is None:
            # A laboratory that never began it: now it may.
            self.executor.submit(source, self._request(job.claim))
            return 0
        job.tries += 1
        is_physical = self.campaign.sources[source].is_physical
        if job.tries > TRIES:
            if is_physical:
                return self._give_up(job, str(answer))
            return self._complete(job, broken(answer))
        self.note(f"{source}: {answer}; try {job.tries} of {TRIES}")
        again = self.executor.recover if is_physical else self.executor.submit
        again(source, self._request(job.claim))
        return 0

    def _complete(self, job: _Job, outcome: Outcome) -> int:
        trial = job.claim.trial
        del self._jobs[trial.id]
        source = trial.proposal.source
        # Files first: killed in between, the trial runs again and gives them again.
        outcome = filed(outcome, partial(self.files.keep, job.claim), self.note)
        try:
            found = settle(
                self.campaign, trial.proposal, outcome, self.capabilities[source]
            )
            self.store.complete(job.claim, found)
        except StaleClaimError as error:
            self.note(f"trial {trial.id}: late result kept as unsolicited: {error}")
        except ResultError as error:
            refused = found.model_copy(
                update={
                    "status": "failure",
                    "failure": FailureClass.QUALITY,
                    "message": f"result refused: {error}",
                    "measurements": (),
                    "provenance": {
                        **found.provenance,
                        "refused": [m.model_dump() for m in found.measurements],
                    },
                }
            )
            self.note(f"trial {trial.id}: {error}")
            self.store.complete(job.claim, refused)
        self.changed()
        return 1

    def _give_up(self, job: _Job, reason: str) -> int:
        del self._jobs[job.claim.trial.id]
        self.store.mark_unknown(job.claim, reason)
        self.note(f"trial {job.claim.trial.id} is unknown, a person decides: {reason}")
        self.changed()
        return 1

    def _beat(self) -> None:
        now = time.monotonic()
        for job in list(self._jobs.values()):
            if now - job.beat_at < self.lease_s / 3:
                continue
            try:
                job.claim = self.store.heartbeat(job.claim, self.lease_s)
                job.beat_at = now
            except StaleClaimError as error:
                del self._jobs[job.claim.trial.id]
                self.note(f"lost trial {job.claim.trial.id}: {error}")
