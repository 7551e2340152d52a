"""Every page: what it says, what it escapes, and what it says when there is nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bigloop.contracts import SourceError, TrialState
from bigloop.dashboard.landscape import pca
from bigloop.dashboard.pages import space
from bigloop.dashboard.pages.trial import code
from bigloop.db import Store

PAGES = ("", "/bench", "/trials", "/learning", "/cost", "/sources", "/space", "/events")


class Outline(HTMLParser):
    """Tags that are open, addresses, and ids."""

    VOID = frozenset({"meta", "br", "path", "circle", "link", "input", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "action", "hx-get", "hx-post"):
                self.loads.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            assert name != "style"
            assert not name.startswith("on")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag, tag


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    return found


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_well_formed_and_load_from_here_alone(
    client: TestClient, path: str
) -> None:
    answer = client.get(f"/c/demo{path}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    for address in outline(answer.text).loads:
        assert address.startswith(("/", "#main")), address
    assert "<under>" not in answer.text
    assert not re.search(r"<script(?![^>]*(src=|application/json))", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_a_new_campaign_say_that_there_is_nothing(
    empty: TestClient, path: str
) -> None:
    answer = empty.get(f"/c/demo{path}")
    assert answer.status_code == 200
    outline(answer.text)
    assert re.search(r"[Nn]othing|No |no |fewer than", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_every_chart_says_how_to_read_it_and_on_how_many_it_rests(
    client: TestClient, path: str
) -> None:
    for figure in re.findall(
        r"<figure.*?</figure>", client.get(f"/c/demo{path}").text, re.S
    ):
        assert 'class="reading"' in figure
        if "<figcaption>" in figure:
            assert re.search(r"n = \d+", figure.split("<figcaption>")[1])
        for text in re.findall(r'-data">(.*?)</script>', figure, re.S):
            spec = json.loads(text)
            assert spec["series"] or spec["parallel"]


def test_best_so_far_has_results_of_the_target_alone(
    client: TestClient, store: Store
) -> None:
    text = client.get("/c/demo/learning").text
    found = re.search(r'id="chart-best-data">(.*?)</script>', text, re.S)
    assert found is not None
    dots = json.loads(found.group(1))["series"][0]["points"]
    target = [
        o.value
        for o in store.observations("demo")
        if o.source == "full" and o.observable == "life"
    ]
    assert sorted(y for _, y in dots) == sorted(target)


def test_uncertainty_is_split_and_trainings_are_marked(client: TestClient) -> None:
    text = client.get("/c/demo/learning").text
    found = re.search(r'id="chart-uncertainty-data">(.*?)</script>', text, re.S)
    assert found is not None
    spec = json.loads(found.group(1))
    assert [s["name"] for s in spec["series"]] == [
        "epistemic",
        "aleatoric",
        "new result",
    ]
    assert len(spec["marks"]) == 2
    assert spec["y"]["title"] == "standard deviation [relative]"


def test_a_trial_says_why_and_what_would_flip_it(
    client: TestClient, store: Store
) -> None:
    trial = store.trials("demo", [TrialState.COMPLETED])[-1]
    text = client.get(f"/t/{trial.id}").text
    outline(text)
    for said in (
        "multi-fidelity: knowledge gradient",
        "sd epistemic",
        "% of the variance of one result here is epistemic",
        "with its cost x 2, quick would have won",
        "Runner-ups",
        "Nearest that was measured",
        "Severson",
        "trial.completed",
    ):
        assert said in text
    assert client.get(f"/t/{trial.id[:8]}").status_code == 200
    assert client.get("/t/feedfeedfeed").status_code == 404


def test_a_run_sheet_has_every_setting_and_its_own_address(
    client: TestClient, waiting: str
) -> None:
    text = client.get(f"/t/{waiting}/sheet").text
    outline(text)
    assert "not to be run yet" in text
    assert f"http://127.0.0.1/t/{waiting}" in text
    assert 'class="code"' in text
    assert "cycles" in text


def test_the_code_is_that_of_the_address() -> None:
    """Read back with the tables of the encoder: the same matrix, module by module."""
    import segno

    made = segno.make("http://127.0.0.1/t/0123456789abcdef", error="q", micro=False)
    text = code("http://127.0.0.1/t/0123456789abcdef")
    size = made.symbol_size(border=2)[0]
    assert f'viewBox="0 0 {size} {size}"' in text
    assert made.error == "Q"


def test_events_are_filtered_paged_exported_and_checked(
    client: TestClient, store: Store
) -> None:
    text = client.get("/c/demo/events", params={"kind": "model.promoted"}).text
    assert "model.promoted</td>" in text
    assert "trial.proposed</td>" not in text
    none = client.get("/c/demo/events", params={"text": "no such words"}).text
    assert "No event fits" in none
    second = client.get("/c/demo/events", params={"at": 2}).text
    assert "101 to" in second
    lines = client.get("/c/demo/events.jsonl").text.splitlines()
    assert len(lines) == store.last_seq()
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert "The chain holds" in client.get("/c/demo/verified").text
    assert client.get("/c/demo/events/3").status_code == 200
    assert client.get("/c/demo/events/99999").status_code == 404


def test_a_trial_is_found_by_state_and_source(client: TestClient, store: Store) -> None:
    text = client.get("/c/demo/trials", params={"state": "rejected"}).text
    assert "too long for tonight" in text
    assert text.count("<tr data-item") == 1
    text = client.get("/c/demo/trials", params={"source": "quick"}).text
    n = sum(t.proposal.source == "quick" for t in store.trials("demo"))
    assert text.count("<tr data-item") == n


def test_pages_stand_under_a_path(app: FastAPI) -> None:
    async def under(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "root_path": "/lab"}
        await app(scope, receive, send)

    client = TestClient(under, base_url="http://127.0.0.1")
    for path in PAGES:
        text = client.get(f"/lab/c/demo{path}").text
        for address in outline(text).loads:
            assert address.startswith(("/lab/", "#main")), address
    assert client.get("/lab/nothing").status_code == 404


def test_mlflow_is_a_link_only_where_there_is_a_server(
    client: TestClient, store: Store
) -> None:
    model = store.models("demo")[0].id
    assert "mlflow ui" in client.get("/c/demo/learning").text
    refused = client.get(f"/c/demo/models/{model}/mlflow")
    assert refused.status_code == 422
    assert "has no address here" in refused.text


def test_texts_of_people_cannot_leave_their_place(
    client: TestClient, store: Store, waiting: str
) -> None:
    evil = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>'
    store.reject(waiting, evil, evil)
    store.set_status("demo", "paused", evil, evil)
    for path in ("/c/demo", "/c/demo/events", "/c/demo/trials", f"/t/{waiting}", "/"):
        text = client.get(path).text
        outline(text)
        assert "<img" not in text
        assert "<script>alert" not in text
    line = client.get(f"/t/{waiting}/line").text
    assert "&lt;img" in line


def test_two_observables_are_chosen_and_their_goals_turned(client: TestClient) -> None:
    text = client.get("/c/demo/space").text
    assert "large life and small early" in text
    asked = {"source": "full", "x": "early", "y": "nonsense", "x_goal": "maximize"}
    text = client.get("/c/demo/space", params=asked).text
    assert "large early and large life" in text


def test_a_map_that_could_not_be_made_is_said(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise SourceError("the map was not made: its process ended; load the page")

    monkeypatch.setattr(space, "umap", broken)
    answer = client.get("/c/demo/umap")
    assert answer.status_code == 200
    assert "The map was not made: its process ended; load the page." in answer.text
    monkeypatch.setattr(space, "umap", lambda found, early, *_: pca(found, early))
    assert "The map was not made" not in client.get("/c/demo/umap").text
