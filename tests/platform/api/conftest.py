"""A server of the filled store, asked in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bigloop.api.app import create_app
from bigloop.api.client import Client
from bigloop.api.context import Context
from bigloop.config import Settings
from bigloop.contracts import Trial, TrialState
from bigloop.db import Store

HERE = "http://127.0.0.1:8000"


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """A copy of the filled store's folder."""
    shutil.copytree(filled, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """The store; whatever a test does, it must verify after it."""
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        yield store
        assert store.verify().problems == ()


@pytest.fixture
def settings(folder: Path) -> Settings:
    """Cheap passwords."""
    return Settings(folder=folder, password_rounds=1, password_memory_kib=8)


@pytest.fixture
def app(store: Store, settings: Settings, folder: Path) -> FastAPI:
    """Without accounts: everybody on this machine is ann."""
    return create_app(Context.of(store, folder, "ann", settings))


@pytest.fixture
def http(app: FastAPI) -> TestClient:
    """Not entered: nothing watches the store for pages."""
    return TestClient(app, base_url=HERE)


@pytest.fixture
def client(http: TestClient) -> Client:
    return Client(HERE, http=http)


@pytest.fixture
def waiting(store: Store) -> Trial:
    (trial,) = store.trials("demo", [TrialState.AWAITING_APPROVAL])
    return trial


@pytest.fixture
def post(http: TestClient) -> Callable[..., Any]:
    """`post(path, key=..., seen=..., **body)`: the answer."""

    def send(path: str, **body: Any) -> Any:
        headers = {}
        if (key := body.pop("key", None)) is not None:
            headers["Idempotency-Key"] = key
        if (seen := body.pop("seen", None)) is not None:
            headers["If-Match"] = seen
        return http.post(f"/api/v1{path}", json=body, headers=headers)

    return send
