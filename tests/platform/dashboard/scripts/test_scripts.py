"""Fifty scripts in every field for text: found by the schema, and shown as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from bigloop.dashboard.landscape import pca
from bigloop.dashboard.pages import space
from bigloop.dashboard.report import render

from .attack import ATTACK, MARK, STRINGS, dangers
from .forms import (
    PAID,
    REFUSED,
    addresses,
    ask,
    every_address,
    fields,
    page_routes,
    places,
    write,
)
from .operations import EXAMPLES, bodies, write_all
from .scene import Scene, filled, opened


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A store in which agents, simulators and models have written scripts."""
    with opened(tmp_path_factory.mktemp("scripts")) as scene:
        scene.documents()
        yield scene


@pytest.fixture(scope="module")
def typed(scene: Scene) -> dict[tuple[str, str], list[str]]:
    """People have typed scripts into every form; what was wrong, by route and field."""
    return {where[1:]: write(scene, *where) for where in list(fields(scene))}


@pytest.fixture(scope="module")
def sent(scene: Scene, typed: Any) -> list[str]:
    """Programs have sent scripts to every operation; what was wrong."""
    return write_all(scene)


def test_there_are_fifty_and_each_would_be_found() -> None:
    assert len(set(STRINGS)) == 50
    assert dangers(f"<p>{ATTACK}</p>")
    runs = [text for text in STRINGS if re.search(rf"<\w+ {MARK}", text)]
    assert [text for text in runs if not dangers(f"<p>{text}</p>")] == []
    assert dangers(f'<p title="x" {MARK} onfocus=alert(1)>')
    assert dangers("<a href=' java\nscript:alert(1)'>")


def test_every_text_field_of_every_form_takes_them_as_text(
    scene: Scene, typed: dict[tuple[str, str], list[str]]
) -> None:
    routes = {context.path for context in page_routes(scene, "POST")}
    assert {route for route, _ in typed} == routes - {"/logout"}
    assert {name for _, name in typed} > REFUSED
    assert "\n".join(problem for found in typed.values() for problem in found) == ""


def test_every_text_field_of_the_api_takes_them_as_text(sent: list[str]) -> None:
    assert {name for name, _ in bodies()} == set(EXAMPLES)
    assert "\n".join(sent) == ""


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """UMAP takes a minute to be compiled; its page shows another map the same way."""
    monkeypatch.setattr(space, "umap", lambda found, early, *_: pca(found, early))


@pytest.mark.usefixtures("at_once", "typed", "sent")
def test_no_page_shows_them_as_anything_but_text(scene: Scene) -> None:
    found, wrong = {}, []
    for address in every_address(scene):
        answer = scene.get(address, params=PAID)
        assert answer.status_code < 500, address
        if "html" not in answer.headers.get("content-type", ""):
            continue
        found[address] = answer.text
        wrong += [f"{address}: {danger}" for danger in dangers(answer.text)]
        csp = answer.headers["content-security-policy"]
        assert "script-src 'self'" in csp
        assert "unsafe" not in csp
    assert "\n".join(wrong) == ""
    # They are there: what is looked at is not empty.
    assert sum("&lt;script" in text for text in found.values()) > 20


@pytest.mark.usefixtures("sent")
def test_no_page_runs_what_stands_in_its_address(scene: Scene) -> None:
    wrong = [problem for path in addresses(scene) for problem in ask(scene, path)]
    known = places(scene)
    for path in addresses(scene):
        for name in known.keys() & set(path.replace("}", "{").split("{")):
            evil = filled(path, known | {name: quote(ATTACK, safe="")})
            answer = scene.get(evil, params=PAID)
            assert answer.status_code in (404, 422), evil[:80]
            wrong += [f"{path}: {danger}" for danger in dangers(answer.text)]
    assert "\n".join(wrong) == ""


@pytest.mark.usefixtures("sent")
def test_the_report_shows_them_as_text(scene: Scene) -> None:
    html = render(scene.store, "evil")
    assert "&lt;script" in html
    assert dangers(html) == []
