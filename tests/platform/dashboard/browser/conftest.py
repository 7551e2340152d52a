"""A real server and a real Chromium: the system's, or Playwright's own."""

from __future__ import annotations

import shutil
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bigloop.api.context import Context
from bigloop.dashboard.app import create_dashboard
from bigloop.db import Store

# The first question to an agent loads its libraries, on a machine that is busy.
expect.set_options(timeout=30_000)
MISSING = "no Chromium was found: neither the system's nor Playwright's"


def chromium_path() -> str | None:
    """Chromium's path; empty: Playwright's own; none: there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return "" if own.exists() else None


class Served:
    """A store behind a server on this machine that can be ended and begun again."""

    def __init__(self, folder: Path, root: str = "", port: int = 0) -> None:
        self.folder, self.root = folder, root
        self.store = Store.open(f"sqlite:///{folder / 'store.db'}")
        self.port = port
        self.begin()

    @property
    def base(self) -> str:
        """The address under which the pages are."""
        return f"http://127.0.0.1:{self.port}{self.root}"

    def begin(self) -> None:
        """Listen, at the same port as before."""
        taken = socket.socket(proto=socket.IPPROTO_TCP)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", self.port))
        self.port = taken.getsockname()[1]
        context = Context.of(self.store, self.folder, local="ann")
        with warnings.catch_warnings():
            # Of FastAPI, about its `root_path`.
            warnings.simplefilter("ignore")
            app = create_dashboard(context, self.root)
        config = uvicorn.Config(
            app, log_level="error", timeout_graceful_shutdown=0, lifespan="on"
        )
        self.taken = taken
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [taken]}
        )
        self.thread.start()

    def end(self) -> None:
        """Stop answering; open connections are cut."""
        self.server.should_exit = True
        self.thread.join()
        self.taken.close()

    def close(self) -> None:
        """End for good."""
        self.end()
        self.store.close()


class Seen:
    """A page that remembers what went wrong in it, and whom it asked."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page: Page = context.new_page()
        self.base = base
        self.troubles: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            place = message.location.get("url", "")
            self.troubles.append(f"{message.text} {place}".rstrip())

    def _asked(self, request: Any) -> None:
        if not request.url.startswith("data:"):
            self.hosts.add(request.url.split("/")[2])

    def go(self, path: str) -> Page:
        """Open a page of the server."""
        self.page.goto(f"{self.base}{path}")
        return self.page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path or None, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        with suppress(Exception):
            browser.close()


@pytest.fixture
def served(asking: Path, tmp_path: Path) -> Iterator[Served]:
    """That campaign behind a server, under a path as behind a proxy."""
    shutil.copy(asking / "store.db", tmp_path / "store.db")
    server = Served(tmp_path, "/lab")
    yield server
    server.close()
