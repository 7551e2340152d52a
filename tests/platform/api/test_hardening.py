"""What an attacker sends, and what happens: nothing."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from bigloop.api.client import Client
from bigloop.config import Settings
from bigloop.contracts import Trial, TrialState
from bigloop.db import Store
from bigloop.loop.sheet import sheet_bytes, sheet_of

API = "/api/v1"
Browser = Callable[..., TestClient]

_UP = ["../", "..%2f", "..%252f", "%2e%2e/", "..\\", "..%5c", "....//", "..;/"]
_UP += ["%c0%ae%c0%ae/", "..%00/"]
_GOALS = ["etc/passwd", "store.db", "copy/store.db", "bigloop.yaml", "app.css/../../x"]
TRAVERSALS = [
    up * n + goal for up, n, goal in itertools.product(_UP, range(1, 5), _GOALS)
]
SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
    ],
)
def test_no_other_site_can_send_in_a_persons_name(
    browser: Browser, staffed: FastAPI, store: Store, headers: dict[str, str]
) -> None:
    sue = browser()
    sue.post("/login", data={"name": "sue", "password": "correct horse battery"})
    assert sue.get(f"{API}/me").status_code == 200
    before = store.last_seq()
    n = 0
    for route in iter_route_contexts(staffed.routes):
        for method in (route.methods or set()) - {"GET", "HEAD"}:
            answer = sue.request(method, route.path or "", headers=headers, json={})
            assert answer.status_code == 403, route.path
            n += 1
    assert n > 20
    assert store.last_seq() == before


def test_our_own_pages_can_send(browser: Browser) -> None:
    sue = browser()
    ours = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    form = {"name": "sue", "password": "correct horse battery"}
    assert sue.post("/login", data=form, headers=ours).status_code == 303


def test_without_accounts_no_foreign_name_reaches_us(app: FastAPI) -> None:
    rebound = TestClient(app, base_url="http://evil.example")
    answer = rebound.get(f"{API}/campaigns")
    assert (answer.status_code, "not this machine" in answer.text) == (403, True)


def test_two_hundred_ways_out_of_a_folder_lead_nowhere(http: TestClient) -> None:
    assert len(TRAVERSALS) == 200
    places = (f"{API}/artifacts/", "/static/", f"{API}/campaigns/demo/export/")
    for path, place in itertools.product(TRAVERSALS, places):
        url = httpx.URL(f"http://127.0.0.1:8000{place}").copy_with(
            raw_path=f"{place}{path}".encode()
        )
        answer = http.get(url)
        assert answer.status_code in (400, 404, 422), path
        assert b"SQLite format" not in answer.content
        assert b"root:" not in answer.content


def test_a_file_is_saved_and_never_shown(http: TestClient, client: Client) -> None:
    evil = b"<script>alert(1)</script>"
    name = 'a"b\r\nSet-Cookie: x=1.html'
    answer = http.post(
        f"{API}/campaigns/demo/artifacts?name={quote(name)}",
        content=evil,
        headers={"Content-Type": "text/html"},
    )
    assert answer.status_code == 200, answer.text
    saved = http.get(f"{API}/artifacts/{answer.json()['sha256']}")
    assert saved.content == evil
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment;")
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in saved.headers["content-security-policy"]
    assert "set-cookie" not in saved.headers


def test_no_error_page_repeats_what_was_asked_as_html(http: TestClient) -> None:
    answer = http.get(f"{API}/trials/{quote(SCRIPT, safe='')}")
    assert answer.headers["content-type"] == "application/json"
    form = http.post("/login", data={"name": SCRIPT, "password": "x"})
    assert "<script>alert" not in form.text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_csv_is_a_formula_and_reading_gives_it_back(start: str) -> None:
    cell = f"{start}HYPERLINK(1)"
    texts = [cell, f"'{cell}", "it's"]
    rows = [{"a": text, "b": -1.5} for text in texts]
    content = sheet_bytes(".csv", ["a", "b"], rows)
    lines = content.decode().replace('"', "").splitlines()
    assert not [line for line in lines if line.startswith(("=", "+", "-", "@", "\t"))]
    back = [cells for _, cells in sheet_of("x.csv", content).rows]
    assert [a.strip() for a, _ in back] == [text.strip() for text in texts]
    assert [float(b) for _, b in back] == [-1.5] * 3


def test_an_export_holds_no_formula(client: Client, waiting: Trial) -> None:
    client.reject(waiting, "=cmd|' /C calc'!A0")
    text = client.export("demo", "trials").decode()
    assert "'=cmd" in text
    assert ",=cmd" not in text


def test_what_is_too_large_is_refused(
    http: TestClient, settings: Settings, store: Store, folder: Path
) -> None:
    huge = json.dumps({"reason": "x" * settings.serve_body_bytes}).encode()
    before = store.last_seq()
    answer = http.post(f"{API}/campaigns/demo/pause", content=huge)
    assert answer.status_code == 413

    def parts() -> Any:
        yield from (b"x" * 2**20 for _ in range(8))

    streamed = http.post(f"{API}/campaigns/demo/pause", content=parts())
    assert streamed.status_code == 413
    assert store.last_seq() == before


def test_a_file_that_is_too_large_leaves_nothing(
    folder: Path, store: Store, settings: Settings
) -> None:
    from bigloop.api.app import create_app
    from bigloop.api.context import Context

    small = settings.model_copy(update={"artifact_bytes": 1000})
    app = create_app(Context.of(store, folder, "ann", small))
    http = TestClient(app, base_url="http://127.0.0.1")
    answer = http.post(f"{API}/campaigns/demo/artifacts?name=x", content=b"x" * 1001)
    assert answer.status_code == 413
    assert list((folder / "artifacts").rglob("*")) == []
    assert store.artifacts("demo") == []


async def _at_once(app: FastAPI, trials: list[str], n: int) -> list[list[int]]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", timeout=120
    ) as http:

        async def approve(trial: str, who: int) -> int:
            answer = await http.post(
                f"{API}/trials/{trial}/approve", json={"reason": f"by {who}"}
            )
            return answer.status_code

        return [
            await asyncio.gather(*(approve(trial, who) for who in range(n)))
            for trial in trials
        ]


@pytest.mark.parametrize("rows", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_of_fifty_approvals_of_one_row_at_once_one_succeeds(
    bench: Any, tmp_path: Path, rows: int
) -> None:
    from bigloop.api.app import create_app
    from bigloop.api.context import Context
    from bigloop.contracts import Verdict

    ask = Verdict(action="ask")
    ids = []
    for _ in range(rows):
        ids.append(bench.propose("quick", ask).id)
    app = create_app(Context.of(bench.store, tmp_path, "ann"))
    # In a thread of its own: Playwright leaves a running loop in that of the tests.
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(asyncio.run, _at_once(app, ids, 50)).result()
    for codes in found:
        assert sorted(codes) == [200, *[409] * 49]
    states = {trial.state for trial in bench.store.trials("demo")}
    assert states == {TrialState.APPROVED}
    approvals = [e for e in bench.store.every_event() if e.kind == "trial.approved"]
    assert len(approvals) == rows
    assert bench.store.verify().problems == ()
