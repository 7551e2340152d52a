"""A mixture on the pages: what adds up is said where a person edits and measures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bigloop.contracts import (
    Campaign,
    Decision,
    Proposal,
    ResultError,
    SpecError,
    Suggestion,
    Trial,
    Verdict,
    parse,
)
from bigloop.dashboard.pictures.parallel import parallel
from bigloop.db import Store
from bigloop.loop.editing import preview
from bigloop.loop.history import read_history
from bigloop.loop.sheet import sheet_of

from .conftest import HOST, app_of

SPEC: dict[str, Any] = {
    "name": "mixture",
    "parameters": {name: {"low": 0, "high": 1} for name in ("EC", "DMC", "FEC")},
    "compositions": {"solvent": {"components": ["EC", "DMC", "FEC"]}},
    "observables": {"y": {}},
    "objective": {"observable": "y", "source": "lab"},
    "sources": {"lab": {"lab": "table", "observes": ["y"], "cost": {"EUR": 1}}},
    "budget": {"EUR": 10},
}
DESIGN = {"EC": 1 / 3, "DMC": 1 / 3, "FEC": 1 / 3}


@pytest.fixture
def mixture() -> Campaign:
    return parse(Campaign, SPEC, "mixture.yaml")


@pytest.fixture
def opened(mixture: Campaign, tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'mixture.db'}") as store:
        store.add_campaign(mixture, "ann")
        yield store


@pytest.fixture
def asked(opened: Store) -> Trial:
    proposal = Proposal(campaign="mixture", number=0, source="lab", design=DESIGN)
    decision = Decision(agent="random", score=0.0, terms={}, flips="another seed")
    suggestion = Suggestion(proposal=proposal, decision=decision, cost={"EUR": 1.0})
    verdict = Verdict(action="ask", who="scientist", reason="new")
    return opened.propose(suggestion, verdict, "loop")


def test_the_form_and_the_sheet_say_the_sum(
    opened: Store, asked: Trial, tmp_path: Path
) -> None:
    client = TestClient(app_of(opened, tmp_path), base_url=HOST)
    assert "solvent: EC + DMC + FEC = 1." in client.get("/c/mixture").text
    sheet = client.get(f"/t/{asked.id}/sheet").text
    assert "rounded so that it adds up: EC 0.334, DMC 0.333, FEC 0.333" in sheet


def test_what_is_missing_is_told_before_an_edit_is_sent(
    opened: Store, asked: Trial, tmp_path: Path
) -> None:
    client = TestClient(app_of(opened, tmp_path), base_url=HOST)
    form = {"set_EC": "0.2", "set_DMC": "0.5", "set_FEC": "0.2"}
    text = client.get(f"/t/{asked.id}/preview", params=form).text
    assert "EC + DMC + FEC is 0.9, not 1: 0.1 is missing" in text
    fine = preview(opened, asked, {"EC": 0.2, "DMC": 0.5, "FEC": 0.3}, None)
    assert fine.proposal.design == {"EC": 0.2, "DMC": 0.5, "FEC": 0.3}
    with pytest.raises(SpecError, match=r"0\.2 is too much"):
        preview(opened, asked, {"EC": 0.2, "DMC": 0.5, "FEC": 0.5}, None)


def test_history_that_does_not_add_up_is_refused(mixture: Campaign) -> None:
    good = b"EC,DMC,FEC,y\n0.2,0.5,0.3,1\n0.333333,0.333333,0.333333,2\n"
    assert len(read_history(mixture, sheet_of("old.csv", good), "lab").rows) == 2
    bad = good + b"0.2,0.5,0.2,3\n"
    with pytest.raises(ResultError, match=r"row 4: .* is 0\.9, not 1: 0\.1 is missing"):
        read_history(mixture, sheet_of("old.csv", bad), "lab")


def test_parallel_coordinates_say_the_sum(mixture: Campaign) -> None:
    assert "EC + DMC + FEC = 1." in parallel(mixture, []).reading
