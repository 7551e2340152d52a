"""Files of outcomes: kept once, by whatever way a trial runs, and never its price."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from bigloop.agents import RandomAgent
from bigloop.contracts import (
    Attachment,
    Campaign,
    NotFoundError,
    Outcome,
    ResultError,
    TrialState,
    Verdict,
)
from bigloop.loop import CampaignLoop, Ending, Workspace
from bigloop.loop.crew import Crew
from bigloop.loop.filing import Filing, place_of, read
from bigloop.loop.worker import Worker
from bigloop.simulators.sei import measure
from bigloop.simulators.sei.files import LATTICE, PICTURE, unpacked

from .test_worker import Scripted, propose, success, worker

Open = Callable[..., Workspace]
Film = Callable[..., Campaign]
TEXT = Attachment(name="log.txt", content=b"all well", media_type="text/plain")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("executor", ["in-process", "ray"])
def test_each_run_of_a_campaign_leaves_its_lattice(
    open_workspace: Open, film: Film, tmp_path: Path, executor: str
) -> None:
    workspace = open_workspace(executor=executor)
    loop = CampaignLoop(workspace, film(), tmp_path)
    assert loop.run() is Ending.FINISHED
    store = workspace.store
    done = store.trials("film", [TrialState.COMPLETED])
    assert len(done) == 4
    for trial in done:
        found = {a.name: a for a in store.artifacts("film", trial.id)}
        assert set(found) == {LATTICE, PICTURE}
        lattice = unpacked(read(workspace.folder, found[LATTICE].sha256))["lattice"]
        again = {k: float(v[0]) for k, v in measure(lattice).items()}
        seen = store.observations("film", trial.id)
        assert {o.observable: o.value for o in seen} == {
            name: again[name] for name in ("thickness", "density")
        }
    assert store.verify().is_ok


def test_what_cannot_be_kept_is_said_and_the_outcome_stands(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace(artifact_bytes=1000)
    notes: list[str] = []
    trial = propose(workspace, campaign, "look")
    wrong: list[Any] = [
        Attachment(name="../passwd", content=b"x"),
        Attachment(name="big.bin", content=bytes(1001)),
        Attachment(name="a.png", content=b"GIF89a", media_type="image/png"),
        Attachment(name="b.txt", content="text"),
        Attachment(name=7, content=b"x"),
        Attachment(name="c.txt", content=b"x", media_type="what?"),
        TEXT,
        TEXT,
    ]
    w = worker(workspace, campaign, Scripted(success(attached=tuple(wrong))))
    w.note = notes.append
    w.step(0.0)
    done = workspace.store.trial(trial)
    assert done.state is TrialState.COMPLETED
    assert done.outcome is not None
    assert [f.name for f in done.outcome.files] == ["log.txt"]
    refused = done.outcome.provenance["files_refused"]
    assert len(refused) == len(notes) == 7
    for text, part in zip(
        refused,
        ("give a name", "1000 at most", "no image/png", "not bytes", "give a name"),
        strict=False,
    ):
        assert part in text
        assert "\n" not in text
    assert [a.name for a in workspace.store.artifacts("toy", trial)] == ["log.txt"]
    assert workspace.store.verify().is_ok


class Killed(BaseException):
    """What a `kill -9` is to a worker."""


def test_killed_between_file_and_outcome_the_trial_runs_again_and_has_one_file(
    open_workspace: Open, film: Film, tmp_path: Path
) -> None:
    workspace, spec = open_workspace(lease_s=60.0), film(stop={"trials": 1})
    store = workspace.store
    crew = Crew(workspace, spec, tmp_path, print)
    state = CampaignLoop(workspace, spec, tmp_path, work=False).state()
    (suggestion,) = RandomAgent(spec).propose(state, ["kmc"])
    trial = store.propose(suggestion, Verdict(action="approve"), "test").id
    first = crew.worker("dies")
    with (
        patch.object(store, "complete", side_effect=Killed),
        pytest.raises(Killed),
    ):
        steps(first)
    assert store.trial(trial).state is TrialState.RUNNING
    assert len(store.artifacts("film", trial)) == 2
    store.release_expired(now=datetime.now(UTC) + timedelta(hours=1))
    steps(crew.worker("lives"))
    done = store.trial(trial)
    assert (done.state, done.attempts) == (TrialState.COMPLETED, 2)
    assert done.outcome is not None
    files = store.artifacts("film", trial)
    assert [a.sha256 for a in files] == [f.sha256 for f in done.outcome.files]
    assert {a.actor for a in files} == {"dies"}
    assert store.verify().is_ok


def steps(made: Worker) -> None:
    """Until nothing is in hand any more."""
    for _ in range(100):
        made.step(0.2)
        if not made.n_running:
            return
    raise AssertionError("the trial did not end")


def test_the_same_outcome_twice_keeps_one_file(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    store, files = workspace.store, workspace.files
    propose(workspace, campaign, "look")
    claim = store.take("w", ["look"])
    assert claim is not None
    kept = [files.keep(claim, TEXT) for _ in range(2)]
    assert kept[0] == kept[1]
    outcome = success(files=(kept[0],))
    first, again = store.complete(claim, outcome), store.complete(claim, outcome)
    assert first == again
    assert len(store.artifacts("toy")) == 1


def test_two_trials_with_the_same_content_both_have_it(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    trials = [propose(workspace, campaign, "look") for _ in range(2)]
    outcomes = [success(attached=(TEXT,), specimen=name) for name in "ab"]
    w = worker(workspace, campaign, Scripted(*outcomes))
    for _ in range(4):
        w.step(0.0)
    found = [workspace.store.artifacts("toy", trial) for trial in trials]
    assert [len(files) for files in found] == [1, 1]
    assert found[0] == found[1]


def test_an_outcome_that_names_a_file_of_nobody_is_refused(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    propose(workspace, campaign, "look")
    claim = workspace.store.take("w", ["look"])
    assert claim is not None
    file = {"name": "a", "media_type": "text/plain", "sha256": "0" * 64, "size": 1}
    with pytest.raises(ResultError, match="upload it first"):
        workspace.store.complete(claim, success(files=(file,)))
    assert workspace.store.trial(claim.trial.id).state is TrialState.RUNNING


def test_a_file_that_is_gone_or_damaged_is_said(
    open_workspace: Open, campaign: Campaign
) -> None:
    workspace = open_workspace()
    propose(workspace, campaign, "look")
    claim = workspace.store.take("w", ["look"])
    assert claim is not None
    files: Filing = workspace.files
    sha256 = files.keep(claim, TEXT).sha256
    assert read(workspace.folder, sha256) == TEXT.content
    place_of(workspace.folder, sha256).write_bytes(b"other")
    with pytest.raises(NotFoundError, match="gone or damaged"):
        read(workspace.folder, sha256)


def test_what_is_attached_is_in_no_json() -> None:
    outcome = success(attached=(TEXT,))
    assert "log.txt" not in outcome.model_dump_json()
    assert Outcome.model_validate_json(outcome.model_dump_json()).attached == ()
