"""Every page in a browser: no error, nothing from outside, accessible, nothing cut."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from .conftest import Served
from .test_journeys import Scheme, opened, small_targets, violations

pytestmark = pytest.mark.browser
PAGES = (
    "/",
    "/c/demo/bench",
    "/c/demo/trials",
    "/c/demo/learning",
    "/c/demo/cost",
    "/c/demo/sources",
    "/c/demo/space",
    "/c/demo/events",
    "/c/demo/events/7",
    "/t/{completed}",
    "/t/{waiting}",
    "/t/{waiting}/sheet",
    "/nothing/here",
)


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (820, "light"), (390, "dark")]
)
def test_every_page_is_whole(
    chromium: Browser, served: Served, width: int, scheme: Scheme
) -> None:
    seen = opened(chromium, served, width, scheme)
    # Its first computation takes a minute: `test_landscape.py` holds it, slowly.
    seen.page.route("**/umap*", lambda route: route.fulfill(body="<p>Later.</p>"))
    trials = served.store.trials("demo")
    ids = {
        "completed": next(t.id for t in reversed(trials) if t.state == "completed"),
        "waiting": next(t.id for t in trials if t.state == "awaiting_approval"),
    }
    for path in PAGES:
        page = seen.go(path.format(**ids))
        expect(page.locator("h1")).to_be_visible()
        charts = page.locator(".chart")
        for chart in charts.all():
            expect(chart.locator("svg path").first).to_be_attached()
        if width != 820:  # Its style is that of one of the other two.
            assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if width < 900:
            assert small_targets(page) == [], path
    wanted = "status of 404"
    assert [t for t in seen.troubles if wanted not in t] == []
    assert len(seen.hosts) == 1


def test_rows_are_walked_and_opened_by_keys(chromium: Browser, served: Served) -> None:
    page = opened(chromium, served, 1440).go("/c/demo/trials")
    for key in ("j", "j", "k", "o"):
        page.keyboard.press(key)
    expect(page.locator("h1")).to_contain_text("awaiting approval")


def test_a_campaign_is_paused_and_aborted_from_its_bar(
    chromium: Browser, served: Served
) -> None:
    seen = opened(chromium, served, 390)
    page = seen.go("/c/demo/cost")
    page.locator(".steer summary").click()
    page.locator(".steer input[name=reason]").fill("the lab is closed")
    assert violations(page) == []
    page.locator(".steer button", has_text="Pause").click()
    expect(page.locator(".steer .status")).to_have_text("paused")
    page.locator(".steer summary").click()
    page.locator(".steer button", has_text="Abort").click()
    expect(page.locator(".steer .status")).to_have_text("stopped")
    assert served.store.trials("demo", ["awaiting_approval"]) == []  # type: ignore[list-item]
    assert seen.troubles == []
