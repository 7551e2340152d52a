"""The pages under load: a decision seen in another tab, 10,000 trials, their charts.

    python benchmarks/dashboard.py [--trials 10000]

Chromium is the system's. The peer, in the same run, is the server's own floor: the
route that answers `ok` and nothing else.
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.sync_api import Browser, sync_playwright

from bigloop.api.context import Context
from bigloop.contracts import (
    Campaign,
    Decision,
    Measurement,
    Outcome,
    Proposal,
    Suggestion,
    Term,
    Verdict,
)
from bigloop.dashboard.app import create_dashboard
from bigloop.db import Store

N_SEEN = 60
N_ASKED = 100
SPEC = {
    "name": "many",
    "parameters": {"x": {"low": 0, "high": 1}, "z": {"low": 0, "high": 1}},
    "observables": {"y": {"unit": "cycle"}, "w": {"unit": "minute"}},
    "objective": {"observable": "y", "source": "bench"},
    "sources": {
        "bench": {
            "simulator": "forrester",
            "observes": ["y", "w"],
            "cost": {"core_second": 1},
        }
    },
    "budget": {"core_second": 1_000_000},
    "max_waiting": 1000,
}
ASK = Verdict(action="ask", who="scientist", reason="a person decides")
APPROVE = Verdict(action="approve")


def suggestion(number: int, rng: random.Random) -> Suggestion:
    spread = 0.4 / math.sqrt(1 + number / 50)
    terms = {
        "gain": Term(value=0.1 * spread, unit="cycle", note="expected rise"),
        "sd_epistemic": Term(value=spread, unit="cycle", note="falls"),
        "sd_aleatoric": Term(value=0.2, unit="cycle", note="stays"),
    }
    return Suggestion(
        proposal=Proposal(
            campaign="many",
            number=number,
            source="bench",
            design={"x": rng.random(), "z": rng.random()},
        ),
        decision=Decision(agent="bench", score=spread, terms=terms),
        cost={"core_second": 1.0},
    )


def fill(store: Store, n: int, n_waiting: int) -> None:
    """`n` trials that ended, and some that wait."""
    rng = random.Random(0)
    store.add_campaign(Campaign.model_validate(SPEC), "bench")
    for number in range(n):
        store.propose(suggestion(number, rng), APPROVE, "bench")
        claim = store.take("bench", campaign="many")
        assert claim is not None
        values = {"y": rng.gauss(800, 100), "w": rng.gauss(60, 5)}
        units = {"y": "cycle", "w": "minute"}
        found = tuple(
            Measurement(observable=k, value=v, unit=units[k]) for k, v in values.items()
        )
        outcome = Outcome(
            status="success", measurements=found, cost={"core_second": 1.0}
        )
        store.complete(claim, outcome)
    for number in range(n, n + n_waiting):
        store.propose(suggestion(number, rng), ASK, "bench")


@contextmanager
def served(store: Store, folder: Path) -> Iterator[str]:
    app = create_dashboard(Context.of(store, folder, local="ann"))
    taken = socket.socket(proto=socket.IPPROTO_TCP)
    taken.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="critical", timeout_graceful_shutdown=0, lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        taken.close()


def p95(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def row(what: str, values: list[float], unit: str, target: float | None) -> None:
    middle, high = statistics.median(values), p95(values)
    said = "no target"
    if target is not None:
        said = f"< {target:g}: {'reached' if high < target else 'MISSED'}"
    print(f"{what:<46}{middle:>9.0f}{high:>9.0f} {unit:<4}{len(values):>5}  {said}")


SEEN_AT = """(id) => new Promise((done) => {
  const look = () => document.getElementById(`t-${id}`)?.dataset.done !== undefined;
  const watch = new MutationObserver(() => { if (look()) {
    watch.disconnect(); done(performance.timeOrigin + performance.now()); } });
  watch.observe(document.body, { childList: true, subtree: true });
})"""
PRESS = """(id) => {
  document.querySelector(`#t-${id} button[data-act=a]`).click();
  return performance.timeOrigin + performance.now();
}"""


def two_tabs(browser: Browser, base: str) -> list[float]:
    """From the click in one tab to the changed row in the other [ms]."""
    one, other = (browser.new_context().new_page() for _ in range(2))
    for page in (one, other):
        page.goto(f"{base}/c/many")
        page.wait_for_timeout(500)
    found: list[float] = []
    while len(found) < N_SEEN:
        ids = one.locator("[data-key]").evaluate_all("x => x.map(e => e.dataset.key)")
        if not ids:
            one.reload()
            other.reload()
            one.wait_for_timeout(500)
            ids = one.locator("[data-key]").evaluate_all(
                "x => x.map(e => e.dataset.key)"
            )
        for id_ in ids[: N_SEEN - len(found)]:
            other.evaluate(f"(id) => {{ window.seen = ({SEEN_AT})(id); }}", id_)
            pressed = one.evaluate(PRESS, id_)
            found.append(other.evaluate("() => window.seen") - pressed)
    return found


def server_time(client: httpx.Client, path: str, n: int) -> list[float]:
    found = []
    for _ in range(n):
        begun = time.perf_counter()
        client.get(path).raise_for_status()
        found.append(1000 * (time.perf_counter() - begun))
    return found


def interactive(browser: Browser, base: str) -> list[float]:
    """From the navigation to a button that can be pressed [ms]."""
    found = []
    for _ in range(10):
        page = browser.new_context().new_page()
        begun = time.perf_counter()
        page.goto(f"{base}/c/many", wait_until="commit")
        page.locator("[data-key] button[data-act=a]").first.click(trial=True)
        found.append(1000 * (time.perf_counter() - begun))
        page.context.close()
    return found


FRAMES = """async (chart) => {
  const times = [], page = document.scrollingElement;
  const place = chart && document.getElementById(chart);
  if (place) place.scrollIntoView({ block: "center" });
  let last = performance.now(), x = 0;
  for (let n = 0; n < 150; n++) {
    if (place) {
      const box = place.getBoundingClientRect();
      x = (x + 7) % box.width;
      const y = box.height * (0.3 + 0.4 * (n * 37 % 100) / 100);
      place.querySelector("svg, canvas").dispatchEvent(new MouseEvent("mousemove",
        { bubbles: true, clientX: box.left + x, clientY: box.top + y }));
    } else {
      const h = page.scrollHeight - innerHeight;
      page.scrollTop = Math.abs((n * 40) % (2 * h) - h);
    }
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - last); last = now;
  }
  return times.slice(5);
}"""
IDS = "[...document.querySelectorAll('.chart')].map((chart) => chart.id)"


def drawing(browser: Browser, base: str) -> list[float]:
    """From the navigation until the charts of the model are drawn [ms]."""
    page: Any = browser.new_context().new_page()
    found = []
    for _ in range(5):
        begun = time.perf_counter()
        page.goto(f"{base}/c/many/learning", wait_until="commit")
        page.locator("#chart-uncertainty[data-drawn]").wait_for(state="attached")
        found.append(1000 * (time.perf_counter() - begun))
    page.context.close()
    return found


def frames(browser: Browser, base: str) -> Iterator[tuple[str, list[float]]]:
    """Times between frames while a page scrolls and a pointer moves over it [ms]."""
    page: Any = browser.new_context().new_page()
    # Its first computation takes a minute, and both cores.
    page.route("**/umap*", lambda route: route.fulfill(body="<p>Later.</p>"))
    for path in ("learning", "space", "events"):
        page.goto(f"{base}/c/many/{path}")
        page.wait_for_timeout(1500)
        yield f"{path}, scrolling", page.evaluate(FRAMES, "")
        for chart in page.evaluate(IDS):
            yield f"{path}, pointer over {chart}", page.evaluate(FRAMES, chart)
    page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    n = parser.parse_args().trials
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        print(f"{'':<46}{'median':>9}{'p95':>9} {'':<4}{'n':>5}  target (p95)")
        with Store.open(f"sqlite:///{folder / 'few.db'}") as store:
            fill(store, 30, N_SEEN + 5)
            with served(store, folder) as base:
                seen = two_tabs(browser, base)
        row("approve in one tab, seen in another", seen, "ms", 500)
        with Store.open(f"sqlite:///{folder / 'many.db'}") as store:
            fill(store, n, 20)
            with (
                served(store, folder) as base,
                httpx.Client(base_url=base, timeout=120) as client,
            ):
                first = server_time(client, "/c/many", 1)
                row(f"queue of {n:,} trials, the first time", first, "ms", None)
                every = server_time(client, "/c/many", N_ASKED)
                row(f"queue of {n:,} trials, server", every, "ms", 300)
                floor = server_time(client, "/healthz", N_ASKED)
                row("the same server, a route that says ok", floor, "ms", None)
                row("queue, interactive", interactive(browser, base), "ms", 2000)
                for path in ("trials", "learning", "cost", "sources", "space"):
                    first = server_time(client, f"/c/many/{path}", 1)
                    row(f"{path}, the first time", first, "ms", None)
                    times = server_time(client, f"/c/many/{path}", 10)
                    row(f"{path} of {n:,} trials, server", times, "ms", None)
                row(
                    f"charts of {n:,} points, drawn", drawing(browser, base), "ms", None
                )
                for what, times in frames(browser, base):
                    row(f"frames: {what}", times, "ms", 33)
        browser.close()


if __name__ == "__main__":
    main()
