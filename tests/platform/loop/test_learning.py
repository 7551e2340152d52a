"""A source whose model is trained while the campaign runs: from nothing, and anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bigloop.agents import RandomAgent
from bigloop.agents.actions import Free
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Learning,
    ModelVersion,
    SpecError,
    Suggestion,
    Trial,
    TrialState,
    Verdict,
    key_of,
)
from bigloop.db import Store
from bigloop.loop import CampaignLoop, Ending, Silent, Workspace
from bigloop.loop.filing import place_of
from bigloop.loop.retraining import Trainer, train_here
from bigloop.models.prvae.folder import read_folder
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.settings import Architecture, Training
from bigloop.models.training import make_learner
from bigloop.simulators.sei.dataset import Settings, begin, finish, make_shard

Open = Callable[..., Workspace]
Film = Callable[..., Campaign]
LEARNS: dict[str, Any] = {
    "model": "prvae",
    "sources": ["kmc"],
    "first": 64,
    "rows": 16,
    "options": {
        "properties": ["thickness", "density"],
        "architecture": {
            "filters": [4, 4, 8],
            "dense": 16,
            "latent": 4,
            "regressor": [16, 16],
            "n_heads": 2,
        },
        "training": {
            "epochs": 2,
            "batch": 32,
            "warm_up": 1,
            "flow_epochs": 2,
            "forward_epochs": 30,
        },
    },
}
SOURCES: dict[str, Any] = {
    "prvae": {
        "simulator": "prvae",
        "options": {"properties": ["thickness", "density"], "margin": 1.0},
        "observes": ["thickness", "density"],
        "cost": {"core_second": 0.1},
        "learns": LEARNS,
    },
    "kmc": {
        "simulator": "sei-kmc",
        "options": {"rows": 16, "columns": 12, "max_events": 4000},
        "observes": ["thickness", "density"],
        "cost": {"core_second": 1},
    },
}


class Turns(RandomAgent):
    """Asks the model the same two designs whenever it may, else runs another film."""

    def propose(
        self, state: CampaignState, sources: Sequence[str], n: int = 1
    ) -> list[Suggestion]:
        states.append((len(state.trials), state))
        free = Free(state, None)
        for number in (0, 1):
            design = self._design(state, number)
            assert design is not None
            if "prvae" in sources and free.has("prvae", key_of(design)):
                made = self._suggestion(len(state.trials), design)
                asked = made.proposal.model_copy(update={"source": "prvae"})
                cost = {"core_second": 0.1}
                return [made.model_copy(update={"proposal": asked, "cost": cost})]
        return super().propose(state, sources, n)

    def recommend(self, state: CampaignState) -> None:
        return None


states: list[tuple[int, CampaignState]] = []


class Log(Silent):
    """Remembers what it was told, and stops where it is told to."""

    def __init__(self, stop_at: int = -1) -> None:
        self.versions: list[ModelVersion] = []
        self.notes: list[str] = []
        self.stop_at = stop_at
        self.loop: CampaignLoop | None = None

    def trained(self, version: ModelVersion) -> None:
        self.versions.append(version)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def proposed(self, trial: Trial) -> None:
        if self.loop is not None and trial.proposal.number == self.stop_at:
            self.loop.stop()


def spec_of(film: Film, n: int = 88, **learns: Any) -> Campaign:
    prvae = {**SOURCES["prvae"], "learns": {**LEARNS, **learns}}
    return film(sources={**SOURCES, "prvae": prvae}, stop={"trials": n})


def run(workspace: Workspace, spec: Campaign, base: Path, stop_at: int = -1) -> Log:
    log = Log(stop_at)
    loop = log.loop = CampaignLoop(workspace, spec, base, watcher=log)
    loop.agent = Turns(spec)
    found = loop.run()
    assert found is (Ending.FINISHED if stop_at < 0 else Ending.INTERRUPTED)
    return log


@pytest.fixture(scope="module")
def ran(
    film: Film, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, Campaign, Log, list[tuple[int, CampaignState]]]:
    from bigloop.config import Settings

    base = tmp_path_factory.mktemp("film")
    settings = {"folder": base / "work", "executor": "in-process"}
    workspace = Workspace.open(Settings.model_validate(settings))
    states.clear()
    spec = spec_of(film)
    log = run(workspace, spec, base)
    return workspace, spec, log, list(states)


def test_it_is_trained_from_nothing_used_and_trained_again(ran: Any) -> None:
    workspace, _, log, _ = ran
    store = workspace.store
    trials = store.trials("film")
    asked = [t for t in trials if t.proposal.source == "prvae"]
    assert {t.proposal.source for t in trials[:64]} == {"kmc"}
    assert trials[64].proposal.source == "prvae"
    assert all(t.state is TrialState.COMPLETED for t in asked)
    assert len(log.versions) >= 2
    first = log.versions[0]
    assert (first.status, first.seen, first.n_rows) == ("champion", 64, 64)
    assert first.parameters["promotion"] == "it is the first"
    assert place_of(workspace.folder, first.sha256).is_file()
    assert not first.artifact
    promoted = [v for v in log.versions if v.status == "champion"]
    assert len(asked) == 2 * len(promoted), "each new version was asked both designs"
    for trial in asked:
        assert trial.outcome is not None
        assert trial.outcome.provenance["model"] == trial.proposal.model
    assert store.verify().is_ok
    champions = [s for s in store.standings("film") if s.status == "champion"]
    assert [s.id for s in champions] == [promoted[-1].id]


def test_champion_and_challenger_are_compared_on_runs_that_neither_was_told(
    ran: Any,
) -> None:
    _, _, log, _ = ran
    told: set[str] = set()
    for version in log.versions:
        mine = set(version.parameters["told"])
        held = set(version.parameters["held_out"])
        assert not mine & held
        assert not told & held, "the champion had learned from one of them"
        if version.status == "champion":
            told = mine
        n = version.metrics["held_out_n"]
        assert len(held) == n > 0
        if version is not log.versions[0]:
            assert version.metrics["new_n"] == n
            gain = (
                version.metrics["new_log_score_challenger"]
                - (version.metrics["new_log_score_champion"])
            )
            assert (version.status == "champion") == (gain > 0)


def test_what_an_older_version_said_is_kept_but_not_known(ran: Any) -> None:
    workspace, _, log, seen = ran
    store = workspace.store
    models = {t.id: t.proposal.model for t in store.trials("film")}
    everything = [o for o in store.observations("film") if o.source == "prvae"]
    assert len({models[o.trial] for o in everything}) >= 1
    for _, state in seen:
        now = state.versions.get("prvae")
        assert ("prvae" in state.campaign.sources) == (now is not None)
        known = [o for o in state.observations if o.source == "prvae"]
        assert {models[o.trial] for o in known} <= {now}
        assert any(o.source == "kmc" for o in state.observations) or not state.seen
    assert log.versions


def test_a_campaign_that_was_stopped_decides_as_if_it_had_not_been(
    ran: Any, open_workspace: Open, tmp_path: Path
) -> None:
    straight, spec, log, _ = ran
    workspace = open_workspace("often")
    for stop_at in (30, 64, 65, 81):
        run(workspace, spec, tmp_path, stop_at)
    run(workspace, spec, tmp_path)
    ids = [t.id for t in straight.store.trials("film")]
    assert [t.id for t in workspace.store.trials("film")] == ids
    found = [s.id for s in workspace.store.standings("film")]
    assert found == [v.id for v in log.versions]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A version that was trained on more runs, and for longer."""
    base = tmp_path_factory.mktemp("past")
    made = Settings(n=200, seed=3, rows=16, columns=12, max_events=4000, shard=100)
    for shard in begin(made, base / "runs"):
        make_shard(made, base / "runs", shard)
    finish(made, base / "runs")
    data = read_folder(base / "runs", LEARNS["options"]["properties"])
    training = {**LEARNS["options"]["training"], "forward_epochs": 150}
    sizes = {"rows": 16, "columns": 12, **LEARNS["options"]["architecture"]}
    model = PrVAE(
        Training.model_validate(training),
        Architecture.model_validate(
            {**sizes, "properties": LEARNS["options"]["properties"]}
        ),
        "cpu",
    )
    model.fit_data(data.take(range(160)), data.take(range(160, 200)))
    return model.to_bytes()


@pytest.fixture(scope="module")
def runs(
    ran: Any, film: Film, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Campaign]:
    """A folder with the runs of the campaign, without its models; copy it."""
    before: Workspace = ran[0]
    folder = tmp_path_factory.mktemp("runs") / "work"
    shutil.copytree(before.folder / "artifacts", folder / "artifacts")
    spec = spec_of(film)
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        store.add_campaign(spec, "test")
        films = [t for t in before.store.trials("film") if t.proposal.source == "kmc"]
        for number, old in enumerate(films):
            again(store, old, number)
    return folder, spec


def again(store: Store, old: Trial, number: int) -> None:
    """The same run in another store."""
    assert old.decision is not None
    assert old.outcome is not None
    proposal = old.proposal.model_copy(update={"number": number})
    made = Suggestion(proposal=proposal, decision=old.decision, cost={})
    store.propose(made, Verdict(action="approve"), "test")
    claim = store.take("test")
    assert claim is not None
    for file in old.outcome.files:
        store.add_artifact("film", file.sha256, file.name, file.size, "test")
    store.complete(claim, old.outcome.model_copy(update={"cost": {}}))


class Desk:
    """A copy of those runs, and trainers on it."""

    def __init__(self, runs: tuple[Path, Campaign], base: Path, film: Film) -> None:
        self.film, self.base, self.notes = film, base, list[str]()
        self.folder, self.spec = base / "work", runs[1]
        shutil.copytree(runs[0], self.folder)
        self.store = Store.open(f"sqlite:///{self.folder / 'store.db'}")
        self.seen = [t.id for t in self.store.trials("film")]

    def trainer(self, spec: Campaign, **more: Any) -> Trainer:
        return Trainer(
            self.store,
            spec,
            self.folder,
            self.base,
            note=self.notes.append,
            **more,
        )

    def learns(self, **changes: Any) -> Campaign:
        return spec_of(self.film, **changes)


@pytest.fixture
def desk(runs: tuple[Path, Campaign], tmp_path: Path, film: Film) -> Iterator[Desk]:
    made = Desk(runs, tmp_path, film)
    yield made
    made.store.close()


def worse() -> dict[str, Any]:
    """Options with which next to nothing is learned."""
    training = {**LEARNS["options"]["training"], "forward_epochs": 1}
    return {**LEARNS["options"], "training": training}


def test_a_challenger_that_loses_is_not_promoted(desk: Desk, start: bytes) -> None:
    (desk.base / "start.safetensors").write_bytes(start)
    spec = desk.learns(start="start.safetensors", options=worse())
    trainer = desk.trainer(spec)
    trainer.begin("test")
    trainer.begin("test")
    (given,) = desk.store.standings("film")
    assert (given.status, given.seen) == ("champion", 0)
    (version,) = trainer.update(desk.seen, "test")
    assert version.status == "challenger"
    assert "the champion stays" in version.parameters["promotion"]
    assert trainer.versions(desk.seen) == {"prvae": given.id}
    assert trainer.update(desk.seen, "test") == [], "it was tried once"
    assert desk.store.verify().is_ok


def test_a_training_that_fails_is_recorded_and_the_champion_stays(
    desk: Desk, start: bytes
) -> None:
    (desk.base / "start.safetensors").write_bytes(start)
    few = desk.learns(start="start.safetensors", first=20)
    trainer = desk.trainer(few)
    trainer.begin("test")
    (version,) = trainer.update(desk.seen[:20], "test")
    assert version.status == "failed"
    assert "give 40 or more" in version.parameters["promotion"]
    assert trainer.update(desk.seen[:20], "test") == []
    wild = {**LEARNS["options"]["training"], "learning_rate": 1e6}
    options = {**LEARNS["options"], "training": wild}
    diverging = desk.trainer(
        desk.learns(start="start.safetensors", first=20, options=options)
    )
    (version,) = diverging.update(desk.seen, "test")
    assert version.status == "failed"
    assert "give a learning rate below" in version.parameters["promotion"]
    statuses = [s.status for s in desk.store.standings("film")]
    assert statuses == ["champion", "failed", "failed"]
    assert desk.store.verify().is_ok


def test_runs_without_a_property_or_all_alike_are_said(desk: Desk) -> None:
    options = {**LEARNS["options"], "properties": ["no_such", "thickness"]}
    (version,) = desk.trainer(desk.learns(options=options)).update(desk.seen, "test")
    assert "'no_such' is not in lattice.npz" in version.parameters["promotion"]
    options = {**LEARNS["options"], "properties": ["seed"]}
    other = desk.trainer(desk.learns(options=options, rows=1, first=1))
    snapshot = desk.store.snapshot("film", desk.seen, "prvae")
    task = other._task("prvae", snapshot, None, desk.seen)
    found = train_here(task)
    assert found is not None
    assert found.version.status == "failed"
    assert "1 in every row" in found.version.parameters["promotion"]


def test_fresh_results_that_contradict_the_intervals_bring_a_training_forward(
    desk: Desk, start: bytes
) -> None:
    """The start is told that its spread is tiny: no fresh result lies inside."""
    model = PrVAE.from_bytes(start)
    assert model.learned.prior is not None
    for member in model.learned.prior.forward.members:
        member[-1].bias.data[2:] = -8.0
        member[-1].weight.data[2:] = 0.0
        member[-1].bias.data[:2] += 3.0
    for content, expected in ((start, 0), (model.to_bytes(), 1)):
        (desk.base / "start.safetensors").write_bytes(content)
        spec = desk.learns(start="start.safetensors", first=1000)
        shutil.copy(desk.folder / "store.db", desk.base / f"{expected}.db")
        store = Store.open(f"sqlite:///{desk.base}/{expected}.db")
        trainer = Trainer(store, spec, desk.folder, desk.base)
        trainer.begin("test")
        assert trainer.update(desk.seen[:4], "test") == [], "too few to say anything"
        assert len(trainer.update(desk.seen[:70], "test")) == expected
        store.close()


@pytest.mark.parametrize(
    ("content", "learns", "says"),
    [
        (None, {}, "No such file"),
        (b"nothing", {}, "not a model file"),
        ("start", {"sha256": "0" * 64}, "SHA-256 begins with"),
        (
            "start",
            {"options": {**LEARNS["options"], "properties": ["porosity"]}},
            "has not learned 'porosity'",
        ),
    ],
)
def test_a_start_that_cannot_be_used_is_said_and_the_campaign_goes_on(
    desk: Desk, start: bytes, content: Any, learns: dict[str, Any], says: str
) -> None:
    if content is not None:
        given = start if content == "start" else content
        (desk.base / "start.safetensors").write_bytes(given)
    spec = desk.learns(start="start.safetensors", **learns)
    desk.trainer(spec).begin("test")
    (note,) = desk.notes
    assert says in note
    assert "\n" not in note
    assert desk.store.standings("film") == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_training_on_ray_gives_the_same_version(desk: Desk, ran: Any) -> None:
    trainer = desk.trainer(desk.spec, on_ray=True)
    (version,) = trainer.update(desk.seen[:64], "test")
    first = ran[2].versions[0]
    assert version.status == first.status == "champion"
    assert version.sha256 == first.sha256


def test_an_architecture_or_option_that_is_none_is_refused() -> None:
    wrong: list[dict[str, Any]] = [
        {"training": {"epochs": 0}},
        {"properties": []},
        {"what": 1},
    ]
    for options in wrong:
        learns = Learning.model_validate({**LEARNS, "options": options})
        with pytest.raises(SpecError, match="options"):
            make_learner(learns)
    other = Learning.model_validate({**LEARNS, "model": "early-life", "options": {}})
    with pytest.raises(SpecError, match="trains no model of a source"):
        make_learner(other)
