from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bigloop.contracts import (
    Campaign,
    ConflictError,
    ModelVersion,
    Trial,
    TrialState,
)
from bigloop.loop import CampaignLoop, Ending, Silent, Workspace, run_worker

Open = Callable[..., Workspace]
Change = Callable[..., Campaign]
Finished = tuple[CampaignLoop, Ending, list[ModelVersion]]


class Log(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.waiting_: list[list[str]] = []
        self.notes: list[str] = []

    def waiting(self, trials: Sequence[Trial]) -> None:
        self.waiting_.append([t.id for t in trials])

    def note(self, text: str) -> None:
        self.notes.append(text)


def ids(workspace: Workspace) -> list[str]:
    return [t.id for t in workspace.store.trials("toy")]


def test_a_campaign_runs_to_its_end(finished: Finished) -> None:
    loop, ending, versions = finished
    assert ending is Ending.FINISHED
    store = loop.store
    account = store.ledger("toy")["cell_cycle"]
    assert account.reserved == 0.0
    assert 1000.0 < account.spent <= 1500.0
    assert store.verify().is_ok
    best = loop.recommendation()
    assert best is not None
    assert best.low < best.mean < best.high
    assert best.n_target >= 1, "what is recommended is measured at the target"
    assert versions[-1].metrics["n_labelled"] >= 2
    champion = store.champion("toy")
    assert champion is not None
    assert {i.status for i in store.campaigns()} == {"finished"}
    seen = [
        s for t in store.trials("toy") for s in (t.decision.seen if t.decision else ())
    ]
    assert len(seen) == len(set(seen)), "a result was taken in twice"


def test_an_idle_worker_begins_with_the_proposal_itself(
    open_workspace: Open, change: Change, base: Path
) -> None:
    """In one transaction, whose events have one moment."""
    workspace = open_workspace()
    campaign = change(stop={"trials": 1})
    CampaignLoop(workspace, campaign, base).run()
    found = {e.kind: e.at for e in workspace.store.events(campaign="toy")}
    assert found["trial.started"] == found["trial.proposed"] < found["trial.completed"]


def test_a_loop_that_is_stopped_goes_on_as_if_it_had_not(
    finished: Finished, open_workspace: Open, base: Path
) -> None:
    straight, campaign = finished[0].workspace, finished[0].campaign
    often = open_workspace("often")
    for n in range(3, 40, 6):

        class StopAt(Silent):
            def proposed(self, trial: Trial) -> None:
                if trial.proposal.number >= n:  # noqa: B023
                    loop.stop()  # noqa: B023

        loop = CampaignLoop(often, campaign, base, watcher=StopAt())
        if loop.run() is Ending.FINISHED:
            break
    assert CampaignLoop(often, campaign, base).run() is Ending.FINISHED
    assert ids(often) == ids(straight)


def test_the_same_name_with_another_content_is_refused(
    open_workspace: Open, change: Change, base: Path
) -> None:
    workspace = open_workspace()
    CampaignLoop(workspace, change(), base)
    with pytest.raises(ConflictError, match="toy"):
        CampaignLoop(workspace, change(budget={"cell_cycle": 1600}), base)


def test_what_needs_a_person_waits_and_goes_on_when_approved(
    open_workspace: Open, change: Change, base: Path
) -> None:
    rules = [{"source": "look", "action": "approve"}, {"action": "ask"}]
    spec = change(approval=rules, budget={"cell_cycle": 1000})
    workspace, log = open_workspace(), Log()
    n_approved = 0
    while True:
        loop = CampaignLoop(workspace, spec, base, watcher=log)
        if loop.run(wait=False) is Ending.FINISHED:
            break
        for trial in workspace.store.trials("toy", [TrialState.AWAITING_APPROVAL]):
            workspace.store.approve(trial.id, "ada")
            n_approved += 1
    assert n_approved >= 2
    ran = workspace.store.trials("toy", [TrialState.COMPLETED])
    assert sum(t.proposal.source == "to_death" for t in ran) == n_approved


def test_a_rejected_trial_releases_its_budget_and_is_not_proposed_again_at_once(
    open_workspace: Open, change: Change, base: Path
) -> None:
    rules = [{"source": "look", "action": "approve"}, {"action": "ask"}]
    workspace = open_workspace()
    loop = CampaignLoop(workspace, change(approval=rules), base)
    assert loop.run(wait=False) is Ending.WAITING
    (first, *_) = workspace.store.trials("toy", [TrialState.AWAITING_APPROVAL])
    before = workspace.store.ledger("toy")["cell_cycle"].reserved
    workspace.store.reject(first.id, "ada", "this cell leaks")
    after = workspace.store.ledger("toy")["cell_cycle"].reserved
    assert before - after == sum(first.reserved.values())
    assert loop.run(wait=False) is Ending.WAITING


@pytest.mark.parametrize("said", [{"because": "design"}, {"limit": "BOUND"}])
def test_a_loop_that_resumes_after_a_rejection_decides_as_if_it_had_not(
    open_workspace: Open, change: Change, base: Path, said: dict[str, str]
) -> None:
    """The file is the one of before; what people said is in the store alone."""
    rules = [{"source": "look", "action": "approve"}, {"action": "ask"}]
    spec = change(approval=rules)
    decided = []
    for name, is_new in (("straight", False), ("resumed", True)):
        workspace = open_workspace(name)
        store = workspace.store
        loop = CampaignLoop(workspace, spec, base)
        assert loop.run(wait=False) is Ending.WAITING
        first, *others = store.trials("toy", [TrialState.AWAITING_APPROVAL])
        a = float(first.proposal.design["a"])
        bound = f"a >= {a + 0.001}" if a < 0.5 else f"a <= {a - 0.001}"
        words = {k: bound if v == "BOUND" else v for k, v in said.items()}
        store.reject(first.id, "ada", "it gels", **words)  # type: ignore[arg-type]
        for trial in others:
            store.approve(trial.id, "ada")
        before = len(store.trials("toy"))
        if is_new:
            loop = CampaignLoop(workspace, spec, base)
        assert loop.run(wait=False) in (Ending.WAITING, Ending.FINISHED)
        now = store.campaign("toy")
        new = [t.proposal.design for t in store.trials("toy")[before:]]
        assert new
        assert all(now.is_feasible(design) for design in new)
        assert first.proposal.design not in new
        assert store.verify().is_ok
        decided.append(ids(workspace))
    assert decided[0] == decided[1]


def test_the_loop_may_leave_the_work_to_others(
    open_workspace: Open, campaign: Campaign, base: Path
) -> None:
    workspace, other = open_workspace(), open_workspace()
    loop = CampaignLoop(workspace, campaign, base, work=False)
    endings: list[Ending] = []
    thread = threading.Thread(target=lambda: endings.append(loop.run()))
    stop = threading.Event()
    worker = threading.Thread(target=run_worker, args=(other, "toy", base, stop))
    thread.start()
    worker.start()
    thread.join(120)
    stop.set()
    worker.join(10)
    assert endings == [Ending.FINISHED]
    names = {
        e.actor
        for e in workspace.store.events(limit=10_000)
        if e.kind == "trial.completed"
    }
    assert all(name.startswith("worker@") for name in names)


def test_a_paused_campaign_proposes_nothing(
    open_workspace: Open, campaign: Campaign, base: Path
) -> None:
    workspace = open_workspace()
    loop = CampaignLoop(workspace, campaign, base)
    workspace.store.set_status("toy", "paused", "bench is cleaned", "ada")
    timer = threading.Timer(1.0, loop.stop)
    timer.start()
    assert loop.run() is Ending.INTERRUPTED
    assert ids(workspace) == []


def test_mlflow_may_be_away(open_workspace: Open, change: Change, base: Path) -> None:
    workspace, log = open_workspace(mlflow="http://127.0.0.1:9"), Log()
    spec = change(budget={"cell_cycle": 1000})
    loop = CampaignLoop(workspace, spec, base, watcher=log)
    assert loop.run() is Ending.FINISHED
    assert any("MLflow is away" in note for note in log.notes)
    assert workspace.store.cursor("mlflow:toy") < workspace.store.last_seq()


def test_approve_all_approves_what_waits_already(
    open_workspace: Open, change: Change, base: Path
) -> None:
    spec = change(approval=[{"action": "ask"}], budget={"cell_cycle": 700})
    workspace = open_workspace()
    assert CampaignLoop(workspace, spec, base).run(wait=False) is Ending.WAITING
    waiting = workspace.store.trials("toy", [TrialState.AWAITING_APPROVAL])
    assert waiting
    CampaignLoop(workspace, spec, base, approve_all="ada").run()
    ended = workspace.store.trial(waiting[0].id)
    assert ended.state is TrialState.COMPLETED


FIRST_RESULT = """
import sys
from pathlib import Path
from bigloop.config import Settings
from bigloop.contracts import read_campaign
from bigloop.loop import CampaignLoop, Silent, Workspace

class First(Silent):
    def ended(self, trial):
        found = [name for name in {heavy!r} if name in sys.modules]
        print(trial.state, found)
        loop.stop()

base = Path({base!r})
settings = Settings.model_validate({{"folder": base / "s", "executor": "in-process"}})
with Workspace.open(settings) as workspace:
    campaign = read_campaign(base / "campaign.yaml")
    loop = CampaignLoop(workspace, campaign, base, watcher=First())
    loop.run()
"""


@pytest.mark.usefixtures("campaign")
def test_a_first_result_needs_no_model(base: Path) -> None:
    """What takes seconds to import is imported when it is first used."""
    heavy = ("torch", "botorch", "mlflow", "ray", "pandas", "pybamm", "scipy.stats")
    code = FIRST_RESULT.format(heavy=heavy, base=str(base))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[:1] == ["completed []"], done.stderr
