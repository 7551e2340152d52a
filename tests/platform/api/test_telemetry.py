"""OpenTelemetry: off unless it is wanted, and then told to a real receiver."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fastapi.testclient import TestClient

SCRIPT = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from bigloop.api.app import create_app
from bigloop.api.context import Context
from bigloop.config import Settings
from bigloop.db import Store

folder = Path(sys.argv[1])
with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
    settings = Settings(folder=folder, serve_telemetry=sys.argv[2] == "on")
    app = create_app(Context.of(store, folder, "ann", settings))
    with TestClient(app, base_url="http://127.0.0.1") as http:
        assert http.get("/api/v1/campaigns").status_code == 200
"""


class Receiver(BaseHTTPRequestHandler):
    told: ClassVar[dict[str, bytes]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told[self.path] = self.told.get(self.path, b"") + body
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *said: Any) -> None:
        pass


@pytest.mark.parametrize("switch", ["on", "off"])
def test_requests_are_told_when_it_is_wanted(folder: Path, switch: str) -> None:
    Receiver.told = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    # A process of its own: providers are global, and ended with it.
    known = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": address,
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), switch], env=known, check=True
    )
    server.shutdown()
    thread.join()
    server.server_close()
    told = Receiver.told.get("/v1/traces", b"")
    assert (b"/api/v1/campaigns" in told) == (switch == "on")


def test_it_is_off(http: TestClient) -> None:
    telemetry = http.app._telemetry  # type: ignore[attr-defined]
    assert not any(telemetry[name] for name in ("tracing", "metrics", "logs"))
