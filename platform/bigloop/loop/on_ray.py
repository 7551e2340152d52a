"""Running requests in Ray actors, each a thin wrapper of a plain source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigloop.contracts import Outcome, Request, Simulator, SourceError
from bigloop.loop.cluster import connect
from bigloop.loop.in_process import Answer, Questions, answered, recovered
from bigloop.loop.sources import Plan


class SourceActor:
    """A source in a process of its own; built once, asked one thing at a time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._source: Simulator | None = None

    def ask(self, kind: str, request: Request, weights: bytes = b"") -> Answer:
        """The outcome of `evaluate`, or what `recover` knows."""
        if weights:
            request = request.model_copy(update={"weights": weights})
        return answered(lambda: self._ask(kind, request))

    def _ask(self, kind: str, request: Request) -> Outcome | None:
        if self._source is None:
            self._source = self._plan.build()
        if kind == "recover":
            return recovered(self._source, request)
        return self._source.evaluate(request)


class RayExecutor:
    """Actors on a Ray cluster: one for a laboratory, the capacity for a simulator.

    Ray is compute, never the record: no task is retried by Ray, and an actor that died
    is replaced when the next request comes.

    Args:
        plans: how to build each source.
        capacity: how many actors each source may have; laboratories have one, which
            keeps their requests in order.
        address: of a cluster; empty: a local one.
    """

    def __init__(
        self, plans: Mapping[str, Plan], capacity: Mapping[str, int], address: str = ""
    ) -> None:
        self._ray = connect(address)
        self._plans = dict(plans)
        self._capacity = dict(capacity)
        self._actors: dict[tuple[str, int], Any] = {}
        self._sent: tuple[str | None, Any] = None, None
        self._running: dict[Any, tuple[str, tuple[str, int], Any]] = {}
        self._questions = Questions()

    def submit(self, source: str, request: Request) -> None:
        """Send a request to the least busy actor of the source."""
        self._send(source, "evaluate", request)

    def recover(self, source: str, request: Request) -> None:
        """Ask the laboratory's actor what became of a request."""
        self._send(source, "recover", request)

    def wait(self, timeout_s: float) -> dict[str, Answer]:
        """What came in, waiting up to the timeout for the first."""
        if not self._running:
            return {}
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=timeout_s)
        rest = [ref for ref in self._running if ref not in ready]
        if ready and rest:
            more, _ = self._ray.wait(rest, num_returns=len(rest), timeout=0)
            ready = [*ready, *more]
        return self._questions.close((ref, *self._collect(ref)) for ref in ready)

    def close(self) -> None:
        """Kill the actors."""
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._actors.clear()
        self._running.clear()

    def _send(self, source: str, kind: str, request: Request) -> None:
        slot = self._slot(source)
        actor = self._actor(source, slot)
        ref = actor.ask.remote(kind, *self._parts(request))
        self._running[ref] = (request.trial, slot, actor)
        self._questions.add(ref, request.trial)
        if slot[1] + 1 < self._capacity[source]:
            # A process takes a second to start: the next one is there when it is asked.
            self._actor(source, (slot[0], slot[1] + 1))

    def _actor(self, source: str, slot: tuple[str, int]) -> Any:
        """The actor of a slot, started if there is none."""
        if slot not in self._actors:
            remote = self._ray.remote(SourceActor)
            options = remote.options(max_restarts=0, max_task_retries=0, num_cpus=0)
            self._actors[slot] = options.remote(self._plans[source])
        return self._actors[slot]

    def _parts(self, request: Request) -> tuple[Any, ...]:
        """A request, and its weights as an object that is sent to each node once."""
        if not request.weights:
            return (request,)
        if self._sent[0] != request.model:
            self._sent = request.model, self._ray.put(request.weights)
        return request.model_copy(update={"weights": b""}), self._sent[1]

    def _slot(self, source: str) -> tuple[str, int]:
        """The actor to ask: sources of one plan share their actors."""
        key = str(self._plans[source])
        busy = [0] * self._capacity[source]
        for _, (name, index), _ in self._running.values():
            if name == key and index < len(busy):
                busy[index] += 1
        return key, busy.index(min(busy))

    def _collect(self, ref: Any) -> tuple[str, Answer]:
        trial, slot, actor = self._running.pop(ref)
        try:
            answer: Answer = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            self._drop(slot, actor)
            name = type(error).__name__
            answer = SourceError(f"the Ray actor of {slot[0][:60]} died ({name})")
        return trial, answer

    def _drop(self, slot: tuple[str, int], actor: Any) -> None:
        """Make sure that an actor is dead, and replaced by the next request.

        All its requests fail, one after the other: by the second one, its place may
        have been taken. Two actors of one laboratory would break the order of requests.
        """
        self._ray.kill(actor)
        if self._actors.get(slot) is actor:
            del self._actors[slot]
