"""One run: one method on one problem with one seed, until the budget is used."""

from __future__ import annotations

import math
import random
import time
import warnings
from collections.abc import Callable
from dataclasses import replace

from pydantic import Field

from bigloop.bench.methods import Asked, Brief, Method, build, version_of
from bigloop.bench.problem import Problem, Sampler, Value, campaign
from bigloop.contracts import Design, Document, content_hash

PROTOCOL = 1
"""Raised when runs of an older bench can no longer stand beside newer ones."""


class Run(Document):
    """What became of one run; one line of the journal.

    `cost`, `source` and `regret` have one entry a result; `core_s` one an ask.
    """

    key: str
    """Hash of the problem, the method with its version, and the seed."""
    benchmark: str
    method: str
    version: str
    seed: int
    cost: tuple[float, ...] = ()
    """Spent up to and including the result [currency]."""
    source: tuple[str, ...] = ()
    regret: tuple[float | None, ...] = ()
    """Of the best design that the target has measured so far; none before the first."""
    core_s: tuple[float, ...] = ()
    """Processor time of each ask, the telling before it included [s]."""
    n_predicted: int = Field(default=0, ge=0)
    """Results of the target of which the method had stated a 90 % interval."""
    n_inside: int = Field(default=0, ge=0)
    recommended: float | None = None
    """Regret of what the method recommends at the end."""
    seconds: float = Field(default=0.0, ge=0)
    """Wall time of the whole run."""
    error: str = ""
    """Why the method broke down; such a run is tried again."""


class StoppedError(Exception):
    """Somebody asked to end; the run is not kept."""


def key_of(problem: Problem, method: str, seed: int) -> str:
    """Under which a run is found again: equal content, equal key."""
    parts = [PROTOCOL, problem.content, method, version_of(method), seed]
    return content_hash(parts)[:24]


def run(
    problem: Problem,
    method: str,
    seed: int,
    is_stopping: Callable[[], bool] = lambda: False,
    goal: float = -math.inf,
) -> Run:
    """Drive a method until it stops, nothing is affordable, or regret is at the goal.

    A method that raises has failed this run; the error is kept, nothing is made up.

    Raises:
        StoppedError: `is_stopping` said so before the run was complete.
    """
    began = time.monotonic()
    _seed_everything(seed)
    found = _Trace(problem)
    error = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            brief = Brief(campaign=campaign(problem, seed), stock=problem.stock)
            made, sampler = build(method, brief), problem.sampler(seed)
            _drive(found, made, sampler, is_stopping, goal)
        except StoppedError:
            raise
        except Exception as problem_of_method:
            text = " ".join(str(problem_of_method).split())
            error = f"{type(problem_of_method).__name__}: {text[:300]}"
    return Run(
        key=key_of(problem, method, seed),
        benchmark=problem.spec.name,
        method=method,
        version=version_of(method),
        seed=seed,
        seconds=round(time.monotonic() - began, 3),
        error=error,
        **found.fields(),
    )


def _seed_everything(seed: int) -> None:
    """Peers draw from the generators of the process; one thread, as in all runs."""
    import numpy as np
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def _drive(
    found: _Trace,
    method: Method,
    sampler: Sampler,
    is_stopping: Callable[[], bool],
    goal: float,
) -> None:
    spec = found.problem.spec
    is_open = True
    told_s = 0.0
    while is_open and not found.is_at(goal):
        batch: list[Asked] = []
        for _ in range(spec.batch):
            if is_stopping():
                raise StoppedError
            began = time.process_time()
            asked = method.ask(found.left)
            if asked is None or not found.affords(asked.source):
                is_open = False
                break
            found.asks(asked, time.process_time() - began + told_s)
            told_s = 0.0
            batch.append(asked)
        for asked in batch:
            value = sampler.measure(asked.source, asked.design)
            found.gets(asked, value)
            lot = sampler.batch(asked.source, asked.design)
            began = time.process_time()
            method.tell(replace(asked, batch=lot), value)
            told_s += time.process_time() - began
    best = method.recommend()
    if best is not None:
        advised = [best] if isinstance(best, dict) else best
        found.recommended = found.problem.regret_of(advised)


class _Trace:
    """What is written down while a run goes on."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.left = problem.spec.limit
        self.recommended: float | None = None
        self._spent = 0.0
        self._best: float | None = None
        self._designs: list[Design] = []
        self._cost: list[float] = []
        self._source: list[str] = []
        self._regret: list[float | None] = []
        self._core_s: list[float] = []
        self._n_predicted = self._n_inside = 0

    def affords(self, source: str) -> bool:
        """Whether what is left pays for one more result of a source."""
        return self.problem.spec.priced[source].cost <= self.left + 1e-9

    def is_at(self, regret: float) -> bool:
        """Whether the best measured design is that good."""
        return self._best is not None and self._best <= regret

    def asks(self, asked: Asked, core_s: float) -> None:
        """Set the price of a result aside."""
        self.left -= self.problem.spec.priced[asked.source].cost
        self._core_s.append(round(core_s, 5))

    def gets(self, asked: Asked, value: Value) -> None:
        """Book a result; only one of the target can be a find."""
        spec = self.problem.spec
        self._spent += spec.priced[asked.source].cost
        if asked.source == spec.target and not isinstance(value, float | int):
            self._designs.append(asked.design)
            self._best = self.problem.regret_of(self._designs)
        elif asked.source == spec.target:
            assert isinstance(value, float | int)
            regret = self.problem.regret(asked.design)
            self._best = regret if self._best is None else min(self._best, regret)
            if asked.interval is not None:
                self._n_predicted += 1
                self._n_inside += asked.interval[0] <= value <= asked.interval[1]
        self._cost.append(round(self._spent, 9))
        self._source.append(asked.source)
        self._regret.append(self._best)

    def fields(self) -> dict[str, object]:
        """The fields of `Run` that a trace fills."""
        return {
            "cost": tuple(self._cost),
            "source": tuple(self._source),
            "regret": tuple(self._regret),
            "core_s": tuple(self._core_s),
            "n_predicted": self._n_predicted,
            "n_inside": self._n_inside,
            "recommended": self.recommended,
        }
