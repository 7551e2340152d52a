from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bigloop.api.app import create_app
from bigloop.api.context import Context
from bigloop.api.sessions import COOKIE
from bigloop.config import Settings
from bigloop.dashboard.pages.router import router
from bigloop.db import Store

PASSWORD = "correct horse battery"
Browser = Callable[..., TestClient]


def enter(browser: TestClient, name: str = "sue", **more: str) -> Any:
    return browser.post("/login", data={"name": name, "password": PASSWORD, **more})


def test_a_page_leads_to_the_login_and_back(browser: Browser) -> None:
    sue = browser()
    away = sue.get("/?x=1")
    assert (away.status_code, away.headers["location"]) == (
        303,
        "/login?next=/%3Fx%3D1",
    )
    form = sue.get(away.headers["location"])
    assert 'value="/?x=1"' in form.text
    answer = enter(sue, next="/?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?x=1")
    assert sue.get("/").status_code == 200
    assert "sue" in sue.get("/").text


def test_the_cookie_is_for_us_alone(browser: Browser) -> None:
    sue = browser()
    said = enter(sue).headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert part in said
    assert "Secure" not in said
    far = enter(browser().__class__(sue.app, base_url="http://lab.example"))
    cookie = far.headers.get("set-cookie") or far.history[0].headers["set-cookie"]
    assert "Secure" in cookie


def test_a_login_gives_a_new_session_and_ends_the_old(browser: Browser) -> None:
    sue = browser()
    enter(sue)
    first = sue.cookies[COOKIE]
    enter(sue)
    assert sue.cookies[COOKIE] != first
    thief = browser()
    thief.cookies.set(COOKIE, first)
    assert thief.get("/").status_code == 303


def test_logout_ends_the_session(browser: Browser) -> None:
    sue = browser()
    enter(sue)
    kept = sue.cookies[COOKIE]
    assert sue.post("/logout").headers["location"] == "/login"
    sue.cookies.set(COOKIE, kept)
    assert sue.get("/").status_code == 303


def test_it_does_not_say_whether_the_name_exists(browser: Browser) -> None:
    wrong = browser().post("/login", data={"name": "sue", "password": "x" * 12})
    nobody = browser().post("/login", data={"name": "eve", "password": "x" * 12})
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    assert wrong.text.replace("sue", "eve") == nobody.text


def test_attempts_are_limited_for_a_name_over_restarts(
    browser: Browser, store: Store, settings: Settings, staffed: FastAPI
) -> None:
    for n in range(settings.login_tries):
        there = browser(address=f"10.0.0.{n}")
        assert (
            there.post("/login", data={"name": "sue", "password": "no"}).status_code
            == 401
        )
    again = create_app(Context.of(store, settings.folder, settings=settings), [router])
    late = enter(browser(again, "10.0.0.99"))
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= settings.login_window_s
    assert enter(browser(), "olga").status_code == 303


def test_attempts_are_limited_for_an_address(
    browser: Browser, settings: Settings
) -> None:
    there = browser(address="10.9.9.9")
    codes = [
        there.post("/login", data={"name": f"n{i}", "password": "no"}).status_code
        for i in range(settings.login_tries_address + 1)
    ]
    assert set(codes[:-1]) == {401}
    assert codes[-1] == 429


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", ""],
)
def test_it_leads_nowhere_else(browser: Browser, elsewhere: str) -> None:
    assert enter(browser(), next=elsewhere).headers["location"] == "/"
    form = browser().get("/login", params={"next": elsewhere})
    assert 'name="next" value="/"' in form.text


def test_under_a_path_everything_stays_below_it(
    store: Store, settings: Settings, staffed: FastAPI, browser: Browser
) -> None:
    app = create_app(
        Context.of(store, settings.folder, settings=settings),
        [router],
        "/lab",
    )
    sue = browser(app)
    assert sue.get("/").headers["location"] == "/lab/login?next=/"
    answer = enter(sue)
    assert answer.headers["location"] == "/lab/"
    assert "Path=/lab" in answer.headers["set-cookie"]


def test_a_part_of_a_page_leads_the_whole_page_to_the_login(browser: Browser) -> None:
    answer = browser().get("/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login?next=/"


def test_without_accounts_there_is_nothing_to_log_in_to(
    app: FastAPI, store: Store, settings: Settings, browser: Browser
) -> None:
    # `browser` made accounts: from now on they are asked for, without a restart.
    local = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    assert local.get("/api/v1/me").status_code == 401


def test_local_mode_names_who_started_it(http: TestClient) -> None:
    assert http.get("/api/v1/me").json() == {
        "name": "ann",
        "role": "admin",
        "via": "nobody",
    }
