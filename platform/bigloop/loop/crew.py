"""The worker of a loop in a thread of its own, and what it needs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bigloop.contracts import (
    BigloopError,
    Campaign,
    Capabilities,
    Executor,
    NotFoundError,
    SourceError,
    Stock,
    Suggestion,
    Trial,
    Verdict,
)
from bigloop.loop.in_process import InProcessExecutor
from bigloop.loop.on_ray import RayExecutor
from bigloop.loop.sources import Plan, check, plan, stock_of
from bigloop.loop.worker import Worker, worker_name
from bigloop.loop.workspace import Workspace

STEP_S = 0.05
"""How long the worker waits for results before it looks for new trials [s]."""
IDLE_S = 0.5
"""How long an idle worker waits before it looks again, when nobody wakes it [s]."""
TURN_S = 0.0005
"""After which a thread that computes lets another have its turn [s].

At Python's 5 ms, each of the worker's small steps between two trials waits that long
for the agent, which thinks at the same time: a free source idles for 20 ms.
"""


class Crew:
    """Sources of a campaign and the thread that works on them.

    Args:
        workspace: where the store is.
        campaign: the specification.
        base: folder that paths in the campaign are relative to.
        note: told what a person should know.
        is_idle: whether others do the work; then only the sources are checked.

    Raises:
        SpecError: a source does not fit the campaign.
        NotFoundError: a source's entry point does not exist.
    """

    def __init__(
        self,
        workspace: Workspace,
        campaign: Campaign,
        base: Path,
        note: Callable[[str], None],
        *,
        is_idle: bool = False,
    ) -> None:
        self.workspace, self.campaign, self.note = workspace, campaign, note
        journal = workspace.journal(campaign.name)
        self.plans: dict[str, Plan] = {
            name: plan(source, base, journal, campaign.seed)
            for name, source in campaign.sources.items()
        }
        self.capabilities: dict[str, Capabilities] = {}
        self.stock: tuple[Stock, ...] | None = None
        """What the source of the candidates can run; none for the whole space."""
        for name, made in self.plans.items():
            source = made.build()
            self.capabilities[name] = source.capabilities()
            check(campaign, name, self.capabilities[name])
            if name == campaign.candidates:
                self.stock = stock_of(campaign, source)
        self._is_idle = is_idle
        self._worker: Worker | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Event()
        self._wake = threading.Event()
        self._end = threading.Event()
        self._failure: BigloopError | None = None

    def start(self) -> None:
        """Start working."""
        if self._is_idle:
            return
        self._end.clear()
        sys.setswitchinterval(TURN_S)
        # Ray's processes end with the thread that started them, so not in the worker's.
        worker = self._worker = self.worker(worker_name("worker"))
        self._thread = threading.Thread(
            target=self._run, args=(worker,), name="worker", daemon=True
        )
        self._thread.start()

    def propose(self, suggestion: Suggestion, verdict: Verdict, actor: str) -> Trial:
        """Record a proposal; the worker, when it is idle, begins with the next trial.

        Raises:
            BigloopError: as `Store.propose`.
        """
        store = self.workspace.store
        with self._idle_worker() as worker:
            if worker is None:
                trial = store.propose(suggestion, verdict, actor)
            else:
                name, sources = worker.name, list(worker.capabilities)
                trial, claim = store.propose_and_take(
                    suggestion, verdict, actor, name, sources, worker.lease_s
                )
                if claim is not None:
                    worker.hand(claim)
        self._wake.set()
        return trial

    @contextmanager
    def _idle_worker(self) -> Iterator[Worker | None]:
        """The worker of this process, kept idle meanwhile; none when it is not."""
        if self._worker is None:
            yield None
            return
        with self._worker.idle() as is_idle:
            yield self._worker if is_idle else None

    def wait(self, timeout_s: float) -> None:
        """Wait until a trial has ended.

        Raises:
            BigloopError: the worker broke, and why.
        """
        if self._failure is not None:
            raise self._failure
        self._changed.wait(timeout_s)
        self._changed.clear()

    def finish(self) -> None:
        """Let what runs end, then stop the thread."""
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = self._worker = None

    def worker(self, name: str, sources: Sequence[str] | None = None) -> Worker:
        """A worker for some sources of the campaign, or for all."""
        settings = self.workspace.settings
        served = self.capabilities if sources is None else sources
        return Worker(
            self.workspace.store,
            self.campaign,
            {source: self.capabilities[source] for source in served},
            self._executor(),
            self.workspace.files,
            name=name,
            lease_s=settings.lease_s,
            changed=self._changed.set,
            note=self.note,
        )

    def _executor(self) -> Executor:
        settings = self.workspace.settings
        if settings.executor == "in-process":
            return InProcessExecutor(self.plans)
        capacity = {
            name: 1 if source.is_physical else source.capacity
            for name, source in self.campaign.sources.items()
        }
        address = settings.ray_address
        self.note(f"connecting to Ray at {address}" if address else "starting Ray")
        return RayExecutor(self.plans, capacity, address)

    def _run(self, worker: Worker) -> None:
        try:
            while not self._end.is_set() or worker.n_running:
                n = worker.step(STEP_S if worker.n_running else 0.0, self._end.is_set())
                if not worker.n_running:
                    # Most often the loop answers a result with the next claim.
                    self._wake.wait(STEP_S if n else IDLE_S)
                self._wake.clear()
        except BigloopError as error:
            self._failure = error
        except Exception as error:
            self._failure = SourceError(
                f"the worker broke: {type(error).__name__}: {error}"
            )
        finally:
            worker.abandon()
            self._changed.set()


def run_worker(
    workspace: Workspace,
    campaign: str,
    base: Path,
    stop: threading.Event,
    *,
    sources: Sequence[str] | None = None,
    is_once: bool = False,
    note: Callable[[str], None] = print,
) -> int:
    """Work for a campaign whose loop runs elsewhere; how many changes were made.

    Args:
        workspace: where the store is.
        campaign: its name in the store.
        base: folder that paths in the campaign are relative to.
        stop: ends the worker when what runs has ended.
        sources: to serve; none: all.
        is_once: whether to end as soon as there is nothing to do.
        note: told what a person should know.

    Raises:
        NotFoundError: no such campaign or source; lists those that exist.
    """
    spec = workspace.store.campaign(campaign)
    for name in sources or ():
        if name not in spec.sources:
            raise NotFoundError(
                f"source {name!r} is not in campaign {campaign!r}; there are "
                f"{', '.join(sorted(spec.sources))}"
            )
    crew = Crew(workspace, spec, base, note, is_idle=True)
    worker = crew.worker(worker_name("worker"), sources)
    n = 0
    try:
        while not stop.is_set() or worker.n_running:
            done = worker.step(STEP_S if worker.n_running else 0.0, stop.is_set())
            n += done
            if not done and not worker.n_running:
                if is_once:
                    break
                stop.wait(0.2)
    finally:
        worker.abandon()
    return n
