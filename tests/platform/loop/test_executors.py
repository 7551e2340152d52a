"""One suite over both executors: what a worker may rely on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from bigloop.contracts import (
    Campaign,
    Design,
    Executor,
    Laboratory,
    Outcome,
    Request,
    SourceError,
)
from bigloop.loop import CampaignLoop, Ending, Workspace
from bigloop.loop.in_process import Answer, InProcessExecutor
from bigloop.loop.on_ray import RayExecutor
from bigloop.loop.sources import Plan, plan

# Ray opens sockets and files of its own and leaves closing them to the process's end.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def plans(campaign: Campaign, base: Path) -> dict[str, Plan]:
    return {
        name: plan(source, base, base / "journal.db", 0)
        for name, source in campaign.sources.items()
    }


@pytest.fixture(params=["in-process", "ray"])
def executor(
    request: pytest.FixtureRequest, plans: dict[str, Plan]
) -> Iterator[Executor]:
    made: Executor
    if request.param == "ray":
        made = RayExecutor(plans, dict.fromkeys(plans, 1))
    else:
        made = InProcessExecutor(plans)
    yield made
    made.close()
    made.close()


@pytest.fixture
def design(plans: dict[str, Plan]) -> Design:
    laboratory = plans["look"].build()
    assert isinstance(laboratory, Laboratory)
    return laboratory.stock()[0].design


def answers(executor: Executor, n: int) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for _ in range(200):
        found |= executor.wait(0.5)
        if len(found) >= n:
            break
    return found


def test_requests_of_a_laboratory_begin_in_their_order(
    executor: Executor, design: Design, plans: dict[str, Plan]
) -> None:
    assert isinstance(executor, Executor)
    for name in ("t1", "t2"):
        executor.submit("look", Request(trial=name, design=design, until_age=20.0))
    found = answers(executor, 2)
    alone = InProcessExecutor({"look": plans["look"]})
    alone.recover("look", Request(trial="t1", design=design, until_age=20.0))
    assert answers(alone, 1)["t1"] == found["t1"]
    alone.close()
    first, second = found["t1"], found["t2"]
    assert isinstance(first, Outcome)
    assert isinstance(second, Outcome)
    assert {first.specimen, second.specimen} == {"c0-0", "c0-1"}


def test_what_was_never_begun_is_none(executor: Executor, design: Design) -> None:
    executor.recover("look", Request(trial="t9", design=design, until_age=20.0))
    assert answers(executor, 1) == {"t9": None}


def test_of_two_questions_about_a_trial_the_newest_is_answered(
    executor: Executor, design: Design
) -> None:
    """A lapsed lease asks, and so does a dead actor: two times None is begun twice."""
    request = Request(trial="t1", design=design, until_age=20.0)
    executor.submit("look", Request(trial="t1", design={**design, "zz": 1.0}))
    executor.recover("look", request)
    executor.recover("look", request)
    executor.recover("look", Request(trial="after", design=design, until_age=20.0))
    heard: list[tuple[str, Answer]] = []
    while "after" not in dict(heard):
        heard += executor.wait(0.5).items()
    assert heard == [("t1", None), ("after", None)]


def test_an_outcome_is_handed_on_whoever_asked(
    executor: Executor, design: Design
) -> None:
    request = Request(trial="t1", design=design, until_age=20.0)
    executor.submit("look", request)
    executor.recover("look", request)
    assert isinstance(answers(executor, 1)["t1"], Outcome)


def test_what_a_source_raises_is_an_answer_in_one_line(
    executor: Executor, design: Design
) -> None:
    executor.submit("look", Request(trial="t1", design={**design, "zz": 1.0}))
    (answer,) = answers(executor, 1).values()
    assert isinstance(answer, SourceError)
    assert "zz" in str(answer)
    assert "\n" not in str(answer)


def test_nothing_running_is_nothing_to_wait_for(executor: Executor) -> None:
    assert executor.wait(0.01) == {}


def test_an_actor_that_dies_is_an_answer_and_is_replaced(
    plans: dict[str, Plan], design: Design
) -> None:
    slow = {
        name: Plan(entry_point=p.entry_point, options=(*p.options, ("pace_s", 30.0)))
        for name, p in plans.items()
    }
    executor = RayExecutor(slow, dict.fromkeys(slow, 1))
    executor.submit("look", Request(trial="t1", design=design, until_age=20.0))
    executor.submit("look", Request(trial="queued", design=design, until_age=20.0))
    pids: list[int] = []
    while not pids:
        executor.wait(0.2)
        # Of this process: another campaign on the machine has its own.
        family = psutil.Process().children(recursive=True)
        pids = [p.pid for p in family if p.name().startswith("ray::SourceActor.ask")]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    # Both requests failed with it; one is answered, and its place taken, first.
    first, second = list(executor._running)
    _, answer = executor._collect(first)
    assert isinstance(answer, SourceError)
    assert "died" in str(answer)
    executor.recover("look", Request(trial="t2", design=design, until_age=20.0))
    successor = executor._running[list(executor._running)[-1]][2]
    assert isinstance(executor._collect(second)[1], SourceError)
    assert list(executor._actors.values()) == [successor]
    assert answers(executor, 1) == {"t2": None}
    executor.close()


def test_the_actor_that_is_needed_next_is_started_before_it_is_needed(
    plans: dict[str, Plan], design: Design
) -> None:
    executor = RayExecutor(plans, dict.fromkeys(plans, 3))
    for trial, n in (("t1", 2), ("t2", 3), ("t3", 3), ("t4", 3)):
        request = Request(trial=trial, design=design, until_age=20.0)
        executor.submit("look", request)
        assert len(executor._actors) == n
    slots = [index for _, (_, index), _ in executor._running.values()]
    assert slots == [0, 1, 2, 0]
    executor.close()


def test_ray_makes_the_decisions_that_this_process_makes(
    open_workspace: Callable[..., Workspace],
    change: Callable[..., Campaign],
    base: Path,
) -> None:
    spec = change(budget={"cell_cycle": 900})
    made = []
    for executor in ("in-process", "ray"):
        workspace = open_workspace(executor, executor=executor)
        loop = CampaignLoop(workspace, spec, base)
        assert loop.run() is Ending.FINISHED
        made.append([t.id for t in workspace.store.trials("toy")])
    assert made[0] == made[1]
