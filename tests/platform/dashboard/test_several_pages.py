"""No page breaks, or says anything untrue, where several observables decide."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bigloop.api.context import Context
from bigloop.cli import main
from bigloop.contracts import Recommendation
from bigloop.dashboard.app import create_dashboard
from bigloop.dashboard.fronts import measured_front, together
from bigloop.dashboard.report import render
from bigloop.dashboard.study import study
from bigloop.dashboard.worth import running_worth
from bigloop.db import Store

PAGES = ("", "/trials", "/learning", "/cost", "/sources", "/space", "/events", "/umap")


@pytest.fixture(scope="module", params=["front", "bound", "never"])
def folder(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    cells: Any,
) -> Path:
    table = cells(tmp_path_factory.mktemp("both"))
    goals = {
        "front": table.required("{at_least: 4.5}", table.front),
        "bound": table.required("{at_most: 6000, unit: milligram}"),
        "never": table.required("{at_most: 1, unit: milligram}"),
    }
    file = table.write("both", goals[request.param], 7)
    place: Path = table.folder
    line = ["--folder", str(place), "run", str(file), "--executor", "in-process"]
    assert main(line) == 0
    return place


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{folder / 'store.db'}") as opened:
        yield opened


def test_every_page_answers(store: Store, folder: Path) -> None:
    app = create_dashboard(Context.of(store, folder, local="ann"), "")
    client = TestClient(app, base_url="http://127.0.0.1")
    last = store.trials("both")[-1].id
    for path in (
        *(f"/c/both{page}" for page in PAGES),
        f"/t/{last}",
        f"/t/{last}/sheet",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "Traceback" not in answer.text
    overview = client.get("/").text
    assert "keep all requirements" in overview or "keeps all requirements" in overview
    assert "has to keep mass" in client.get("/c/both/sources").text


def drawn(html: str) -> dict[str, dict[str, Any]]:
    """The charts of a page by key."""
    found = re.findall(r'id="chart-([\w-]+)-data">(.*?)</script>', html)
    return {key: json.loads(text) for key, text in found}


@pytest.fixture
def client(store: Store, folder: Path) -> TestClient:
    app = create_dashboard(Context.of(store, folder, local="ann"), "")
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.mark.parametrize("name", ["power", "mass"])
def test_the_doubt_of_everything_that_decides_is_shown_over_time(
    store: Store, client: TestClient, name: str
) -> None:
    chart = drawn(client.get("/c/both/learning").text)[f"uncertainty-{name}"]
    tracks = {s["name"]: s["points"] for s in chart["series"]}
    # The first decision, before any result, states the prior alone.
    is_alone = not store.campaign("both").objectives and name == "power"
    suffix = "" if is_alone else f"_{name}"
    for kind in ("epistemic", "aleatoric"):
        stated = [
            [t.proposal.number + 1, t.decision.terms[f"sd_{kind}{suffix}"].value]
            for t in store.trials("both")
            if t.proposal.number > 0
            and t.decision is not None
            and f"sd_{kind}{suffix}" in t.decision.terms
        ]
        assert len(stated) >= 2
        assert tracks[kind] == stated
    assert f"Uncertainty of {name} over time" in render(store, "both")


def test_everything_that_decides_has_an_axis(store: Store, client: TestClient) -> None:
    every = together(store.campaign("both"), store.observations("both"))
    for colour in ("power", "mass"):
        html = client.get(f"/c/both/space?colour={colour}").text
        chart = drawn(html)["parallel"]["parallel"]
        names = [axis["name"] for axis in chart["axes"]]
        assert names == ["x [1]", "z [1]", "power [watt]", "mass [gram]"]
        assert names[chart["colour"]].startswith(colour)
        rows = sorted(tuple(row) for row in chart["rows"])
        shown = [(*m.design.values(), m.means["power"], m.means["mass"]) for m in every]
        assert rows == sorted(shown)
        (dots,) = [s for s in drawn(html)["pca"]["series"] if s["colour"] == "scale"]
        assert dots["name"].startswith(colour)
        assert "power" in dots["titles"][0]
        assert "mass" in dots["titles"][0]
        assert f"umap?colour={colour}" in html


def test_nothing_is_empty_without_a_reason(client: TestClient) -> None:
    for path in ("learning", "space", "cost", "sources"):
        html = client.get(f"/c/both/{path}").text
        charts = drawn(html)
        assert all(
            c.get("parallel") or any(s["points"] for s in c["series"])
            for c in charts.values()
        )
        for figure in re.findall(r"<figure.*?</figure>", html, re.DOTALL):
            said = re.search(r"<figcaption>(.*?)</figcaption>", figure, re.DOTALL)
            assert "chart-" in figure or said is None or len(said[1]) > 20


def test_what_a_trial_would_teach_is_said_of_everything(
    store: Store, client: TestClient
) -> None:
    last = store.trials("both")[-1].id
    text = client.get(f"/t/{last}").text
    assert "of the variance of one result" in text
    assert "result of mass here is epistemic" in text


def test_the_report_states_the_set_or_why_there_is_none(
    store: Store, folder: Path
) -> None:
    html = render(store, "both")
    found = study(store, "both")
    if found.best is None:
        assert "none that keeps all requirements, which alone decides" in html
    else:
        assert "holds with probability" in html
        assert ("the compromise" in html) == bool(found.spec.objectives)


def test_the_line_counts_what_keeps_the_requirements(store: Store) -> None:
    found = study(store, "both")
    worth = running_worth(found.spec, found.timeline.results)
    front = measured_front(found.spec, found.observations)
    assert len(worth) == 7
    counted = [value for value in worth if value is not None]
    assert counted == sorted(counted)
    if not front.n_feasible:
        assert counted == []
    elif found.spec.objectives:
        assert counted[-1] == pytest.approx(front.hypervolume)
    else:
        best = max(p.means["power"] for p in front.points)
        assert counted[-1] == pytest.approx(best)


def test_what_is_recommended_is_not_beaten_by_what_was_measured(store: Store) -> None:
    best: Recommendation | None = study(store, "both").best
    front = measured_front(store.campaign("both"), store.observations("both"))
    assert (best is None) or front.n_feasible > 0
