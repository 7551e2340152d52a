"""Campaign 0 over many seeds, beside what a user would pick instead.

    python benchmarks/fast_charging.py --seeds 20

Every method has the same budget of cell-cycles and the same cells in the same order
(`fast_charging_peers.py`). The truth is the mean life of all cells of a policy; regret
is the shortfall of the recommended policy, as a share.

`one look each` is no peer but a yardstick: it is told what the others have to find out,
that a small variance of the early difference means a long life, looks at one cell of
every policy for 100 cycles and recommends the smallest. It predicts no life.

Results are kept line by line in `--out`, so an interrupted run goes on; those of other
code than is here are passed over. `--report` is a page with the table and the curve of
regret against cost.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fast_charging_page import page  # type: ignore[import-not-found]
from fast_charging_peers import (  # type: ignore[import-not-found]
    PEERS,
    Cells,
    look_at_all,
    regret,
    run_peer,
)

from bigloop.contracts import (
    Campaign,
    CampaignState,
    canonical_json,
    read_campaign,
)
from bigloop.models.scores import wilson

ROOT = Path(__file__).parent.parent
CAMPAIGN = ROOT / "campaigns" / "fast_charging.yaml"
LOOKS = "one look each"
PARTS = ("agents", "models", "platform", "simulators")


def run_ours(spec: Campaign) -> dict[str, Any]:
    """One seed through the real loop: store, policy, workers, retraining."""
    from bigloop.config import Settings
    from bigloop.loop import CampaignLoop, Workspace

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"folder": folder, "executor": "in-process"})
        with Workspace.open(settings) as workspace:
            loop = CampaignLoop(
                workspace, spec, CAMPAIGN.parent, approve_all="benchmark"
            )
            curve = watched(loop.agent, Cells(spec))
            loop.run()
            best = loop.recommendation()
            trials = workspace.store.trials(spec.name)
            spent = workspace.store.ledger(spec.name)["cell_cycle"].spent
    cells = Cells(spec)
    assert best is not None
    key = canonical_json(best.design)
    truth, last = cells.truth[key], regret(cells, key)
    mix = [t.proposal.source for t in trials]
    return {
        "regret": last,
        "spent": spent,
        "n": len(trials),
        "curve": [*curve, (spent, last)],
        "covers": best.low <= truth <= best.high,
        "low": best.low,
        "mean": best.mean,
        "high": best.high,
        "truth": truth,
        "mix": {name: mix.count(name) for name in spec.sources},
    }


def watched(agent: Any, cells: Cells) -> list[tuple[float, float]]:
    """Spending, and regret of what would be recommended, whenever it is asked."""
    curve: list[tuple[float, float]] = []
    propose = agent.propose

    def spy(state: CampaignState, sources: Sequence[str], n: int = 1) -> Any:
        if best := agent.recommend(state):
            spent = state.accounts["cell_cycle"].spent
            curve.append((spent, regret(cells, canonical_json(best.design))))
        return propose(state, sources, n)

    agent.propose = spy
    return curve


def one(task: tuple[str, int]) -> dict[str, Any]:
    method, seed = task
    import torch

    torch.set_num_threads(1)
    spec = read_campaign(CAMPAIGN).model_copy(update={"seed": seed})
    began = time.monotonic()
    own = {"bigloop": run_ours, LOOKS: look_at_all}.get(method)
    found = own(spec) if own else run_peer(method, spec, seed)
    took = time.monotonic() - began
    known = {"method": method, "seed": seed, "code": code(method)}
    return {**known, **found, "seconds": round(took, 1)}


@cache
def code(method: str) -> str:
    """Hash of the code that the results of a method come from."""
    parts = () if method in PEERS else PARTS
    files = [f for part in parts for f in (ROOT / part / "bigloop").rglob("*.py")]
    total = sha256()
    peers = Path(__file__).with_name("fast_charging_peers.py")
    for file in (Path(__file__), peers, CAMPAIGN, *sorted(files)):
        total.update(file.read_bytes())
    return total.hexdigest()[:12]


HEAD = ("method", "seeds", "median", "quartiles", "worst", "spent", "trials", "s/seed")


def summed_up(rows: list[dict[str, Any]]) -> list[list[str]]:
    """A line a method; see `HEAD`."""
    lines = []
    for method in dict.fromkeys(row["method"] for row in rows):
        mine = [row for row in rows if row["method"] == method]
        r = sorted(row["regret"] for row in mine)
        q = statistics.quantiles(r, n=4) if len(r) > 1 else [r[0]] * 3
        spent, n, seconds = (
            statistics.fmean(row[name] for row in mine)
            for name in ("spent", "n", "seconds")
        )
        shares = [
            f"{statistics.median(r):.1%}",
            f"{q[0]:.1%}-{q[2]:.1%}",
            f"{r[-1]:.1%}",
        ]
        sizes = [f"{spent:.0f}", f"{n:.1f}", f"{seconds:.1f}"]
        lines.append([method, str(len(r)), *shares, *sizes])
    return lines


def coverage(rows: list[dict[str, Any]]) -> str:
    ours = [row["covers"] for row in rows if "covers" in row]
    if not ours:
        return ""
    hits, n = sum(ours), len(ours)
    low, high = wilson(hits, n)
    return (
        f"bigloop's 90 % interval holds the measured mean in {hits} of {n} seeds "
        f"({hits / n:.0%}; 95 % interval {low:.0%} to {high:.0%})"
    )


def show(rows: list[dict[str, Any]], report: Path) -> None:
    """Print the table, and write the page."""
    table, covers = summed_up(rows), coverage(rows)
    print()
    for line in (HEAD, *table):
        print("{:15} {:>5} {:>7} {:>13} {:>7} {:>6} {:>6} {:>7}".format(*line))
    print(f"\n{covers}" if covers else "")
    budget = read_campaign(CAMPAIGN).budget["cell_cycle"]
    page(report, rows, budget, HEAD, table, covers)
    print(f"curves: {report}")


def main() -> None:
    """Run what is missing, then print the table and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    methods = ["bigloop", *PEERS, LOOKS]
    parser.add_argument("--methods", default=",".join(methods))
    parser.add_argument(
        "--out", type=Path, default=ROOT / ".bigloop/fast_charging.jsonl"
    )
    parser.add_argument(
        "--report", type=Path, default=ROOT / ".bigloop/fast_charging_seeds.html"
    )
    options = parser.parse_args()
    asked = options.methods.split(",")
    if unknown := [name for name in asked if name not in methods]:
        parser.error(f"no method {', '.join(unknown)}; there are {', '.join(methods)}")
    if options.seeds < 1:
        parser.error(f"--seeds {options.seeds}: nothing to run; give 1 or more")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    if options.out.exists():
        rows = [json.loads(line) for line in options.out.read_text().splitlines()]
        rows = [row for row in rows if row.get("code") == code(row["method"])]
    done = {(row["method"], row["seed"]) for row in rows}
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    wanted = [(m, s) for m in asked for s in seeds]
    todo = [task for task in wanted if task not in done]
    with ProcessPoolExecutor(options.jobs) as pool, options.out.open("a") as out:
        for row in pool.map(one, todo):
            rows.append(row)
            print(json.dumps(row), file=out, flush=True)
            print(
                f"{row['method']:15} seed {row['seed']:3} {row['regret']:.1%}",
                flush=True,
            )
    show([r for r in rows if (r["method"], r["seed"]) in wanted], options.report)


if __name__ == "__main__":
    main()
