"""The picture of a design is beside its dot; its thumbnail leads to the dot."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Browser, expect

from .conftest import Served
from .test_journeys import opened, violations

pytestmark = pytest.mark.browser
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc00000030101001863e1d70000000049454e44ae426082"
)
# Where the dot of the only picture lies in the drawing.
DOT = """() => {
  const place = document.getElementById("chart-pca");
  const chart = echarts.getInstanceByDom(place);
  const spec = JSON.parse(document.getElementById("chart-pca-data").textContent);
  const at = spec.series.findIndex((s) => s.images.some(Boolean));
  const dot = spec.series[at].images.findIndex(Boolean);
  const [x, y] = chart.convertToPixel({ seriesIndex: at }, spec.series[at].points[dot]);
  const box = place.getBoundingClientRect();
  return [box.left + x, box.top + y];
}"""


def test_a_dot_shows_its_picture(chromium: Browser, served: Served) -> None:
    done = served.store.trials("demo", ["completed"])  # type: ignore[list-item]
    trial = next(t.id for t in done if t.proposal.source == "full")
    there = f"{served.base}/api/v1/campaigns/demo/artifacts"
    given = {"name": "lattice.png", "trial": trial}
    httpx.post(there, params=given, content=PNG).raise_for_status()
    seen = opened(chromium, served, 1440)
    seen.page.route("**/umap*", lambda route: route.fulfill(body="<p>Later.</p>"))
    page = seen.go("/c/demo/space")
    expect(page.locator("#chart-pca[data-drawn]")).to_be_attached()
    frame = page.locator("#pca .peek")
    expect(frame).to_be_hidden()
    page.locator("#chart-pca").scroll_into_view_if_needed()
    page.mouse.move(*page.evaluate(DOT))
    expect(frame).to_be_visible()
    image = frame.locator("img")
    assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") == 1
    assert "mean of n =" in (image.get_attribute("alt") or "")
    page.mouse.move(2, 2)
    expect(frame).to_be_hidden()
    thumbnail = page.locator(".shots a")
    thumbnail.focus()
    expect(thumbnail.locator("img")).to_have_js_property("naturalWidth", 1)
    assert violations(page) == []
    thumbnail.press("Enter")
    expect(page.locator(".shots img")).to_have_js_property("naturalWidth", 1)
    assert violations(page) == []
    assert seen.troubles == []
