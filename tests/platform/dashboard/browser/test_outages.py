"""A proxy's 502, a server that restarts: the page says so, and goes on by itself."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

from bigloop.contracts import TrialState

from .conftest import Served
from .test_journeys import opened

pytestmark = pytest.mark.browser


class BadGateway(BaseHTTPRequestHandler):
    """What a proxy says while the server behind it is away."""

    def do_GET(self) -> None:
        self.send_response(502)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_a_502_and_a_restart_are_survived(chromium: Browser, served: Served) -> None:
    seen = opened(chromium, served, 1440)
    page = seen.go("/c/demo")
    id_ = served.store.trials("demo", [TrialState.AWAITING_APPROVAL])[0].id
    approve = page.locator(f"#t-{id_} button[data-act=a]")
    expect(approve).to_be_enabled()
    served.end()
    expect(page.locator("#offline")).to_be_visible()
    expect(approve).to_be_disabled()

    proxy = ThreadingHTTPServer(("127.0.0.1", served.port), BadGateway)
    answering = threading.Thread(target=proxy.serve_forever)
    answering.start()
    with page.expect_response(lambda r: "feed" in r.url and r.status == 502):
        pass
    proxy.shutdown()
    proxy.server_close()
    answering.join()

    served.store.reject(id_, "bob", "while you were away")
    served.begin()
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator(f"#t-{id_}")).to_contain_text("while you were away")
    expect(page.locator("[data-key] button[data-act=a]").first).to_be_enabled()
