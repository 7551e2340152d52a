"""Many runs, in this process or in several of one thread each."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigloop.bench.problem import Problem, load
from bigloop.bench.run import Run, StoppedError, run
from bigloop.contracts import SourceError

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_POLL_S = 0.2
# What a worker process keeps: whether to stop, and the problems that it has read.
_worker: dict[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run to make; the problem is read from its document where it is run."""

    path: Path
    method: str
    seed: int


def perform(
    tasks: Sequence[Task],
    problems: dict[Path, Problem],
    n_processes: int,
    is_stopping: Callable[[], bool],
) -> Iterator[Run]:
    """The runs as they finish; ends early when `is_stopping` says so.

    Raises:
        SourceError: a worker process died.
    """
    if n_processes > 1 and len(tasks) > 1:
        yield from _in_processes(tasks, n_processes, is_stopping)
        return
    for task in tasks:
        try:
            yield run(problems[task.path], task.method, task.seed, is_stopping)
        except StoppedError:
            return


def _in_processes(
    tasks: Sequence[Task], n_processes: int, is_stopping: Callable[[], bool]
) -> Iterator[Run]:
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    context = get_context("spawn")
    flag = context.Event()
    before = {name: os.environ.get(name) for name in _THREADS}
    # Children read it when they load their libraries, before any code of ours runs.
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        with ProcessPoolExecutor(
            min(n_processes, len(tasks)), context, _begin, (flag,)
        ) as pool:
            running = {pool.submit(_perform, task) for task in tasks}
            while running:
                if is_stopping() and not flag.is_set():
                    flag.set()
                    running = {future for future in running if not future.cancel()}
                done, running = wait(running, _POLL_S, FIRST_COMPLETED)
                yield from _kept(done)
    except BrokenProcessPool as error:
        raise SourceError(
            f"a process of the benchmark died ({error}); the same command goes on"
        ) from error
    finally:
        flag.set()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _kept(done: set[Future[Run | None]]) -> Iterator[Run]:
    for future in done:
        found = future.result()
        if found is not None:
            yield found


def _begin(flag: Any) -> None:
    """Ctrl-C is for the parent, which sets the flag; a child ends with its parent."""
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker["flag"] = flag
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _perform(task: Task) -> Run | None:
    problems: dict[Path, Problem] = _worker.setdefault("problems", {})
    if task.path not in problems:
        problems[task.path] = load(task.path)
    try:
        return run(problems[task.path], task.method, task.seed, _worker["flag"].is_set)
    except StoppedError:
        return None
