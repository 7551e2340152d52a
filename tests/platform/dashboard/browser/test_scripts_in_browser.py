"""Fifty scripts in every field, every page open in a browser: none of them runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from .conftest import Seen, Served

pytestmark = pytest.mark.browser
WATCH = """
window.alert = (said) => { throw new Error(`a script ran: ${said}`); };
document.addEventListener("securitypolicyviolation",
  (event) => console.error(`refused: ${event.violatedDirective} ${event.blockedURI}`));
"""
OVER_CHARTS = """() => {
  for (const chart of document.querySelectorAll(".chart")) {
    const box = chart.getBoundingClientRect();
    const drawing = chart.querySelector("svg, canvas");
    for (let x = 0.1; x < 1; x += 0.2) for (let y = 0.1; y < 1; y += 0.2) {
      const at = {
        clientX: box.left + x * box.width, clientY: box.top + y * box.height };
      drawing?.dispatchEvent(new MouseEvent("mousemove", { bubbles: true, ...at }));
    }
  }
  for (const part of document.querySelectorAll("details")) part.open = true;
}"""


def test_no_script_runs_on_any_page(
    chromium: Browser, evil: tuple[Path, list[str], str]
) -> None:
    folder, addresses, password = evil
    served = Served(folder)
    try:
        context = chromium.new_context()
        context.add_init_script(WATCH)
        seen = Seen(context, served.base)
        seen.page.route("**/umap*", lambda route: route.fulfill(body="<p>Later.</p>"))
        page = seen.go("/login")
        page.fill("#name", "ada")
        page.fill("#password", password)
        page.click("button")
        page.wait_for_url(f"{served.base}/")
        for address in addresses:
            page.goto(f"{served.base}{address}", wait_until="load")
            page.evaluate(OVER_CHARTS)
        missing = "status of 4"
        assert [said for said in seen.troubles if missing not in said] == []
        assert len(seen.hosts) == 1
        assert len(addresses) > 40
    finally:
        served.close()
