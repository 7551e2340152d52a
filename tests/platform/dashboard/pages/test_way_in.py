"""Who is not logged in is led to the login and back, and never to another site."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from bigloop.api.context import Context
from bigloop.api.passwords import hashed
from bigloop.config import Settings
from bigloop.dashboard.app import create_dashboard
from bigloop.db import Store

HOST = "http://127.0.0.1:8000"
PASSWORD = "correct horse battery"
ELSEWHERE = [
    "https://evil.example/",
    "http:evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example/%2e%2e",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.example@127.0.0.1",
    "http://127.0.0.1:8000@evil.example/",
    "//127.0.0.1:8000.evil.example",
    "evil.example",
    "/x\r\nLocation: https://evil.example",
    "/\u2028/evil.example",
    "?next=//evil.example",
    "https:/evil.example",
]


@pytest.fixture(params=["", "/lab"])
def base(request: pytest.FixtureRequest) -> str:
    """The path under which a proxy shows the server."""
    found: str = request.param
    return found


@pytest.fixture
def sue(store: Store, tmp_path: Path, base: str) -> TestClient:
    """A browser in which nobody is logged in."""
    settings = Settings(
        folder=tmp_path,
        password_rounds=1,
        password_memory_kib=8,
        login_tries=99,
        login_tries_address=99,
    )
    kept = hashed(PASSWORD, settings)
    store.add_person("sue", "admin", "root", password_hash=kept)
    app = create_dashboard(Context.of(store, tmp_path, "", settings), base)
    http = TestClient(app, base_url=HOST, follow_redirects=False)
    http.headers["Accept"] = "text/html,application/xhtml+xml"
    return http


def enter(sue: TestClient, back: str) -> str:
    form = {"name": "sue", "password": PASSWORD, "next": back}
    answer = sue.post("/login", data=form)
    assert answer.status_code == 303
    return str(answer.headers["location"])


@pytest.mark.parametrize(
    "path", ["/", "/c/demo", "/c/demo/trials?state=failed&at=2", "/c/demo/space"]
)
def test_a_page_leads_to_the_login_and_back(
    sue: TestClient, base: str, path: str
) -> None:
    away = sue.get(path)
    assert away.status_code == 303
    there = httpx.URL(away.headers["location"])
    assert there.path == f"{base}/login"
    assert there.params["next"] == path
    assert (
        f'name="next" value="{path.replace("&", "&amp;")}"'
        in sue.get("/login", params={"next": path}).text
    )
    assert enter(sue, path) == f"{base}{path}"
    assert sue.get(f"{base}{path}").status_code == 200


def test_there_are_twenty_ways_to_another_site() -> None:
    assert len(set(ELSEWHERE)) >= 20


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_none_of_them_leads_there(sue: TestClient, base: str, elsewhere: str) -> None:
    shown = sue.get("/login", params={"next": elsewhere}).text
    assert 'name="next" value="/"' in shown
    back = enter(sue, elsewhere)
    assert back == f"{base}/"
    assert httpx.URL(f"{HOST}{base}/login").join(back).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/campaigns", {}),
        ("/api/v1/campaigns/demo/trials", {"HX-Request": "true"}),
        ("/metrics", {}),
        ("/c/demo", {"Authorization": "Bearer wrong"}),
        ("/c/demo", {"Accept": "application/json"}),
        ("/c/demo", {"Accept": "*/*"}),
    ],
)
def test_a_program_is_told_and_not_led_about(
    sue: TestClient, path: str, headers: dict[str, str]
) -> None:
    answer = sue.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"] == "UnauthenticatedError"


@pytest.mark.parametrize(
    ("page", "back"),
    [
        ("/c/demo?at=2", "/c/demo?at=2"),
        ("https://evil.example/c/demo", "/"),
        ("", "/"),
    ],
)
def test_a_part_brings_the_whole_page_back(
    sue: TestClient, base: str, page: str, back: str
) -> None:
    asked = f"{HOST}{base}{page}" if page.startswith("/") else page
    headers = {"HX-Request": "true", "HX-Current-URL": asked}
    answer = sue.get("/t/1/line", headers=headers)
    assert answer.status_code == 401
    assert httpx.URL(answer.headers["hx-redirect"]).params["next"] == back
