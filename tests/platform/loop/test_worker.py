from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bigloop.contracts import (
    Campaign,
    Capabilities,
    Decision,
    Executor,
    FailureClass,
    Measurement,
    Outcome,
    Proposal,
    Request,
    SourceError,
    Suggestion,
    TrialState,
    Verdict,
)
from bigloop.loop import Workspace
from bigloop.loop.in_process import Answer, InProcessExecutor
from bigloop.loop.sources import plan
from bigloop.loop.worker import TRIES, Worker

Open = Callable[..., Workspace]
CAPABILITIES = Capabilities(
    parameters={"a": "", "b": ""},
    observables={"life": "cycle", "early": ""},
    age_unit="cycle",
    is_physical=True,
)


class Scripted:
    """An executor that answers what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self._open: list[str] = []

    def submit(self, source: str, request: Request) -> None:
        self.asked.append(("submit", request.trial))
        self._open.append(request.trial)

    def recover(self, source: str, request: Request) -> None:
        self.asked.append(("recover", request.trial))
        self._open.append(request.trial)

    def wait(self, timeout_s: float) -> dict[str, Answer]:
        if not self._open or not self.answers:
            return {}
        return {self._open.pop(0): self.answers.pop(0)}

    def close(self) -> None:
        pass


def propose(workspace: Workspace, campaign: Campaign, source: str) -> str:
    workspace.store.add_campaign(campaign, "test")
    stock = {"a": 0.844, "b": 0.758}
    number = len(workspace.store.trials(campaign.name))
    proposal = Proposal(
        campaign=campaign.name,
        number=number,
        source=source,
        design=dict(stock),
        until_age=20.0,
    )
    decision = Decision(agent="t", score=0.0, terms={})
    suggestion = Suggestion(
        proposal=proposal, decision=decision, cost={"cell_cycle": 20.0}
    )
    return workspace.store.propose(suggestion, Verdict(action="approve"), "test").id


def worker(
    workspace: Workspace, campaign: Campaign, executor: Executor, name: str = "w"
) -> Worker:
    return Worker(
        workspace.store,
        campaign,
        dict.fromkeys(campaign.sources, CAPABILITIES),
        executor,
        workspace.files,
        name=name,
        lease_s=workspace.settings.lease_s,
    )


def success(**changes: object) -> Outcome:
    found = Measurement(observable="early", value=-1.0, unit="", age=20.0)
    values: dict[str, object] = {
        "status": "success",
        "specimen": "c1",
        "age": 20.0,
        "ended": False,
        "measurements": (found,),
        **changes,
    }
    return Outcome.model_validate(values)


def test_a_trial_is_marked_before_it_is_dispatched(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    trial = propose(workspace, campaign, "look")
    states: list[TrialState] = []

    class Spy(Scripted):
        def submit(self, source: str, request: Request) -> None:
            states.append(workspace.store.trial(trial).state)
            super().submit(source, request)

    w = worker(workspace, campaign, Spy(success()))
    w.step(0.0)
    assert states == [TrialState.RUNNING]
    assert workspace.store.trial(trial).state is TrialState.COMPLETED


def test_what_is_handed_to_an_idle_worker_is_dispatched_in_its_next_step(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    trial = propose(workspace, campaign, "look")
    scripted = Scripted(success())
    w = worker(workspace, campaign, scripted)
    with w.idle() as is_idle:
        assert is_idle
        claim = workspace.store.take(w.name, ["look"])
        assert claim is not None
        w.hand(claim)
    assert w.n_running == 1
    with w.idle() as is_idle:
        assert not is_idle
    assert w.step(0.0, is_stopping=True) == 2
    assert scripted.asked == [("submit", trial)]
    assert workspace.store.trial(trial).state == TrialState.COMPLETED
    assert w.n_running == 0


def test_a_broken_physical_source_is_asked_what_became_of_it_never_started_again(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    trial = propose(workspace, campaign, "look")
    executor = Scripted(*[SourceError("the link is down")] * TRIES)
    w = worker(workspace, campaign, executor)
    for _ in range(TRIES + 1):
        w.step(0.0)
    kinds = [kind for kind, _ in executor.asked]
    assert kinds == ["submit", *["recover"] * (TRIES - 1)]
    ended = workspace.store.trial(trial)
    assert ended.state is TrialState.UNKNOWN
    assert ended.reserved == {"cell_cycle": 20.0}, "a person decides; the money waits"


def test_what_the_laboratory_never_began_is_begun(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    trial = propose(workspace, campaign, "look")
    executor = Scripted(SourceError("the process died"), None, success())
    w = worker(workspace, campaign, executor)
    for _ in range(4):
        w.step(0.0)
    assert [kind for kind, _ in executor.asked] == ["submit", "recover", "submit"]
    assert workspace.store.trial(trial).state is TrialState.COMPLETED


def test_a_refused_result_is_kept_and_fails_the_trial(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    trial = propose(workspace, campaign, "look")
    absurd = Measurement(observable="early", value=999.0, unit="", age=20.0)
    w = worker(workspace, campaign, Scripted(success(measurements=(absurd,))))
    w.step(0.0)
    ended = workspace.store.trial(trial)
    assert ended.state is TrialState.FAILED
    assert ended.outcome is not None
    assert ended.outcome.failure is FailureClass.QUALITY
    assert ended.outcome.provenance["refused"][0]["value"] == 999.0
    assert ended.spent == {"cell_cycle": 20.0}
    assert workspace.store.observations("toy") == []


def test_a_worker_frozen_past_its_lease_changes_nothing_when_it_wakes(
    open_workspace: Open, campaign: Campaign
) -> None:
    """The second takes over; whatever the first brings is kept as unsolicited."""
    workspace = open_workspace(lease_s=1e-6)
    trial = propose(workspace, campaign, "look")
    frozen = worker(workspace, campaign, Scripted(success()), "frozen")
    assert frozen._take() == 1
    executor = Scripted()
    awake = worker(workspace, campaign, executor, "awake")
    assert awake._recover() == 1
    assert executor.asked == [("recover", trial)]
    frozen.step(0.0, is_stopping=True)
    assert workspace.store.trial(trial).state is TrialState.RUNNING
    kept = workspace.store.observations("toy")
    assert [(o.value, o.solicited) for o in kept] == [(-1.0, False)]


@pytest.mark.parametrize("source", ["look", "to_death"])
def test_in_process_runs_the_real_laboratory(
    open_workspace: Open, campaign: Campaign, base: Path, source: str
) -> None:
    workspace = open_workspace()
    plans = {
        name: plan(s, base, base / "journal.db", 0)
        for name, s in campaign.sources.items()
    }
    executor = InProcessExecutor(plans)
    design = plans["look"].build().stock()[0].design  # type: ignore[attr-defined]
    executor.submit(source, Request(trial="t1", design=design, until_age=20.0))
    (answer,) = executor.wait(10.0).values()
    assert isinstance(answer, Outcome)
    assert answer.age == 20.0
    executor.recover(source, Request(trial="t1", design=design, until_age=20.0))
    assert executor.wait(10.0) == {"t1": answer}
    executor.recover(source, Request(trial="t2", design=design, until_age=20.0))
    assert executor.wait(10.0) == {"t2": None}
    executor.close()
    assert isinstance(executor, Executor)
    assert workspace.store.verify().is_ok
