"""The SEI campaign over many seeds, beside a Latin hypercube and without the prVAE.

    python benchmarks/sei_campaign.py --model prvae.safetensors --seeds 10

Every method has the same budget of core-seconds at the campaign's prices. The Latin
hypercube runs the dear source alone and recommends its best. What is recommended is
measured again with replicates that no method has seen; that merit is what counts.

Results are kept line by line in `--out`, so an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bigloop.contracts import (
    Campaign,
    Design,
    Measurement,
    Outcome,
    Request,
    read_campaign,
)

ROOT = Path(__file__).parent.parent
CAMPAIGN = ROOT / "campaigns" / "sei.yaml"
METHODS = ("bigloop", "without-prvae", "latin-hypercube")
REPLICATES, DRAWS, SEED = 16, 4, 987_654


def campaign(method: str, seed: int, model: Path | None) -> Campaign:
    """The campaign of a method, with its own seed."""
    data = read_campaign(CAMPAIGN).model_dump(mode="json")
    data["seed"] = seed
    if method == "without-prvae":
        data["sources"].pop("prvae", None)
    elif "prvae" in data["sources"]:
        # Without a file it begins without a version, and trains its first.
        start = None if model is None else str(model.resolve())
        data["sources"]["prvae"]["learns"]["start"] = start
    return Campaign.model_validate(data)


def by_loop(spec: Campaign) -> tuple[Design | None, dict[str, int]]:
    """What the loop recommends at the end, and its trials by source."""
    from bigloop.config import Settings
    from bigloop.loop import CampaignLoop, Workspace

    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings.model_validate(
            {"folder": Path(scratch), "executor": "in-process"}
        )
        with Workspace.open(settings) as workspace:
            loop = CampaignLoop(workspace, spec, CAMPAIGN.parent, approve_all="bench")
            loop.run()
            best = loop.recommendation()
            asked = [t.proposal.source for t in workspace.store.trials(spec.name)]
    counts = {name: asked.count(name) for name in spec.sources}
    return (best.design if best else None), counts


def by_hypercube(spec: Campaign) -> tuple[Design | None, dict[str, int]]:
    """The best of a Latin hypercube of whole cells for the same money."""
    from scipy.stats import qmc

    target = spec.objective.source
    price = spec.sources[target].full_cost
    n = int(min(spec.budget[name] / amount for name, amount in price.items()))
    unit = qmc.LatinHypercube(len(spec.parameters), rng=spec.seed).random(n)
    best: tuple[float, Design] | None = None
    for row in unit:
        design: Design = {
            name: p.low + (p.high - p.low) * float(u)  # type: ignore[operator]
            for (name, p), u in zip(spec.parameters.items(), row, strict=True)
        }
        found = merit(spec, dear(spec).evaluate(ask(design, spec.seed)))
        if found is not None and (best is None or found.value > best[0]):
            best = found.value, design
    return (best[1] if best else None), {target: n}


def dear(spec: Campaign, **more: Any) -> Any:
    """The dear source, as the campaign has it or with other options."""
    from bigloop.simulators.sei.cell import SeiCellSimulator

    return SeiCellSimulator(**{**spec.target.options, **more})


def ask(design: Design, seed: int) -> Request:
    """One request to the dear source."""
    return Request(trial="bench", design=design, seed=seed)


def merit(spec: Campaign, outcome: Outcome) -> Measurement | None:
    """The objective in an outcome; none where it failed."""
    from bigloop.loop.derived import compute

    name = spec.objective.observable
    expression = spec.observables[name].expression
    if outcome.status != "success" or expression is None:
        return None
    (found,) = compute(spec, {name: expression}, outcome.measurements)
    return found


def one(task: tuple[str, int, str | None]) -> dict[str, Any]:
    """One method with one seed."""
    import torch

    torch.set_num_threads(1)
    method, seed, model = task
    spec = campaign(method, seed, Path(model) if model else None)
    run = by_hypercube if method == "latin-hypercube" else by_loop
    design, trials = run(spec)
    row: dict[str, Any] = {"method": method, "seed": seed, "trials": trials}
    if design is None:
        return {**row, "merit": 0.0, "sd": 0.0}
    again = dear(spec, replicates=REPLICATES, draws=DRAWS)
    outcome = again.evaluate(ask(design, SEED + seed))
    found = merit(spec, outcome)
    values = {m.observable: m.value for m in outcome.measurements}
    shown = {k: values[k] for k in spec.target.observes if k in values}
    if found is None:
        return {**row, "merit": 0.0, "sd": 0.0, "failed": outcome.message}
    return {**row, "merit": found.value, "sd": found.sd, **shown}


def report(rows: list[dict[str, Any]]) -> None:
    """Merit by method, and the differences to the loop seed by seed."""
    by: dict[str, dict[int, float]] = {}
    for row in rows:
        by.setdefault(row["method"], {})[row["seed"]] = row["merit"]
    print(f"{'method':16s} {'n':>3s} {'median':>7s} {'mean':>7s} {'worst':>7s}")
    for method, found in by.items():
        values = list(found.values())
        print(
            f"{method:16s} {len(values):3d} {statistics.median(values):7.3f} "
            f"{statistics.fmean(values):7.3f} {min(values):7.3f}"
        )
    mine = by.get("bigloop", {})
    for method, found in by.items():
        both = sorted(mine.keys() & found.keys())
        if method == "bigloop" or len(both) < 2:
            continue
        gains = [mine[seed] - found[seed] for seed in both]
        print(
            f"bigloop - {method}: {interval(gains)}, better in "
            f"{sum(g > 0 for g in gains)} of {len(gains)} seeds"
        )


def interval(gains: list[float]) -> str:
    """Mean and its 95 % interval by Student's t."""
    from scipy.stats import t

    n, mean = len(gains), statistics.fmean(gains)
    half = float(t.ppf(0.975, n - 1)) * statistics.stdev(gains) / n**0.5
    return f"{mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}]"


def main() -> None:
    """Run what is missing and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="file of a trained prVAE")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("sei_campaign.jsonl"))
    given = parser.parse_args()
    out: Path = given.out
    lines = out.read_text().splitlines() if out.exists() else []
    rows = [json.loads(line) for line in lines]
    done = {(row["method"], row["seed"]) for row in rows}
    model = str(given.model) if given.model else None
    tasks = [
        (method, seed, model)
        for seed in range(given.first_seed, given.first_seed + given.seeds)
        for method in given.methods.split(",")
        if (method, seed) not in done
    ]
    with ProcessPoolExecutor(given.processes) as pool, out.open("a") as file:
        for row in pool.map(one, tasks):
            rows.append(row)
            file.write(json.dumps(row) + "\n")
            file.flush()
            print(row["method"], row["seed"], f"{row['merit']:.3f}", row["trials"])
    report(rows)


if __name__ == "__main__":
    main()
