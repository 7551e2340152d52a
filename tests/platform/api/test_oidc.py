"""Logging in through a small OpenID Connect provider that is real on the wire."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from bigloop.api.app import create_app
from bigloop.api.context import Context
from bigloop.config import Settings
from bigloop.dashboard.pages.router import router
from bigloop.db import Store

SECRET = "the client's secret"


class Provider(BaseHTTPRequestHandler):
    """Code flow with PKCE; `claims` is who logs in, `spoil` what it does wrong."""

    key: ClassVar[RSAKey]
    claims: ClassVar[dict[str, Any]]
    spoil: ClassVar[str] = ""
    codes: ClassVar[dict[str, dict[str, str]]] = {}

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.connection.getsockname()[1]}"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {k: v[0] for k, v in parse_qs(url.query).items()}
        if url.path == "/.well-known/openid-configuration":
            self.answer(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                }
            )
        elif url.path == "/keys":
            self.answer({"keys": [self.key.as_dict(private=False)]})
        else:
            assert asked["code_challenge_method"] == "S256"
            code = f"code{len(self.codes)}"
            self.codes[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        said = {k: v[0] for k, v in parse_qs(body).items()}
        asked = self.codes.pop(said["code"])
        basic = base64.b64encode(f"bigloop:{SECRET}".encode()).decode()
        assert self.headers["Authorization"] == f"Basic {basic}"
        proof = hashlib.sha256(said["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).decode().rstrip("=")
        assert challenge == asked["code_challenge"]
        claims = {
            "iss": self.issuer,
            "aud": "bigloop",
            "exp": int(time.time()) + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        key = self.key
        if self.spoil == "key":
            key = RSAKey.generate_key(auto_kid=True)
        elif self.spoil:
            claims[self.spoil] = 1 if self.spoil == "exp" else "another"
        token = jwt.encode({"alg": "RS256"}, claims, key)
        self.answer({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def answer(self, said: Any) -> None:
        content = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *said: Any) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[type[Provider]]:
    Provider.key = RSAKey.generate_key(auto_kid=True)
    Provider.claims = {
        "sub": "17",
        "preferred_username": "mia",
        "bigloop_role": ["staff", "scientist"],
    }
    Provider.spoil = ""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Provider.address = f"http://127.0.0.1:{server.server_address[1]}"  # type: ignore[attr-defined]
    yield Provider
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def app(
    store: Store, folder: Path, provider: Any, settings: Settings, staffed: FastAPI
) -> FastAPI:
    known = settings.model_copy(
        update={
            "oidc_issuer": provider.address,
            "oidc_client_secret": Settings(
                oidc_client_secret=SECRET
            ).oidc_client_secret,
        }
    )
    return create_app(Context.of(store, folder, settings=known), [router])


def travel(browser: TestClient, back: str = "/") -> Any:
    """Leave for the provider, and come back as a browser does."""
    left = browser.get("/login/oidc", params={"next": back})
    assert left.status_code == 303, left.text
    there = httpx.get(left.headers["location"])
    return browser.get(there.headers["location"])


def test_who_the_provider_knows_comes_in_with_the_role_it_gives(
    app: FastAPI, browser: Callable[..., TestClient], store: Store, provider: Any
) -> None:
    mia = browser(app)
    assert "Log in with your organisation" in mia.get("/login").text
    answer = travel(mia, "/?a=b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?a=b")
    assert mia.get("/api/v1/me").json()["role"] == "scientist"
    provider.claims = {**provider.claims, "bigloop_role": "viewer"}
    travel(mia)
    assert store.person("mia").role == "viewer"
    kinds = [e.kind for e in store.events(after=store.last_seq() - 2)]
    assert kinds == ["person.added", "person.role"]


@pytest.mark.parametrize("spoil", ["key", "iss", "aud", "exp", "nonce"])
def test_what_does_not_hold_is_refused(
    app: FastAPI, browser: Callable[..., TestClient], provider: Any, spoil: str
) -> None:
    provider.spoil = spoil
    mia = browser(app)
    answer = travel(mia)
    assert answer.status_code == 401
    assert "does not hold" in answer.text
    assert mia.get("/api/v1/me").status_code == 401


def test_nobody_takes_over_the_account_of_another(
    app: FastAPI, browser: Callable[..., TestClient], provider: Any
) -> None:
    provider.claims = {**provider.claims, "preferred_username": "ada"}
    answer = travel(browser(app))
    assert answer.status_code == 403
    assert "somebody else" in answer.text


def test_without_a_role_nobody_comes_in(
    app: FastAPI, browser: Callable[..., TestClient], provider: Any
) -> None:
    provider.claims = {**provider.claims, "bigloop_role": ["staff"]}
    assert travel(browser(app)).status_code == 403


def test_a_way_is_gone_once_and_by_who_left(
    app: FastAPI, browser: Callable[..., TestClient]
) -> None:
    mia = browser(app)
    left = mia.get("/login/oidc")
    there = httpx.get(left.headers["location"]).headers["location"]
    assert browser(app).get(there).status_code == 401
    assert mia.get(there).status_code == 303
    assert mia.get(there).status_code == 401


def test_a_provider_that_is_away_is_said(
    store: Store,
    folder: Path,
    settings: Settings,
    browser: Callable[..., TestClient],
) -> None:
    away = settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    app = create_app(Context.of(store, folder, settings=away), [router])
    answer = browser(app).get("/login/oidc")
    assert answer.status_code == 503
    assert "no answer" in answer.json()["detail"]
