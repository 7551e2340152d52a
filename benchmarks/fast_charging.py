"""Campaign 0 over many seeds, beside what a user would pick instead.

    python benchmarks/fast_charging.py --seeds 20

Every method has the same budget of cell-cycles and the same cells in the same order.
The peers run whole cells (`cycle_to_death`), as they know nothing else; a cell that
does not end within the budget gives them nothing. Ax and Optuna propose points of the
box, which go to the nearest policy that still has a cell. The truth is the mean life of
all cells of a policy; regret is the shortfall of the recommended policy, as a share.

`one look each` is no peer but a yardstick: it is told what the others have to find out,
that a small variance of the early difference means a long life, looks at one cell of
every policy for 100 cycles and recommends the smallest. It predicts no life.

Results are kept line by line in `--out`, so an interrupted run goes on; those of other
code than is here are passed over.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from bigloop.contracts import Campaign, Design, canonical_json, read_campaign

ROOT = Path(__file__).parent.parent
CAMPAIGN = ROOT / "campaigns" / "fast_charging.yaml"
LOOKS = "one look each"
PARTS = ("agents", "models", "platform", "simulators")


class Cells:
    """The measured cells of the feasible policies, handed out in a seeded order."""

    def __init__(self, spec: Campaign) -> None:
        from bigloop.contracts import Request
        from bigloop.simulators.table import TableLaboratory

        lab = TableLaboratory("severson2019", seed=spec.seed)
        self.lives: dict[str, list[float]] = {}
        self.first: dict[str, float] = {}
        """Of the first cell of each policy, the early observable."""
        self.designs: dict[str, Design] = {}
        for stock in lab.stock():
            if not spec.is_feasible(stock.design):
                continue
            key = canonical_json(stock.design)
            self.designs[key] = stock.design
            runs = [
                lab.evaluate(Request(trial=f"{key}{i}", design=stock.design))
                for i in range(stock.specimens)
            ]
            self.lives[key] = [run.age or 0.0 for run in runs]
            self.first[key] = next(
                m.value for m in runs[0].measurements if m.observable == "log10_var_dQ"
            )
        self.truth = {key: statistics.fmean(v) for key, v in self.lives.items()}
        self.used = dict.fromkeys(self.lives, 0)

    def free(self) -> list[str]:
        """Policies with a cell left."""
        return [k for k, lives in self.lives.items() if self.used[k] < len(lives)]

    def run(self, key: str) -> float:
        """Run the next cell of a policy to its end."""
        self.used[key] += 1
        return self.lives[key][self.used[key] - 1]

    def point(self, key: str) -> list[float]:
        """A policy as a point (C1, Q1, C2)."""
        return [float(self.designs[key][name]) for name in ("C1", "Q1", "C2")]

    def nearest(self, spec: Campaign, point: dict[str, float]) -> str:
        """The policy with a cell left that is nearest in the unit cube."""

        def distance(key: str) -> float:
            return sum(
                ((float(self.designs[key][n]) - point[n]) / (p.high - p.low)) ** 2
                for n, p in spec.parameters.items()
                if p.high is not None and p.low is not None
            )

        return min(self.free(), key=distance)


Peer = Callable[[Campaign, Cells, int], Iterator[tuple[str, Callable[[float], None]]]]


def random_search(
    spec: Campaign, cells: Cells, seed: int
) -> Iterator[tuple[str, Callable[[float], None]]]:
    import random

    rng = random.Random(seed)
    while True:
        yield rng.choice(cells.free()), lambda life: None


def log_ei(
    spec: Campaign, cells: Cells, seed: int
) -> Iterator[tuple[str, Callable[[float], None]]]:
    """BoTorch: SingleTaskGP on ln(life), LogEI over the policies, 4 random first."""
    import random

    import torch
    from botorch.acquisition import LogExpectedImprovement

    rng = random.Random(seed)
    seen: list[tuple[str, float]] = []
    while True:
        free = cells.free()
        if len(seen) < 4:
            key = rng.choice(free)
        else:
            model = fitted(spec, cells, seen)
            best = max(math.log(life) for _, life in seen)
            center, scale = standard(seen)
            acquisition = LogExpectedImprovement(model, (best - center) / scale)
            with torch.no_grad():
                x = unit(spec, cells, free)
                key = free[int(acquisition(x.unsqueeze(1)).argmax())]
        yield key, lambda life, key=key: seen.append((key, life))  # type: ignore[misc]


def unit(spec: Campaign, cells: Cells, keys: list[str]) -> Any:
    from bigloop.agents.space import encode

    return encode(spec, [cells.designs[key] for key in keys])


def standard(seen: list[tuple[str, float]]) -> tuple[float, float]:
    logs = [math.log(life) for _, life in seen]
    return statistics.fmean(logs), statistics.stdev(logs) or 1.0


def fitted(spec: Campaign, cells: Cells, seen: list[tuple[str, float]]) -> Any:
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    center, scale = standard(seen)
    y = [[(math.log(life) - center) / scale] for _, life in seen]
    model = SingleTaskGP(
        unit(spec, cells, [key for key, _ in seen]),
        torch.tensor(y, dtype=torch.float64),
        outcome_transform=None,
    )
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model


def ax_default(
    spec: Campaign, cells: Cells, seed: int
) -> Iterator[tuple[str, Callable[[float], None]]]:
    import logging

    from ax.api.client import Client
    from ax.api.configs import RangeParameterConfig

    logging.disable(logging.INFO)
    client = Client(random_seed=seed)
    client.configure_experiment(
        parameters=[
            RangeParameterConfig(
                name=name, parameter_type="float", bounds=(p.low or 0.0, p.high or 1.0)
            )
            for name, p in spec.parameters.items()
        ]
    )
    client.configure_optimization(objective="life")
    while True:
        ((index, point),) = client.get_next_trials(max_trials=1).items()
        key = cells.nearest(spec, {k: float(v) for k, v in point.items()})

        def tell(life: float, index: int = index) -> None:
            client.complete_trial(index, raw_data={"life": math.log(life)})

        yield key, tell


def optuna_tpe(
    spec: Campaign, cells: Cells, seed: int
) -> Iterator[tuple[str, Callable[[float], None]]]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed)
    )
    while True:
        trial = study.ask()
        point = {
            name: trial.suggest_float(name, p.low or 0.0, p.high or 1.0)
            for name, p in spec.parameters.items()
        }
        key = cells.nearest(spec, point)

        def tell(life: float, trial: Any = trial) -> None:
            study.tell(trial, math.log(life))

        yield key, tell


PEERS: dict[str, Peer] = {
    "random": random_search,
    "BoTorch LogEI": log_ei,
    "Ax default": ax_default,
    "Optuna TPE": optuna_tpe,
}


def run_peer(name: str, spec: Campaign, seed: int) -> dict[str, Any]:
    """One seed of a peer; it recommends its best observed mean (LogEI: the GP's)."""
    import warnings

    import torch

    warnings.simplefilter("ignore")
    torch.manual_seed(seed)
    cells, left = Cells(spec), spec.budget["cell_cycle"]
    found: list[tuple[str, float]] = []
    for key, tell in PEERS[name](spec, cells, seed):
        life = cells.run(key)
        if life > left:
            break
        left -= life
        found.append((key, life))
        tell(life)
    keys = sorted({key for key, _ in found})
    if name == "BoTorch LogEI":
        mean = fitted(spec, cells, found).posterior(unit(spec, cells, keys)).mean
        best = keys[int(mean.squeeze(-1).argmax())]
    else:
        best = max(
            keys, key=lambda k: statistics.fmean(v for key, v in found if key == k)
        )
    spent = spec.budget["cell_cycle"] - left
    return {"regret": regret(cells, best), "spent": spent, "n": len(found)}


def look_at_all(spec: Campaign) -> dict[str, Any]:
    """One cell of every policy for 100 cycles."""
    cells = Cells(spec)
    best = min(cells.first, key=lambda key: cells.first[key])
    n = len(cells.first)
    return {"regret": regret(cells, best), "spent": 100.0 * n, "n": n}


def regret(cells: Cells, key: str) -> float:
    return 1.0 - cells.truth[key] / max(cells.truth.values())


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
            loop.run()
            best = loop.recommendation()
            trials = workspace.store.trials(spec.name)
            spent = workspace.store.ledger(spec.name)["cell_cycle"].spent
    cells = Cells(spec)
    assert best is not None
    key = canonical_json(best.design)
    truth = cells.truth[key]
    mix = [t.proposal.source for t in trials]
    return {
        "regret": regret(cells, key),
        "spent": spent,
        "n": len(trials),
        "covers": best.low <= truth <= best.high,
        "low": best.low,
        "mean": best.mean,
        "high": best.high,
        "truth": truth,
        "mix": {name: mix.count(name) for name in spec.sources},
    }


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
    for file in (Path(__file__), CAMPAIGN, *sorted(files)):
        total.update(file.read_bytes())
    return total.hexdigest()[:12]


def interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, p = 1.96, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def show(rows: list[dict[str, Any]]) -> None:
    print(
        f"\n{'method':15} {'seeds':>5} {'median':>7} {'quartiles':>15} {'worst':>7} "
        f"{'spent':>7} {'trials':>6} {'s/seed':>7}"
    )
    for method in dict.fromkeys(row["method"] for row in rows):
        mine = [row for row in rows if row["method"] == method]
        r = sorted(row["regret"] for row in mine)
        q = statistics.quantiles(r, n=4) if len(r) > 1 else [r[0]] * 3
        print(
            f"{method:15} {len(r):5} {statistics.median(r):7.1%} "
            f"{q[0]:7.1%}-{q[2]:6.1%} {r[-1]:7.1%} "
            f"{statistics.fmean(m['spent'] for m in mine):7.0f} "
            f"{statistics.fmean(m['n'] for m in mine):6.1f} "
            f"{statistics.fmean(m['seconds'] for m in mine):7.1f}"
        )
    ours = [row for row in rows if "covers" in row]
    if ours:
        hits, n = sum(row["covers"] for row in ours), len(ours)
        low, high = interval(hits, n)
        print(
            f"\nbigloop's 90 % interval holds the measured mean in {hits} of {n} seeds "
            f"({hits / n:.0%}; 95 % interval {low:.0%} to {high:.0%})"
        )


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    methods = ["bigloop", *PEERS, LOOKS]
    parser.add_argument("--methods", default=",".join(methods))
    parser.add_argument(
        "--out", type=Path, default=ROOT / ".bigloop/fast_charging.jsonl"
    )
    options = parser.parse_args()
    asked = options.methods.split(",")
    if unknown := [name for name in asked if name not in methods]:
        parser.error(f"no method {', '.join(unknown)}; there are {', '.join(methods)}")
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
    show([row for row in rows if (row["method"], row["seed"]) in set(wanted)])


if __name__ == "__main__":
    main()
