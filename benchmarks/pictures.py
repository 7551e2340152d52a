"""Pictures of every page, of a campaign on real cells: `make pictures`.

Runs `campaigns/fast_charging.yaml` until a few cells have been measured and something
waits for a person, serves it, and drives Chromium over every page. With `--all`, every
page at every width, light and dark; else what the documentation shows.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bigloop.api.context import Context
from bigloop.config import Settings
from bigloop.contracts import TrialState, read_campaign
from bigloop.dashboard.app import create_dashboard
from bigloop.db import Store
from bigloop.loop.campaign_loop import CampaignLoop
from bigloop.loop.watcher import Ending
from bigloop.loop.workspace import Workspace

ROOT = Path(__file__).parent.parent
CAMPAIGN = ROOT / "campaigns" / "fast_charging.yaml"
NAME = "fast_charging"
N_RESULTS = 4
SIZES = {1440: 900, 820: 1180, 390: 844}
TALLEST = 1700
PAGES = {
    "campaigns": "/",
    "queue": f"/c/{NAME}",
    "bench": f"/c/{NAME}/bench",
    "trials": f"/c/{NAME}/trials",
    "model": f"/c/{NAME}/learning",
    "cost": f"/c/{NAME}/cost",
    "sources": f"/c/{NAME}/sources",
    "space": f"/c/{NAME}/space",
    "events": f"/c/{NAME}/events",
    "trial": "/t/{completed}",
    "sheet": "/t/{waiting}/sheet",
    "missing": "/c/no_such_campaign",
}
SHOWN = [(1440, "light"), (390, "dark")]
EVERY = [(width, scheme) for width in SIZES for scheme in ("light", "dark")]


def grow(folder: Path) -> None:
    """Run the campaign, approving what is asked, until enough is known."""
    settings = Settings(folder=folder, executor="in-process")
    campaign = read_campaign(CAMPAIGN)
    with Workspace.open(settings) as workspace:
        while True:
            loop = CampaignLoop(workspace, campaign, CAMPAIGN.parent)
            if loop.run(wait=False) is not Ending.WAITING:
                return
            store = workspace.store
            waiting = store.trials(NAME, [TrialState.AWAITING_APPROVAL])
            n = sum(o.observable == "life" for o in store.observations(NAME))
            if n >= N_RESULTS:
                # One for the bench, where more than one waits.
                for trial in waiting[:-1]:
                    store.approve(trial.id, "ann", "worth a cell")
                return
            for trial in waiting:
                store.approve(trial.id, "ann", "worth a cell")


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Store]]:
    """The pages of a store on a free port."""
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
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
            yield f"http://127.0.0.1:{taken.getsockname()[1]}", store
        finally:
            server.should_exit = True
            thread.join()
            taken.close()


def shoot(
    browser: Browser, base: str, ids: dict[str, str], width: int, scheme: str, out: Path
) -> None:
    """Every page at one width."""
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=width < 900,
    )
    page = context.new_page()
    page.set_default_timeout(180_000)
    for name, path in PAGES.items():
        page.goto(base + path.format(**ids))
        opened(page, name)
        save(page, out / f"{name}-{width}-{scheme}.webp")
    context.close()


def opened(page: Page, name: str) -> None:
    """Wait for what is drawn; in the queue, open what a person would."""
    for chart in page.locator(".chart").all():
        chart.locator("svg path").first.wait_for(state="attached")
    if name == "space":
        page.locator("#umap .chart svg path").first.wait_for(state="attached")
    if name == "queue" and page.locator("[data-key]").count():
        card = page.locator("[data-key]").first
        card.locator("[data-act=i] summary").click()
        card.locator(".answer", has_text=re.compile("Would reserve|Nothing")).wait_for()


def save(page: Page, to: Path) -> None:
    """A picture of the page, cut where it goes on and on."""
    page.evaluate("scrollTo(0, 0)")
    raw = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    raw.crop((0, 0, raw.width, min(raw.height, TALLEST))).save(to, quality=72, method=6)
    print(f"{to.name}: {to.stat().st_size / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--folder", type=Path, help="of a campaign that was run before")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if not (folder / "store.db").exists():
            grow(folder)
        with served(folder) as (base, store), sync_playwright() as playwright:
            trials = store.trials(NAME)
            waiting = [t.id for t in trials if t.state == "awaiting_approval"]
            done = [t.id for t in trials if t.state == "completed"]
            ids = {"waiting": (waiting or done)[-1], "completed": done[-1]}
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu"],
            )
            for width, scheme in EVERY if given.all else SHOWN:
                shoot(browser, base, ids, width, scheme, given.out)
            browser.close()


if __name__ == "__main__":
    main()
