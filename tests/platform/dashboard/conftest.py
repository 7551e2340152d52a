"""The pages on a campaign that was copied, so that every test may change it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bigloop.api.context import Context
from bigloop.dashboard.app import create_dashboard
from bigloop.db import Store

from .scripts.forms import every_address
from .scripts.operations import OWN, write_all
from .scripts.scene import opened as opened_scene

HOST = "http://127.0.0.1"
PART = {"HX-Request": "true"}


def app_of(store: Store, folder: Path, root_path: str = "") -> FastAPI:
    """The application as `bigloop serve` makes it."""
    app = create_dashboard(Context.of(store, folder, local="ann"), root_path)
    return app


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[Store]:
    """A campaign of 30 results, with one trial of every other kind."""
    shutil.copy(filled / "store.db", tmp_path / "store.db")
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


@pytest.fixture
def app(store: Store, tmp_path: Path) -> FastAPI:
    """The pages of that campaign."""
    return app_of(store, tmp_path)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Asks the pages of that campaign, in the name of ann."""
    return TestClient(app, base_url=HOST)


@pytest.fixture
def empty(bench: object, tmp_path: Path) -> Iterator[TestClient]:
    """Asks the pages of a campaign in which nothing was proposed."""
    opened: Store = bench.store  # type: ignore[attr-defined]
    yield TestClient(app_of(opened, tmp_path), base_url=HOST)
    opened.close()


@pytest.fixture
def waiting(store: Store) -> str:
    """Id of the trial that waits for a person."""
    found = store.trials("demo", ["awaiting_approval"])  # type: ignore[list-item]
    return found[0].id


@pytest.fixture
def evil(tmp_path: Path) -> tuple[Path, list[str], str]:
    """A folder whose store is full of scripts, its pages, and ada's password."""
    with opened_scene(tmp_path) as scene:
        scene.documents()
        assert write_all(scene) == []
        return tmp_path, every_address(scene), OWN
