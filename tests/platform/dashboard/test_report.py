from __future__ import annotations

import re
import shutil
import sqlite3
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bigloop.contracts import Campaign, NotFoundError
from bigloop.dashboard.recommendation import recommend
from bigloop.dashboard.report import render
from bigloop.db import Store


def opened(folder: Path) -> Store:
    return Store.open(f"sqlite:///{folder / 'store.db'}")


@pytest.fixture(scope="module")
def html(filled: Path) -> str:
    with opened(filled) as store:
        return render(store, "demo")


class Outline(HTMLParser):
    """Tags that are open, attributes that load, ids of trials."""

    VOID = frozenset({"meta", "br", "path", "circle"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[tuple[str, str]] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "srcset", "data", "action"):
                self.loads.append((name, value or ""))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    return parser


def test_page_is_well_formed_and_loads_nothing(html: str) -> None:
    found = outline(html)
    assert found.open == []
    assert found.loads == []
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(found.tags)
    assert not re.search(r"https?://|url\(|@import|//[a-z]+\.", html)


def test_texts_of_the_campaign_are_escaped(html: str) -> None:
    assert "Longest life &lt;under&gt; a &amp; b" in html
    assert "<under>" not in html


def test_verdict_comes_first_with_units_interval_and_n(html: str) -> None:
    head = html[: html.index("How the search went")]
    assert re.search(r"rate\s=\s[\d.]+\s1/h, soc\s=\s[\d.]+", head)
    assert re.search(r"[\d,]+ cycles</b> expected, 90 % interval [\d,]+ to", head)
    assert re.search(r"n = \d+ of this design", head)
    assert "% of the exhaustive study" in head
    assert "nominal" in head
    assert "2 batches" in head


def test_every_figure_says_on_how_many_it_rests(html: str) -> None:
    figures = re.findall(r"<figure>.*?</figure>", html, re.S)
    assert len(figures) == 7
    for figure in figures:
        assert "<svg" in figure
        assert re.search(r"n = \d+", figure.split("<figcaption")[1])


def test_best_so_far_shows_target_results_only(filled: Path, html: str) -> None:
    with opened(filled) as store:
        target = [
            o
            for o in store.observations("demo")
            if o.source == "full" and o.observable == "life"
        ]
    figure = html[html.index("Best so far") : html.index("Uncertainty over time")]
    assert figure.count("<circle") == len(target) > 10


def test_trainings_are_marked(html: str) -> None:
    figure = html[html.index("Uncertainty over time") : html.index("What it cost")]
    assert figure.count('class="mark') == 2


def test_troubles_are_told_with_reasons(html: str) -> None:
    part = html[html.index("What went wrong") : html.index("<h2>Trials</h2>")]
    for text in ("too long for tonight", "no electrolyte", "the cycler lost power"):
        assert text in part
    assert "equipment failure: contact lost" in part


def test_every_trial_has_its_why(filled: Path, html: str) -> None:
    with opened(filled) as store:
        trials = store.trials("demo")
    table = html[html.index("<h2>Trials</h2>") :]
    assert table.count("<details>") == len(trials)
    assert all(trial.id in table for trial in trials)


def test_provenance_names_hash_seed_chain_and_citations(html: str) -> None:
    part = html[html.index("<h2>Provenance</h2>") :]
    assert re.search(r"[0-9a-f]{64}", part)
    assert "verified:" in part
    assert "Severson" in part


def test_light_dark_print_and_narrow_are_provided_for(html: str) -> None:
    for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 720px"):
        assert rule in html


def test_few_held_out_specimens_are_too_few_to_judge(html: str) -> None:
    part = html[html.index("Calibration of the champion") :]
    assert "Too few to judge" in part


def test_a_campaign_without_trials_says_so(tmp_path: Path, spec: Campaign) -> None:
    with opened(tmp_path) as store:
        store.add_campaign(spec, "tester")
        html = render(store, "demo")
    assert outline(html).open == []
    assert "No recommendation yet" in html
    assert "Nothing has been proposed." in html
    assert "<svg" not in html


def test_trials_without_results_are_no_result(bench: Any) -> None:
    bench.finish(bench.propose("quick"))
    html = render(bench.store, "demo")
    bench.store.close()
    assert "No result of full, which alone decides." in html
    assert "No result of full yet." in html


def test_a_broken_chain_is_the_loudest_caveat(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "store.db"
    shutil.copy(filled / "store.db", copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE trials SET reason = 'forged' WHERE number = 3")
    connection.close()
    with opened(tmp_path) as store:
        html = render(store, "demo")
    assert "The audit chain does not verify" in html
    assert "NOT verified" in html


def test_unknown_campaign_is_refused(filled: Path) -> None:
    with opened(filled) as store, pytest.raises(NotFoundError, match="there are demo"):
        render(store, "nope")


def test_a_known_recommendation_is_taken_as_it_is(filled: Path) -> None:
    with opened(filled) as store:
        best = recommend(store, "demo")
        assert best is not None
        other = best.model_copy(update={"mean": 4321.0})
        assert "4,321 cycles" in render(store, "demo", other)
        assert "4,321 cycles" not in render(store, "demo")
