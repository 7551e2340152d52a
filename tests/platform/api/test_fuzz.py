"""Whatever is sent that fits the OpenAPI document: no 5xx, nothing undocumented.

Five hundred requests here; `make fuzz` sends ten thousand.
"""

from __future__ import annotations

import math
import os
import random
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings

from bigloop.api.app import document

REQUESTS = int(os.environ.get("BIGLOOP_FUZZ", "500"))
# What streams for ever is no request that ends.
_ENDLESS = "/api/v1/feed"
OPERATIONS = sum(
    len(methods) for path, methods in document()["paths"].items() if path != _ENDLESS
)
# Some operations have but one thing to ask.
EACH = math.ceil(1.4 * REQUESTS / OPERATIONS)


@pytest.fixture
def api(staffed: Any) -> Any:
    return schemathesis.openapi.from_dict(document()).exclude(path=_ENDLESS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(3000)
def test_no_request_makes_the_server_fail(
    staffed: Any, api: Any, waiting: Any, store: Any
) -> None:
    browser = TestClient(staffed, base_url="http://127.0.0.1", follow_redirects=False)
    form = {"name": "ada", "password": "correct horse battery"}
    assert browser.post("/login", data=form).status_code == 303
    rng = random.Random(0)
    trials = [trial.id for trial in store.trials("demo")]
    codes: list[int] = []
    failed: list[str] = []
    for found in api.get_all_operations():
        operation = found.ok()

        def send(case: Any) -> None:
            # Random names would meet nothing but 404.
            places = {"campaign": "demo", "trial": rng.choice(trials), "token": 1}
            for name, value in places.items():
                if name in case.path_parameters and rng.random() < 0.8:
                    case.path_parameters[name] = value
            answer = _sent(browser, case)
            codes.append(int(answer.status_code))
            told = case.operation.definition.raw["responses"]
            if not told.keys() & {str(codes[-1]), f"{codes[-1] // 100}XX"}:
                failed.append(f"{case.as_curl_command()}: undocumented {codes[-1]}")
            if answer.status_code >= 500:
                failed.append(f"{case.as_curl_command()}: {answer.text[:200]}")

        one_by_one = operation.as_strategy()
        _each(one_by_one, send)
    print(len(codes), {code: codes.count(code) for code in sorted(set(codes))})
    assert failed == []
    assert len(codes) >= REQUESTS


def _sent(browser: TestClient, case: Any) -> Any:
    known = case.as_transport_kwargs(base_url="http://127.0.0.1")
    body = known.get("data")
    is_raw = isinstance(body, (str, bytes))
    return browser.request(
        known["method"],
        known["url"],
        params=known.get("params"),
        headers={
            k: v for k, v in dict(known["headers"] or {}).items() if v is not None
        },
        **({"content": body} if is_raw else {"data": body}),
        **({"json": known["json"]} if "json" in known else {}),
    )


def _each(strategy: Any, send: Any) -> None:
    from hypothesis import given

    run = settings(
        max_examples=EACH,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )(given(strategy)(send))  # type: ignore[no-untyped-call]
    run()
