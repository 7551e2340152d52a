"""A store into which everybody has written scripts, wherever they may write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from bigloop.api.context import Context
from bigloop.api.passwords import hashed
from bigloop.config import Settings
from bigloop.contracts import (
    Campaign,
    Decision,
    FailureClass,
    ModelVersion,
    Outcome,
    Proposal,
    Suggestion,
    Trial,
    Verdict,
)
from bigloop.dashboard.app import create_dashboard
from bigloop.db import Store

from .attack import ATTACK, injected, leaves
from .examples import (
    CAMPAIGN,
    CAMPAIGN_KEPT,
    DECISION,
    MODEL,
    OUTCOME,
    OUTCOME_KEPT,
    RESULT,
    SOLVENT,
)

HOST = "http://127.0.0.1"
PASSWORD = "correct horse battery"
ASK = Verdict(action="ask", who=ATTACK, reason=ATTACK)
APPROVE = Verdict(action="approve", reason=ATTACK)


def document(kind: type[Any], example: dict[str, Any], kept: set[str]) -> Any:
    """A document with a script in every text that is not kept."""
    schema = kind.model_json_schema()
    where = set(leaves(schema, schema)) - kept
    return kind.model_validate(injected(schema, schema, example, ATTACK, where))


class Clock:
    """Stands still, except where it is moved."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """The moment."""
        return self.now


class Scene:
    """The store, its server, and what may be asked of it."""

    def __init__(self, store: Store, folder: Path, clock: Clock) -> None:
        self.store, self.folder, self.clock = store, folder, clock
        settings = Settings(
            folder=folder,
            password_rounds=1,
            password_memory_kib=8,
            login_tries=999,
            login_tries_address=999,
        )
        for name, role in (("ada", "admin"), ("vic", "viewer")):
            kept = hashed(PASSWORD, settings)
            store.add_person(name, role, "root", password_hash=kept)
        self.app: FastAPI = create_dashboard(Context.of(store, folder, "", settings))
        self.spec: Campaign = document(Campaign, CAMPAIGN, CAMPAIGN_KEPT)
        store.add_campaign(self.spec, "ada")
        (note,) = RESULT["files"]
        store.add_artifact("evil", note["sha256"], ATTACK, note["size"], "ada")
        self.ada = self.entered("ada")

    def entered(self, name: str, password: str = PASSWORD) -> TestClient:
        """A browser in which somebody has logged in."""
        http = TestClient(self.app, base_url=HOST, follow_redirects=False)
        form = {"name": name, "password": password}
        assert http.post("/login", data=form).status_code == 303
        http.headers["Accept"] = "text/html"
        return http

    def proposed(self, verdict: Verdict = ASK, rate: float | None = None) -> Trial:
        """One more trial; its decision is nothing but scripts."""
        n = len(self.store.trials("evil"))
        rate = 2 + n / 1000 if rate is None else rate
        design: dict[str, float | str] = {"rate": rate, "salt": ATTACK, **SOLVENT}
        proposal = Proposal(
            campaign="evil", number=n, source="full", design=design, until_age=100
        )
        suggestion = Suggestion(
            proposal=proposal,
            decision=document(Decision, DECISION, {"runner_ups[].source"}),
            cost={"cell_cycle": 1.0, "EUR": 1.0},
        )
        return self.store.propose(suggestion, verdict, "loop")

    def waiting(self) -> dict[str, Any]:
        """The places of a trial that waits for a person."""
        return {"campaign": "evil", "trial": self.proposed().id}

    def fast(self) -> dict[str, Any]:
        """The places of a trial at a rate that a person may want to bound."""
        return {"trial": self.proposed(rate=5.0).id}

    def limited(self, rate: float = 3.5, most: float = 3.0) -> dict[str, Any]:
        """The places of a limit that a rejection has set."""
        trial = self.proposed(rate=rate)
        self.store.reject(trial.id, "ada", ATTACK, limit=f"rate <= {most}/hour")
        return {"campaign": "evil", "limit": f"limit_{trial.proposal.number}"}

    def claimed(self, *, is_running: bool, lease_s: float = 3600) -> dict[str, Any]:
        """The places of a trial that ada works on."""
        self.proposed(APPROVE)
        found = self.store.claim("ada", ["full"], lease_s, "evil")
        assert found is not None
        if is_running:
            self.store.start(found)
        return {"trial": found.trial.id, "token": found.token}

    def silent(self) -> dict[str, Any]:
        """The places of a trial that runs, and whose worker has fallen silent."""
        found = self.claimed(is_running=True, lease_s=60.0)
        self.clock.now += timedelta(seconds=61)
        return found

    def approved(self) -> dict[str, Any]:
        """The places of a trial that nobody has started."""
        return {"trial": self.proposed(APPROVE).id}

    def lost(self) -> dict[str, Any]:
        """The places of a trial whose end nobody knows."""
        self.proposed(APPROVE)
        found = self.store.take("ada", campaign="evil")
        assert found is not None
        self.store.mark_unknown(found, ATTACK)
        return {"trial": found.trial.id}

    def documents(self) -> None:
        """What comes in from agents, simulators and models, and not by HTTP."""
        outcome = document(Outcome, OUTCOME, OUTCOME_KEPT)
        failed = {
            "status": "failure",
            "failure": FailureClass.CHEMISTRY,
            "measurements": (),
        }
        for said in (outcome, outcome.model_copy(update=failed)):
            self.proposed(APPROVE)
            claim = self.store.take("ada", campaign="evil")
            assert claim is not None
            self.store.complete(claim, said)
        model = document(ModelVersion, MODEL, {"campaign", "artifact"})
        self.store.add_model(model, "trainer")
        self.limited(rate=6.0, most=5.5)

    def get(self, path: str, **given: Any) -> Any:
        """A page, asked for by ada."""
        return self.ada.get(path, **given)


@contextmanager
def opened(folder: Path) -> Iterator[Scene]:
    """A fresh one."""
    clock = Clock()
    with Store.open(f"sqlite:///{folder / 'store.db'}", clock=clock) as store:
        yield Scene(store, folder, clock)
        assert store.verify().problems == ()


def filled(path: str, known: dict[str, Any]) -> str:
    """The address of a route."""
    return re.sub(r"{(\w+)(:path)?}", lambda m: str(known[m[1]]), path)


Make = Callable[[Scene], dict[str, Any]]
