"""A store with a few dozen trials, made through the store's own doors."""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bigloop.contracts import (
    Alternative,
    Campaign,
    Decision,
    FailureClass,
    Measurement,
    Outcome,
    Proposal,
    Suggestion,
    Term,
    Trial,
    Verdict,
)
from bigloop.db import Store
from bigloop.tracking import session

from .cells import Cells


@pytest.fixture(scope="session", autouse=True)
def tables_of_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """New databases of MLflow in this process begin as copies of the first.

    MLflow makes its tables by dozens of migrations: 2 s of one core and, with a disk
    that confirms each, up to 10 s.
    """
    template = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    reach = session._reach

    def begun(uri: str) -> None:
        path = session.local_file(uri)
        if path is not None and not path.exists():
            if not template.exists():
                session._client(f"sqlite:///{template}").search_experiments()
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(template, path)
        reach(uri)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_reach", begun)
        yield


SPEC = {
    "name": "demo",
    "title": "Longest life <under> a & b",
    "parameters": {
        "rate": {"low": 1, "high": 6, "unit": "1/hour"},
        "soc": {"low": 0, "high": 0.8},
    },
    "observables": {
        "life": {"unit": "cycle", "low": 0, "high": 10000, "log": True},
        "early": {"unit": "", "low": -8, "high": 0},
    },
    "objective": {"observable": "life", "source": "full"},
    "sources": {
        "quick": {
            "lab": "table",
            "options": {"table": "severson2019"},
            "observes": ["early"],
            "until_age": 100,
            "cost_per_age": {"cell_cycle": 1},
        },
        "full": {
            "lab": "table",
            "options": {"table": "severson2019"},
            "observes": ["life", "early"],
            "longest_age": 2500,
            "cost_per_age": {"cell_cycle": 1},
        },
    },
    "predictor": {"model": "early-life", "predicts": "life", "early": ["early"]},
    "budget": {"cell_cycle": 60000},
    "reference_cost": {"cell_cycle": 100000},
    "approval": [
        {"source": "quick", "action": "approve"},
        {"cost_up_to": {"cell_cycle": 1000}, "action": "approve"},
        {"cost_up_to": {"cell_cycle": 2600}, "action": "ask", "reason": "it is long"},
        {"action": "refuse", "reason": "too dear"},
    ],
}
ASK = Verdict(action="ask", who="scientist", reason="it is long")
APPROVE = Verdict(action="approve")


class Bench:
    """Drives a store as loop and worker would, with invented but lawful results."""

    def __init__(self, store: Store, spec: Campaign, seed: int = 0) -> None:
        self.store, self.spec = store, spec
        self.rng = random.Random(seed)
        self.n = 0
        self.seen: list[str] = []
        store.add_campaign(spec, "tester")

    def propose(self, source: str = "full", verdict: Verdict = APPROVE) -> Trial:
        """One proposal with a decision that states everything."""
        rate, soc = self.rng.uniform(1, 6), self.rng.uniform(0, 0.8)
        design: dict[str, float | str] = {"rate": rate, "soc": soc}
        if source == "full" and self.rng.random() < 0.4:
            design = {"rate": 3.5, "soc": 0.4}
        cost = self.spec.sources[source].full_cost
        spread = 0.4 / math.sqrt(1 + self.n / 4)
        decision = Decision(
            agent="multi-fidelity: knowledge gradient",
            score=2.0,
            terms={
                "mean": Term(value=800, unit="cycle", note="expected here"),
                "sd_epistemic": Term(value=spread, unit="relative", note="falls"),
                "sd_aleatoric": Term(value=0.2, unit="relative", note="stays"),
                "gain": Term(value=0.05, unit="relative", note="expected rise"),
            },
            runner_ups=(
                Alternative(source="quick", design=design, score=1.0, cost=cost),
            ),
            flips="with its cost x 2, quick would have won",
            seen=tuple(self.seen),
        )
        self.seen = []
        proposal = Proposal(
            campaign=self.spec.name, number=self.n, source=source, design=design
        )
        self.n += 1
        suggestion = Suggestion(proposal=proposal, decision=decision, cost=cost)
        return self.store.propose(suggestion, verdict, "loop")

    def finish(self, trial: Trial, failure: FailureClass | None = None) -> Trial:
        """Run the oldest approved trial, which must be this one, to its end."""
        claim = self.store.take("worker", campaign=self.spec.name)
        assert claim is not None
        assert claim.trial.id == trial.id
        done = self.store.complete(claim, self.outcome(trial, failure))
        self.seen.append(trial.id)
        return done

    def outcome(self, trial: Trial, failure: FailureClass | None = None) -> Outcome:
        """A result that follows a smooth law, with noise and a batch effect."""
        if failure is not None:
            return Outcome(
                status="failure",
                failure=failure,
                message="contact lost",
                cost={"cell_cycle": 30},
            )
        rate, soc = (float(trial.proposal.design[k]) for k in ("rate", "soc"))
        batch = self.rng.choice(["one", "two"])
        mean = 7.0 - 0.08 * (rate - 3.5) ** 2 - (soc - 0.4) ** 2
        life = math.exp(mean + self.rng.gauss(0, 0.15) + 0.1 * (batch == "two"))
        early = -5.0 + 2.0 * (7.0 - math.log(life)) + self.rng.gauss(0, 0.1)
        found = [Measurement(observable="early", value=early, unit="", age=100)]
        age = 100.0
        if trial.proposal.source == "full":
            found.append(Measurement(observable="life", value=life, unit="cycle"))
            age = life
        return Outcome(
            status="success",
            measurements=tuple(found),
            cost={"cell_cycle": age},
            specimen=f"cell{trial.proposal.number}",
            batch=batch,
            age=age,
            provenance={"citations": ["K. A. Severson et al., Nat. Energy 4 (2019)"]},
        )

    def train(self) -> None:
        """Train and add a version, as the loop does."""
        from bigloop.models.training import train

        name = self.spec.name
        snapshot, champion = self.store.snapshot(name), self.store.champion(name)
        version = train(self.spec, snapshot, champion, seed=0)
        assert version is not None
        challenger = version.model_copy(update={"status": "challenger"})
        self.store.add_model(challenger, "trainer")
        if version.status == "champion":
            self.store.promote(version.id, "trainer", campaign=name)


class Clock:
    """A minute passes at every look."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The next moment."""
        self.now += timedelta(seconds=1)
        return self.now


def fill(bench: Bench, n: int) -> None:
    """`n` ended trials, then one of every other kind."""
    for index in range(n):
        trial = bench.propose("quick" if index % 3 == 1 else "full")
        failed = FailureClass.EQUIPMENT if index % 10 == 9 else None
        bench.finish(trial, failed)
        if index in (n // 2, n - 1):
            bench.train()
    bench.store.reject(bench.propose(verdict=ASK).id, "ann", "too long for tonight")
    bench.store.cancel(bench.propose().id, "ann", "no electrolyte")
    lost = bench.propose()
    claim = bench.store.take("worker")
    assert claim is not None
    assert claim.trial.id == lost.id
    bench.store.mark_unknown(claim, "the cycler lost power")
    bench.propose(verdict=ASK)


@pytest.fixture(scope="session")
def spec() -> Campaign:
    return Campaign.model_validate(SPEC)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, spec: Campaign) -> Path:
    """A folder whose store holds a campaign; copy it before you change it."""
    folder = tmp_path_factory.mktemp("filled")
    with Store.open(f"sqlite:///{folder / 'store.db'}", clock=Clock()) as store:
        fill(Bench(store, spec), 30)
    return folder


@pytest.fixture(scope="session")
def asking(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with that campaign, in which three more trials wait for a person."""
    folder = tmp_path_factory.mktemp("asking")
    shutil.copy(filled / "store.db", folder / "store.db")
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        bench = Bench(store, store.campaign("demo"), seed=5)
        bench.n = len(store.trials("demo"))
        for _ in range(3):
            bench.propose(verdict=ASK)
    return folder


@pytest.fixture(scope="session")
def cells() -> type[Cells]:
    """A table of cells with two observables, to be laid out in a folder."""
    return Cells


@pytest.fixture
def bench(tmp_path: Path, spec: Campaign) -> Bench:
    """An empty campaign on a store of its own."""
    return Bench(Store.open(f"sqlite:///{tmp_path / 'store.db'}", clock=Clock()), spec)
