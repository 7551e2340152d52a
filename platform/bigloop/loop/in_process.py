"""Running requests in threads of this process."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

from bigloop.contracts import (
    BigloopError,
    Laboratory,
    Outcome,
    Request,
    Simulator,
    SourceError,
)
from bigloop.loop.sources import Plan

Answer = Outcome | SourceError | None


class InProcessExecutor:
    """One thread per source: requests to a source run one after the other.

    A source is built when it is first asked, in its own thread.
    """

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self._plans = dict(plans)
        self._built: dict[str, Simulator] = {}
        self._lock = Lock()
        self._answers: queue.SimpleQueue[tuple[object, str, Answer]] = (
            queue.SimpleQueue()
        )
        self._questions = Questions()
        # Sources of one plan share the object, and so its thread.
        pools = {str(p): ThreadPoolExecutor(1, "source") for p in self._plans.values()}
        self._pools = {name: pools[str(p)] for name, p in self._plans.items()}

    def submit(self, source: str, request: Request) -> None:
        """Queue a request."""
        self._queue(source, request, lambda s: s.evaluate(request))

    def recover(self, source: str, request: Request) -> None:
        """Queue the question what became of a request."""
        self._queue(source, request, lambda s: recovered(s, request))

    def wait(self, timeout_s: float) -> dict[str, Answer]:
        """What came in, waiting up to the timeout for the first."""
        found: list[tuple[object, str, Answer]] = []
        with suppress(queue.Empty):
            found.append(self._answers.get(timeout=timeout_s))
            while True:
                found.append(self._answers.get_nowait())
        return self._questions.close(found)

    def close(self) -> None:
        """Drop what is queued; a running evaluation ends by itself."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _queue(
        self, source: str, request: Request, ask: Callable[[Simulator], Answer]
    ) -> None:
        question = object()
        self._questions.add(question, request.trial)
        self._pools[source].submit(self._run, question, source, request, ask)

    def _run(
        self,
        question: object,
        source: str,
        request: Request,
        ask: Callable[[Simulator], Answer],
    ) -> None:
        answer = answered(lambda: ask(self._source(source)))
        self._answers.put((question, request.trial, answer))

    def _source(self, name: str) -> Simulator:
        plan = self._plans[name]
        with self._lock:
            if str(plan) not in self._built:
                self._built[str(plan)] = plan.build()
            return self._built[str(plan)]


class Questions:
    """Which question about each trial is the newest, of those that are open.

    A lease that lapsed and a process that died may both have asked about one trial. Of
    two answers that it was never begun the older says nothing: it has been begun since.
    An outcome is one whoever asked.
    """

    def __init__(self) -> None:
        self._newest: dict[str, object] = {}

    def add(self, question: object, trial: str) -> None:
        """A question was asked about a trial."""
        self._newest[trial] = question

    def close(self, answers: Iterable[tuple[object, str, Answer]]) -> dict[str, Answer]:
        """What came in, by trial: of a question, its trial and the answer."""
        found: dict[str, Answer] = {}
        for question, trial, answer in answers:
            is_newest = self._newest.get(trial) == question
            if is_newest:
                del self._newest[trial]
            if isinstance(answer, Outcome) or (is_newest and trial not in found):
                found[trial] = answer
        return found


def recovered(source: Simulator, request: Request) -> Outcome | None:
    """What a laboratory says of a dispatch; a simulation was never started for good."""
    if isinstance(source, Laboratory):
        return source.recover(request)
    return None


def answered(ask: Callable[[], Answer]) -> Answer:
    """The answer of a source; what it raises becomes one line that names it."""
    try:
        return ask()
    except SourceError as error:
        return error
    except BigloopError as error:
        return SourceError(str(error))
    except Exception as error:
        return SourceError(f"the source broke: {type(error).__name__}: {error}")
