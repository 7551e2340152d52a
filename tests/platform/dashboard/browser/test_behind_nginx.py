"""A working day behind the nginx that is deployed, with accounts, under its path.

One journey on one server: a login, a decision, a batch for the bench, a change by
somebody else, an outage, a session that ends in another tab, and the way back.
"""

from __future__ import annotations

import csv
import io
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from bigloop.api.passwords import hashed
from bigloop.config import Settings
from bigloop.contracts import Trial, TrialState

from .conftest import Seen, Served
from .test_journeys import small_targets, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CONF = Path(__file__).parents[4] / "deploy" / "nginx.conf"
PATH = "/bigloop"
PASSWORD = "correct horse battery"
MISSING = "no nginx was found: the proxy in front of the pages was not tested"
FRAME = """
daemon off; master_process off; pid {here}/nginx.pid; error_log {here}/error.log;
events {{ worker_connections 64; }}
http {{
  types {{ text/css css; application/javascript js; image/svg+xml svg; }}
  access_log {here}/access.log;
  client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;
  fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;
  {site}
}}
"""


@pytest.fixture
def nginx(capfd: pytest.CaptureFixture[str]) -> str:
    """The program; where there is none, that is said aloud."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        with capfd.disabled():
            print(f"\n!!! {MISSING}; apt-get install nginx-light", file=sys.stderr)
        pytest.skip(MISSING)
    return found


@pytest.fixture
def behind(asking: Path, tmp_path: Path, nginx: str) -> Iterator[tuple[Served, str]]:
    """That campaign under its path, and the address at which nginx shows it."""
    shutil.copy(asking / "store.db", tmp_path / "store.db")
    served = Served(tmp_path, PATH)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = CONF.read_text(encoding="utf-8")
    assert site.count("http://127.0.0.1:8000") == 2
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}")
    site = site.replace("listen 80;", f"listen 127.0.0.1:{port};")
    conf = tmp_path / "nginx.conf"
    conf.write_text(FRAME.format(here=tmp_path, site=site), encoding="utf-8")
    with subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(conf)]) as proxy:
        try:
            yield served, f"http://127.0.0.1:{port}"
        finally:
            proxy.terminate()
            served.close()


def entered(page: Page) -> None:
    """Log in by keyboard: the name has the focus."""
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("sue")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def filled_in(download: Path) -> list[dict[str, str]]:
    """The sheet of a batch, measured."""
    rows = list(csv.DictReader(io.StringIO(download.read_text(encoding="utf-8"))))
    for row in rows:
        row |= {"life [cycle]": "640", "done_age": "640"}
    return rows


def brought_back(page: Page, rows: list[dict[str, str]], there: Path) -> None:
    """Choose the file, look at it, write it."""
    with there.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    page.locator("input[type=file]").set_input_files(there)
    page.locator("button", has_text="Look at it").press("Enter")
    expect(page.locator("#judged")).to_contain_text("life = 640 cycles")
    assert violations(page) == []
    assert small_targets(page) == []
    page.locator("#judged button").press("Enter")
    expect(page.locator("#judged")).to_contain_text("1 result is written")


def waiting_in(served: Served) -> list[Trial]:
    return served.store.trials("demo", [TrialState.AWAITING_APPROVAL])


def test_a_day_at_work(
    chromium: Browser, behind: tuple[Served, str], tmp_path: Path
) -> None:
    served, address = behind
    kept = hashed(PASSWORD, Settings(password_rounds=1, password_memory_kib=8))
    for name, role in (("ada", "admin"), ("sue", "scientist")):
        served.store.add_person(name, role, "root", password_hash=kept)
    first, second, third, fourth = waiting_in(served)
    context = chromium.new_context(
        viewport={"width": 820, "height": 1180}, has_touch=True, accept_downloads=True
    )
    seen = Seen(context, f"{address}{PATH}")
    page = seen.go("/c/demo")
    assert violations(page) == []
    entered(page)
    page.wait_for_url(f"{address}{PATH}/c/demo")
    page.keyboard.press("j")
    page.keyboard.press("w")
    expect(page.locator("select[name=outcome]")).to_be_focused()
    page.keyboard.press("Escape")

    # A decision, and what it gives the bench to do.
    page.locator(f"#t-{first.id} button[data-act=a]").press("Enter")
    expect(page.locator(f"#t-{first.id}")).to_contain_text("by sue")
    page.locator(".tabs a", has_text="Bench").press("Enter")
    page.locator("input[name=n]").fill("1")
    with page.expect_download() as given:
        page.locator("button", has_text="Take and download").press("Enter")
    expect(page.locator("#taken")).to_contain_text("you")
    assert violations(page) == []
    assert small_targets(page) == []
    brought_back(page, filled_in(given.value.path()), tmp_path / "mine.csv")
    assert served.store.trial(first.id).state is TrialState.COMPLETED

    # nginx holds no event back, says 502 for a server that is away, and comes back.
    page.locator(".tabs a").first.press("Enter")
    approve = page.locator(f"#t-{third.id} button[data-act=a]")
    expect(approve).to_be_enabled()
    served.store.reject(second.id, "bob", "the holder is broken")
    expect(page.locator(f"#t-{second.id}")).to_contain_text("by bob")
    served.end()
    with page.expect_response(lambda r: "feed" in r.url and r.status == 502):
        expect(page.locator("#offline")).to_be_visible()
    expect(approve).to_be_disabled()
    assert httpx.get(f"{address}{PATH}/c/demo").status_code == 502
    served.begin()
    expect(approve).to_be_enabled()

    # The session ends elsewhere; what is typed here waits for the next one.
    field = page.locator(f"#t-{third.id} [data-act=r]")
    field.locator("summary").press("Enter")
    field.locator("input[name=reason]").fill("half a sentence")
    other = context.new_page()
    other.goto(f"{address}{PATH}/c/demo/trials")
    other.locator("button", has_text="Log out").press("Enter")
    expect(other.locator("h1")).to_have_text("Log in to bigloop")
    served.store.reject(fourth.id, "bob", "and so is the other")
    expect(page.locator("#ended")).to_be_visible()
    expect(page.locator("#offline")).to_be_hidden()
    expect(approve).to_be_disabled()
    assert violations(page) == []
    entered(other)
    expect(page.locator("#ended")).to_be_hidden()
    expect(approve).to_be_enabled()
    expect(field.locator("input[name=reason]")).to_have_value("half a sentence")
    expect(page.locator(f"#t-{fourth.id}")).to_contain_text("by bob")
    refused = ("status of 502", "status of 401", "ERR_INCOMPLETE_CHUNKED_ENCODING")
    assert [t for t in seen.troubles if not any(r in t for r in refused)] == []
    assert seen.hosts == {address.removeprefix("http://")}
    assert served.store.verify().problems == ()
