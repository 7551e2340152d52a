"""A worker of a laboratory far from the store: everything goes through a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from bigloop.api.client import Client
from bigloop.api.routes.artifacts import MOST_BYTES
from bigloop.contracts import (
    Attachment,
    Campaign,
    Capabilities,
    Claim,
    Executor,
    KeptFile,
    Outcome,
    ResultError,
    SpecError,
    StoreError,
    Trial,
)
from bigloop.db import Artifact, Lapsed
from bigloop.loop.filing import checked, kept
from bigloop.loop.handing_in import Result
from bigloop.loop.worker import Worker, worker_name

T = TypeVar("T")
AGAIN_S = 1.0
"""How long to wait before a server that does not answer is asked again [s]."""
STEP_S = 0.2


class RemoteQueue:
    """The store behind a server, as a worker sees it.

    A result is not given up because the server is away: it is sent until it arrives or
    somebody ends the worker.

    Args:
        client: of the server.
        stop: ends the waiting.
        note: told when the server is away.
    """

    def __init__(
        self, client: Client, stop: threading.Event, note: Callable[[str], None]
    ) -> None:
        self.client, self.stop, self.note = client, stop, note
        self.wanted: dict[str, str] = {}
        """Status of the campaign by trial, as its last heartbeat said."""

    def take(
        self,
        worker: str,
        sources: Sequence[str] | None = None,
        lease_s: float = 60.0,
        campaign: str | None = None,
    ) -> Claim | None:
        """Claim and start the next trial; none when there is none."""
        claim = self.client.claim(sources, campaign, worker=worker, lease_s=lease_s)
        return None if claim is None else self.client.start(claim)

    def heartbeat(self, claim: Claim, lease_s: float = 60.0) -> Claim:
        """Prolong a lease; says once when its campaign has been stopped meanwhile."""
        alive = self.client.heartbeat(claim, lease_s)
        trial = claim.trial.id
        if alive.status == "stopped" and self.wanted.get(trial) != "stopped":
            self.note(f"trial {trial}: its campaign is stopped; stop what can be")
        self.wanted[trial] = alive.status
        return alive.claim

    def complete(self, claim: Claim, outcome: Outcome) -> Trial:
        """Hand an outcome in, however long the server is away."""
        result = Result.model_validate(outcome.model_dump())
        return self._patiently(lambda: self.client.complete(claim, result))

    def keep(self, claim: Claim, given: Attachment) -> KeptFile:
        """Keep a file on the server, however long it is away."""
        checked(given, MOST_BYTES)
        campaign, trial = claim.trial.campaign, claim.trial.id
        name, kind = given.name, given.media_type

        def send() -> Artifact:
            return self.client.upload_bytes(
                campaign, given.content, name, trial, media_type=kind
            )

        try:
            return kept(given, self._patiently(send).sha256)
        except SpecError as error:
            raise ResultError(f"file {name!r}: the server says: {error}") from None

    def weights(self, campaign: str, model: str) -> bytes:
        """The file of a model version."""
        return self._patiently(lambda: self.client.model_file(campaign, model))

    def mark_unknown(self, claim: Claim, reason: str) -> Trial:
        """Give up a trial, however long the server is away."""
        return self._patiently(lambda: self.client.lose(claim, reason))

    def adopt(self, trial: str, worker: str, lease_s: float = 60.0) -> Claim:
        """Take over a running trial whose lease has lapsed."""
        return self.client.adopt(trial, worker=worker, lease_s=lease_s)

    def release_expired(self, *, actor: str = "bigloop") -> Lapsed:
        """Take back what silent workers hold."""
        return self.client.sweep()

    def _patiently(self, call: Callable[[], T]) -> T:
        while True:
            try:
                return call()
            except StoreError as error:
                self.note(f"a result waits for the server: {error}")
                if self.stop.wait(AGAIN_S):
                    raise


def work(
    client: Client,
    spec: Campaign,
    capabilities: Mapping[str, Capabilities],
    executor: Executor,
    stop: threading.Event,
    *,
    lease_s: float,
    is_once: bool = False,
    note: Callable[[str], None] = print,
) -> int:
    """Run trials of a campaign on the sources given; how many changes were made.

    Args:
        client: of the server; its token says in whose name.
        spec: of the campaign.
        capabilities: of each source that is served.
        executor: runs the requests.
        stop: ends the worker when what runs has ended.
        lease_s: how long the worker may be silent [s].
        is_once: whether to end as soon as there is nothing to do.
        note: told what a person should know.
    """
    queue = RemoteQueue(client, stop, note)
    worker = Worker(
        queue,
        spec,
        capabilities,
        executor,
        queue,
        name=worker_name("worker"),
        lease_s=lease_s,
        note=note,
    )
    n, is_away = 0, False
    try:
        while not stop.is_set() or worker.n_running:
            try:
                done = worker.step(STEP_S if worker.n_running else 0.0, stop.is_set())
            except StoreError as error:
                if stop.is_set():
                    raise
                if not is_away:
                    note(f"the server is away: {error}")
                is_away = True
                stop.wait(AGAIN_S)
                continue
            is_away = False
            n += done
            if not done and not worker.n_running:
                if is_once:
                    break
                stop.wait(STEP_S)
    finally:
        worker.abandon()
    return n
