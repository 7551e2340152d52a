"""A server of the filled store, asked in this process."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bigloop.api.app import create_app
from bigloop.api.client import Client
from bigloop.api.context import Context
from bigloop.api.passwords import hashed
from bigloop.api.tokens import make
from bigloop.config import Settings
from bigloop.contracts import Trial, TrialState
from bigloop.dashboard.pages.router import router
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


PASSWORD = "correct horse battery"
PEOPLE = {"vic": "viewer", "olga": "operator", "sue": "scientist", "ada": "admin"}


@pytest.fixture
def staffed(store: Store, settings: Settings, folder: Path) -> FastAPI:
    """With an account of every role, and with the pages."""
    for name, role in reversed(PEOPLE.items()):
        kept = hashed(PASSWORD, settings)
        store.add_person(name, role, "root", password_hash=kept)
    context = Context.of(store, folder, settings=settings)
    return create_app(context, [router])


@pytest.fixture
def token_of(staffed: FastAPI, store: Store) -> Callable[[str], str]:
    """`token_of("olga")`: a token with all that she may do."""
    return lambda name: make(store, name, PEOPLE[name], "test", None, name)[0]


@pytest.fixture
def browser(staffed: FastAPI) -> Callable[[], TestClient]:
    """A new browser each: with cookies of its own, on an address of this machine."""

    def new(app: FastAPI = staffed, address: str = "127.0.0.1") -> TestClient:
        client = TestClient(
            app, base_url=HERE, follow_redirects=False, client=(address, 1)
        )
        client.headers["Accept"] = "text/html"
        return client

    return new


class Server:
    """`bigloop serve` in a process of its own, on one port over all its lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        program = Path(sys.executable).with_name("bigloop")
        words = ["--folder", str(self.folder), "--as", "ann"]
        words += ["serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [program, *words], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "bigloop at" in line

    def kill(self, number: int = signal.SIGKILL) -> None:
        assert self.process is not None
        if self.process.poll() is not None:
            return
        self.process.send_signal(number)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    """Runs; whatever a test did to it, it is ended after it."""
    server = Server(folder)
    server.start()
    yield server
    server.kill()


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
