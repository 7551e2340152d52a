from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bigloop.api import tokens
from bigloop.db import Store

API = "/api/v1"
Token = Callable[[str], str]


def entered(browser: Callable[..., TestClient], name: str) -> TestClient:
    person = browser()
    form = {"name": name, "password": "correct horse battery"}
    assert person.post("/login", data=form).status_code == 303
    person.headers["Accept"] = "application/json"
    return person


def asked(app: FastAPI, token: str) -> TestClient:
    bearer = {"Authorization": f"Bearer {token}"}
    return TestClient(app, base_url="http://127.0.0.1", headers=bearer)


def test_an_admin_lets_people_in(browser: Any, store: Store) -> None:
    ada = entered(browser, "ada")
    new = {"name": "max", "role": "viewer", "password": "long enough 1"}
    assert ada.post(f"{API}/people", json=new).json()["role"] == "viewer"
    changed = ada.put(f"{API}/people/max/role", json={"role": "operator"})
    assert changed.json()["role"] == "operator"
    assert ada.delete(f"{API}/people/max").status_code == 204
    assert "max" not in [p["name"] for p in ada.get(f"{API}/people").json()]
    actors = {e.actor for e in store.events(after=store.last_seq() - 3)}
    assert actors == {"ada"}


def test_passwords_are_changed_by_who_knows_the_old_one(browser: Any) -> None:
    olga = entered(browser, "olga")
    body = {"old": "wrong", "password": "another good one"}
    assert olga.post(f"{API}/me/password", json=body).status_code == 401
    body["old"] = "correct horse battery"
    assert olga.post(f"{API}/me/password", json=body).status_code == 200
    assert olga.get(f"{API}/me").status_code == 401
    short = {"old": "another good one", "password": "short"}
    form = {"name": "olga", "password": "another good one"}
    again = browser()
    again.post("/login", data=form)
    answer = again.post(f"{API}/me/password", json=short)
    assert answer.status_code == 422


def test_a_token_is_shown_once_and_may_no_more_than_its_person(
    browser: Any, staffed: FastAPI, store: Store
) -> None:
    olga = entered(browser, "olga")
    too_much = {"role": "scientist", "label": "x"}
    assert olga.post(f"{API}/tokens", json=too_much).status_code == 422
    made = olga.post(f"{API}/tokens", json={"role": "operator", "label": "cycler"})
    text = made.json()["token"]
    assert asked(staffed, text).get(f"{API}/me").json()["via"] == "token"
    listed = olga.get(f"{API}/tokens").text
    assert text not in listed
    assert text.rpartition("_")[2] not in listed
    store.set_role("olga", "viewer", "ada")
    assert asked(staffed, text).get(f"{API}/me").json()["role"] == "viewer"
    id_ = made.json()["known"]["id"]
    assert olga.delete(f"{API}/tokens/{id_}").status_code == 204
    assert asked(staffed, text).get(f"{API}/me").status_code == 401


def test_a_token_expires(staffed: FastAPI, store: Store) -> None:
    then = datetime.now(UTC) - timedelta(days=2)
    with Store.open(str(store._engine.url), clock=lambda: then) as past:
        past.make_token(
            "aaaa0000",
            tokens.digest("secret"),
            "olga",
            "viewer",
            "",
            "olga",
            expires_at=then + timedelta(days=1),
        )
    answer = asked(staffed, "bigloop_aaaa0000_secret").get(f"{API}/me")
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


@pytest.mark.parametrize(
    "wrong", ["", "bigloop_", "bigloop_x_y", "x", "bigloop_aaaa0000_guess", "\u00e4"]
)
def test_what_is_no_token(staffed: FastAPI, wrong: str) -> None:
    answer = asked(staffed, "x").get(
        f"{API}/me", headers={"Authorization": f"Bearer {wrong}".encode()}
    )
    assert answer.status_code == 401


def test_a_token_makes_no_tokens_and_no_people(
    staffed: FastAPI, token_of: Token
) -> None:
    ada = asked(staffed, token_of("ada"))
    assert ada.post(f"{API}/tokens", json={"label": "x"}).status_code == 422
    new = {"name": "eve", "role": "admin", "password": "long enough 1"}
    assert ada.post(f"{API}/people", json=new).status_code == 422


def test_a_token_of_somebody_else_is_theirs(
    browser: Any, token_of: Token, store: Store
) -> None:
    token_of("sue")
    (theirs,) = store.tokens("sue")
    olga = entered(browser, "olga")
    assert olga.delete(f"{API}/tokens/{theirs.id}").status_code == 403
    assert olga.get(f"{API}/tokens").json() == []
    ada = entered(browser, "ada")
    assert ada.delete(f"{API}/tokens/{theirs.id}").status_code == 204


def test_who_is_removed_is_out_at_once(browser: Any, store: Store) -> None:
    vic = entered(browser, "vic")
    store.remove_person("vic", "ada")
    assert vic.get(f"{API}/me").status_code == 401
