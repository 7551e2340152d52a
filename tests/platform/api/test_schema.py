from __future__ import annotations

import json
from pathlib import Path

from fastapi.testclient import TestClient

from bigloop.api.app import document

CHECKED_IN = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"


def test_the_openapi_document_is_the_one_that_is_checked_in() -> None:
    """Refresh it with `make schema`, and look at the difference."""
    there = json.loads(CHECKED_IN.read_text(encoding="utf-8"))
    assert document() == there, "run `make schema`, and look at the difference"


def test_the_server_gives_the_same_document(http: TestClient) -> None:
    assert http.get("/api/v1/openapi.json").json() == document()
