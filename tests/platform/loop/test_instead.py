from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bigloop.agents import MultiFidelityAgent, RandomAgent
from bigloop.contracts import Campaign, TrialState
from bigloop.db import Store
from bigloop.loop.instead import appraise, instead
from bigloop.loop.sight import sight, stock


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(filled / "store.db", tmp_path / "store.db")
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


@pytest.fixture
def waiting(store: Store) -> str:
    return store.trials("demo", [TrialState.AWAITING_APPROVAL])[0].id


def test_it_is_what_the_agent_proposes_once_it_is_rejected(
    store: Store, spec: Campaign, waiting: str
) -> None:
    before = instead(
        MultiFidelityAgent(spec), sight(store, "demo", without=waiting), "full"
    )
    n = store.last_seq()
    store.reject(waiting, "ann", "try it")
    after = instead(MultiFidelityAgent(spec), sight(store, "demo"), "full")
    assert store.last_seq() == n + 1
    assert before == after
    assert before.suggestion is not None


def test_the_reservation_is_given_back_in_what_the_agent_sees(
    store: Store, waiting: str
) -> None:
    held = sight(store, "demo").state.accounts["cell_cycle"].reserved
    freed = sight(store, "demo", without=waiting).state.accounts["cell_cycle"].reserved
    assert held - freed == store.trial(waiting).reserved["cell_cycle"]


def test_a_trial_is_appraised_as_the_agent_values_its_own(
    store: Store, spec: Campaign, waiting: str
) -> None:
    seen = sight(store, "demo", without=waiting)
    agent = MultiFidelityAgent(spec)
    (own,) = agent.propose(seen.state, tuple(spec.sources), 1)
    (said,) = appraise(agent, seen, [own.proposal])
    assert said is not None
    assert "knowledge gradient" in own.decision.agent
    assert said.score == pytest.approx(own.decision.score)
    for name in ("gain", "sd_epistemic", "sd_aleatoric", "mean"):
        assert said.terms[name].value == pytest.approx(own.decision.terms[name].value)


def test_an_agent_that_cannot_score_says_nothing(
    store: Store, spec: Campaign, waiting: str
) -> None:
    proposal = store.trial(waiting).proposal
    assert appraise(RandomAgent(spec), sight(store, "demo"), [proposal]) == [None]


def test_stock_is_asked_of_the_laboratory_only_where_it_lists_candidates(
    spec: Campaign, tmp_path: Path
) -> None:
    assert stock(spec, tmp_path) is None
    known = Campaign.model_validate(
        {
            **spec.model_dump(mode="json"),
            "parameters": {
                "C1": {"low": 1, "high": 8, "unit": "1/hour"},
                "Q1": {"low": 0, "high": 0.8},
                "C2": {"low": 3, "high": 6, "unit": "1/hour"},
            },
            "candidates": "full",
        }
    )
    listed = stock(known, tmp_path)
    assert listed is not None
    assert sum(item.specimens for item in listed) > 100
    lost = known.model_copy(
        update={
            "sources": {
                "full": known.sources["full"].model_copy(
                    update={"options": {"table": "gone.yaml"}}
                )
            }
        }
    )
    assert stock(lost, tmp_path) is None


def test_what_the_budget_does_not_pay_for_has_no_score(
    store: Store, spec: Campaign, waiting: str
) -> None:
    seen = sight(store, "demo", without=waiting)
    poor = {
        name: account.model_copy(update={"spent": account.limit})
        for name, account in seen.state.accounts.items()
    }
    broke = replace(seen, state=seen.state.model_copy(update={"accounts": poor}))
    proposal = store.trial(waiting).proposal
    assert appraise(MultiFidelityAgent(spec), broke, [proposal]) == [None]
    assert instead(MultiFidelityAgent(spec), broke, "full").suggestion is None
