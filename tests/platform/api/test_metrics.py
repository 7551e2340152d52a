from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from bigloop.contracts import Trial
from bigloop.db import Store


def read(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[k] for k in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_tells_what_the_store_holds(
    http: TestClient, store: Store, waiting: Trial
) -> None:
    http.get("/api/v1/campaigns/demo/trials")
    http.get("/api/v1/trials/nothing")
    found = read(http.get("/metrics").text)
    for state, n in store.counts("demo").items():
        assert found["bigloop_trials", "demo", state.value] == n
    account = store.ledger("demo")["cell_cycle"]
    for kind in ("limit", "reserved", "spent"):
        key = ("bigloop_budget", "demo", "cell_cycle", kind)
        assert found[key] == getattr(account, kind)
    assert found["bigloop_queue_age_seconds", "demo", "person"] > 0
    assert found["bigloop_queue_age_seconds", "demo", "worker"] == 0
    assert found["bigloop_last_event",] == store.last_seq()
    name = "bigloop_request_duration_seconds_count"
    routes = {key[2]: key[3] for key in found if key[0] == name}
    assert routes["/api/v1/campaigns/{campaign}/trials"] == "200"
    assert routes["/api/v1/trials/{trial}"] == "404"
    assert not [route for route in routes if "nothing" in route]


def test_from_here_it_is_open_and_through_a_proxy_it_is_not(
    browser: Callable[..., TestClient], token_of: Any
) -> None:
    here = browser()
    assert here.get("/metrics").status_code == 200
    proxied = here.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"})
    assert proxied.status_code == 401
    far = browser(address="10.0.0.9")
    assert far.get("/metrics").status_code == 401
    bearer = {"Authorization": f"Bearer {token_of('vic')}"}
    assert far.get("/metrics", headers=bearer).status_code == 200
