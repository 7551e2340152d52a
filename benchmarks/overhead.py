"""What the platform itself costs: per evaluation, at the start, at the first result.

    python benchmarks/overhead.py

The loop runs in full (proposal, policy, store, claim, executor, result, ledger, events)
with a simulator that computes nothing and an agent that thinks nothing. The peer, in
the same run, is the durable minimum: four commits to an SQLite file, set up alike.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bigloop.config import Settings
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Decision,
    Proposal,
    Recommendation,
    Suggestion,
    Trial,
)
from bigloop.loop import CampaignLoop, Silent, Workspace

N = 300
SPEC = {
    "name": "overhead",
    "ahead": 0,
    "parameters": {"x": {"low": 0, "high": 1}},
    "observables": {"y": {}},
    "objective": {"observable": "y", "source": "noop"},
    "sources": {
        "noop": {
            "simulator": "forrester",
            "observes": ["y"],
            "cost": {"core_second": 1},
        }
    },
    "budget": {"core_second": N},
    "approval": [{"action": "approve"}],
}


class Thoughtless:
    """An agent that proposes the next random number."""

    def propose(
        self, state: CampaignState, sources: Sequence[str], n: int = 1
    ) -> list[Suggestion]:
        if not sources or state.accounts["core_second"].left < 1:
            return []
        number = len(state.trials)
        proposal = Proposal(
            campaign="overhead",
            number=number,
            source="noop",
            design={"x": random.Random(number).random()},
        )
        decision = Decision(agent="thoughtless", score=0.0, terms={})
        cost = {"core_second": 1.0}
        return [Suggestion(proposal=proposal, decision=decision, cost=cost)]

    def recommend(self, state: CampaignState) -> Recommendation | None:
        return None


class Watch(Silent):
    """Notes when results are taken in."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.busy: list[float] = []

    def ended(self, trial: Trial) -> None:
        self.at.append(time.perf_counter())
        self.busy.append(time.process_time())


def median_gap(moments: list[float]) -> float:
    """Median of the differences."""
    gaps = [b - a for a, b in itertools.pairwise(moments)]
    return statistics.median(gaps)


def four_commits(folder: Path) -> float:
    """Median seconds of four durable commits."""
    db = sqlite3.connect(folder / "peer.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE t (x TEXT)")
    times = []
    for _ in range(100):
        began = time.perf_counter()
        for _ in range(4):
            db.execute("INSERT INTO t VALUES ('x')")
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def help_s() -> float:
    """Median seconds of `bigloop --help`."""
    times = []
    command = [str(Path(sys.executable).parent / "bigloop"), "--help"]
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def torch_s() -> float:
    """Median seconds of a process that imports torch, which the agent needs."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def first_result_s(folder: Path) -> float:
    """Seconds from a fresh process to the first result, by the command line."""
    root = Path(__file__).parent.parent
    command = [
        str(Path(sys.executable).parent / "bigloop"),
        "--folder",
        str(folder / "first"),
        "run",
        str(root / "campaigns" / "fast_charging.yaml"),
        "--approve-all",
        "--executor",
        "in-process",
    ]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "ended" in line or "completed" in line:
            break
    took = time.perf_counter() - began
    process.kill()
    process.wait()
    return took


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        settings = Settings.model_validate({"folder": folder, "executor": "in-process"})
        watch = Watch()
        with Workspace.open(settings) as workspace:
            spec = Campaign.model_validate(SPEC)
            loop = CampaignLoop(workspace, spec, folder, watcher=watch)
            loop.agent = Thoughtless()
            loop.run()
        median, busy = median_gap(watch.at), median_gap(watch.busy)
        peer = four_commits(folder)
        print(f"evaluations                 {len(watch.at)}")
        print(f"overhead per evaluation     {1000 * median:.2f} ms median (<= 5)")
        print(f"  of it processor time      {1000 * busy:.2f} ms median")
        ratio = median / peer
        print(f"four durable commits alone  {1000 * peer:.2f} ms; ratio {ratio:.1f}")
        print(f"bigloop --help              {help_s():.2f} s (<= 0.5)")
        print(f"first result without Ray    {first_result_s(folder):.1f} s (<= 3)")
        print(f"import torch alone          {torch_s():.1f} s")


if __name__ == "__main__":
    main()
