"""Every route of the server against every role; one that is not listed fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from bigloop.dashboard.landscape import pca
from bigloop.dashboard.pages import space

API = "/api/v1"
C, T = f"{API}/campaigns/{{campaign}}", f"{API}/trials/{{trial}}"
PUBLIC, VIEWER, OPERATOR, SCIENTIST, ADMIN = range(5)
LEAST: dict[str, int] = {
    "GET /healthz": PUBLIC,
    "GET /static/{name:path}": PUBLIC,
    "GET /login": PUBLIC,
    "POST /login": PUBLIC,
    "POST /logout": PUBLIC,
    "GET /login/oidc": PUBLIC,
    "GET /login/oidc/back": PUBLIC,
    "GET /": VIEWER,
    "GET /metrics": VIEWER,
    "GET /c/{campaign}": VIEWER,
    "GET /c/{campaign}/bench": VIEWER,
    "GET /c/{campaign}/cost": VIEWER,
    "GET /c/{campaign}/events": VIEWER,
    "GET /c/{campaign}/events.jsonl": VIEWER,
    "GET /c/{campaign}/events/{seq}": VIEWER,
    "GET /c/{campaign}/fit": VIEWER,
    "GET /c/{campaign}/learning": VIEWER,
    "GET /c/{campaign}/models/{model}/mlflow": VIEWER,
    "GET /c/{campaign}/pictures/{sha256}": VIEWER,
    "GET /c/{campaign}/sources": VIEWER,
    "GET /c/{campaign}/space": VIEWER,
    "GET /c/{campaign}/trials": VIEWER,
    "GET /c/{campaign}/umap": VIEWER,
    "GET /c/{campaign}/verified": VIEWER,
    "GET /t/{trial}": VIEWER,
    "GET /t/{trial}/instead": VIEWER,
    "GET /t/{trial}/line": VIEWER,
    "GET /t/{trial}/preview": VIEWER,
    "GET /t/{trial}/sheet": VIEWER,
    "POST /c/{campaign}/approve": SCIENTIST,
    "POST /c/{campaign}/bench/results": OPERATOR,
    "POST /c/{campaign}/bench/take": OPERATOR,
    "POST /c/{campaign}/revoke": SCIENTIST,
    "POST /c/{campaign}/steer": OPERATOR,
    "POST /t/{trial}/approve": SCIENTIST,
    "POST /t/{trial}/edit": SCIENTIST,
    "POST /t/{trial}/cancel": SCIENTIST,
    "POST /t/{trial}/order": OPERATOR,
    "POST /t/{trial}/resolve": OPERATOR,
    "POST /t/{trial}/reject": SCIENTIST,
    f"GET {API}/campaigns": VIEWER,
    f"GET {C}": VIEWER,
    f"PUT {C}": SCIENTIST,
    f"POST {C}/limits/{{limit}}/revoke": SCIENTIST,
    f"GET {C}/standing": VIEWER,
    f"GET {C}/accounts": VIEWER,
    f"POST {C}/pause": SCIENTIST,
    f"POST {C}/resume": SCIENTIST,
    f"POST {C}/stop": SCIENTIST,
    f"POST {C}/abort": OPERATOR,
    f"GET {C}/trials": VIEWER,
    f"GET {C}/decisions": VIEWER,
    f"GET {C}/tasks": VIEWER,
    f"GET {T}": VIEWER,
    f"GET {T}/attempts": VIEWER,
    f"POST {T}/approve": SCIENTIST,
    f"POST {T}/reject": SCIENTIST,
    f"POST {T}/cancel": SCIENTIST,
    f"POST {T}/edit": SCIENTIST,
    f"POST {T}/hold": OPERATOR,
    f"POST {T}/unhold": SCIENTIST,
    f"POST {T}/rank": SCIENTIST,
    f"POST {T}/resolve": OPERATOR,
    f"POST {API}/claims": OPERATOR,
    f"POST {API}/claims/sweep": OPERATOR,
    f"POST {T}/attempts": OPERATOR,
    f"POST {C}/batch": OPERATOR,
    f"GET {C}/batch.csv": OPERATOR,
    f"POST {C}/batch/results": OPERATOR,
    f"POST {T}/attempts/{{token}}/start": OPERATOR,
    f"POST {T}/attempts/{{token}}/heartbeat": OPERATOR,
    f"POST {T}/attempts/{{token}}/release": OPERATOR,
    f"POST {T}/attempts/{{token}}/complete": OPERATOR,
    f"POST {T}/attempts/{{token}}/lose": OPERATOR,
    f"GET {C}/observations": VIEWER,
    f"POST {C}/observations": SCIENTIST,
    f"POST {C}/observations/sheet": SCIENTIST,
    f"GET {C}/models": VIEWER,
    f"GET {C}/models/{{model}}": VIEWER,
    f"GET {C}/models/{{model}}/file": VIEWER,
    f"GET {API}/events": VIEWER,
    f"GET {API}/verify": VIEWER,
    f"GET {API}/feed": VIEWER,
    f"GET {C}/export/{{what}}.{{kind}}": VIEWER,
    f"POST {C}/artifacts": OPERATOR,
    f"GET {C}/artifacts": VIEWER,
    f"GET {API}/artifacts/{{sha256}}": VIEWER,
    f"GET {API}/me": VIEWER,
    f"POST {API}/me/password": VIEWER,
    f"GET {API}/people": ADMIN,
    f"POST {API}/people": ADMIN,
    f"PUT {API}/people/{{name}}/role": ADMIN,
    f"PUT {API}/people/{{name}}/password": ADMIN,
    f"DELETE {API}/people/{{name}}": ADMIN,
    f"GET {API}/tokens": VIEWER,
    f"POST {API}/tokens": VIEWER,
    f"DELETE {API}/tokens/{{token}}": VIEWER,
    f"GET {API}/openapi.json": VIEWER,
}
PLACES = {
    "campaign": "demo",
    "token": "1",
    "limit": "limit_0",
    "seq": "1",
    "model": "none",
    "what": "trials",
    "kind": "csv",
    "sha256": "ab" * 32,
    "name": "nobody",
    "name:path": "app.css",
}
# What goes on for ever is asked with what it refuses once it knows who asks.
QUERIES = {f"GET {API}/feed": "?after=-1"}


def routes(app: FastAPI) -> set[str]:
    return {
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if method != "HEAD"
    }


def test_every_route_is_listed_and_every_line_is_a_route(staffed: FastAPI) -> None:
    assert sorted(routes(staffed) ^ set(LEAST)) == []


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """UMAP takes a minute to be compiled, and who may see it takes none."""
    monkeypatch.setattr(space, "umap", lambda found, early, *_: pca(found, early))


@pytest.mark.parametrize("who", ["nobody", "vic", "olga", "sue", "ada"])
def test_each_role_may_what_the_table_says(
    staffed: FastAPI, token_of: Callable[[str], str], waiting: Any, who: str
) -> None:
    rank = ["nobody", "vic", "olga", "sue", "ada"].index(who)
    headers = {} if who == "nobody" else {"Authorization": f"Bearer {token_of(who)}"}
    client = TestClient(staffed, base_url="http://127.0.0.1", follow_redirects=False)
    wrong = []
    for route, least in LEAST.items():
        method, _, path = route.partition(" ")
        for name, value in {**PLACES, "trial": waiting.id}.items():
            path = path.replace(f"{{{name}}}", value)
        body: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": {}}
        answer = client.request(
            method, path + QUERIES.get(route, ""), headers=headers, **body
        )
        refused = 401 if who == "nobody" else 403
        # The login itself answers 401 to a wrong password.
        is_refused = answer.status_code == refused and "login" not in path
        if is_refused != (rank < least) or answer.status_code >= 500:
            wrong.append((route, answer.status_code))
    assert wrong == []


def test_abort_is_open_to_every_operator(
    staffed: FastAPI, token_of: Callable[[str], str]
) -> None:
    client = TestClient(staffed, base_url="http://127.0.0.1")
    client.headers["Authorization"] = f"Bearer {token_of('olga')}"
    answer = client.post(f"{API}/campaigns/demo/abort", json={})
    assert answer.json()["status"] == "stopped"
