"""Two versions of the agent, or a peer, on random parts of `bigloop bench` tables.

    python benchmarks/subsets.py before.jsonl        where the one version is
    python benchmarks/subsets.py after.jsonl         where the other one is
    python benchmarks/subsets.py peer.jsonl --method optuna-tpe --runs 5
    python benchmarks/subsets.py after.jsonl --against before.jsonl

On a whole table, where nothing is drawn, a run of ours is a single path, of which small
changes make another. Each seed keeps 70 % of the designs of each table, so that optimum
and path differ. What was not reached counts as 1.5 budgets; a method that draws may run
more than once on each part, and the mean of the logarithms counts. A run ends at the
top 1 %; one that is in the file is not made again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from bigloop.bench.figures import cost_to
from bigloop.bench.methods import METHODS, OURS
from bigloop.bench.pool import PoolProblem
from bigloop.bench.run import run
from bigloop.bench.spec import read_benchmark
from bigloop.bench.table import read_rows
from bigloop.contracts import canonical_json

PROBLEMS = Path(__file__).parent / "problems"
NAMES = (
    "attia2020_clo",
    "calisol23",
    "mf_cofs",
    "obelix",
    "olympus_fullerenes",
    "olympus_suzuki",
    "pvlab_autoam",
    "pvlab_crossed_barrel",
    "severson_policies",
)
KEPT = 0.7
NOT_REACHED = 1.5
Costs = dict[tuple[str, int, int], list[float]]
"""Of the top 1 and 5 %, by table, seed of the part, and number of the run."""


def main() -> None:
    """Run what is missing, or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--method", choices=METHODS, default=OURS)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    if options.against is not None:
        compare(read(options.file), read(options.against))
        return
    done = read(options.file) if options.file.exists() else {}
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    every = itertools.product(seeds, options.only, range(options.runs))
    with options.file.open("a") as out:
        for seed, name, number in every:
            if (name, seed, number) not in done:
                found = costs(part(name, seed), options.method, seed + 1000 * number)
                print(name, seed, number, *found, flush=True)
                print(json.dumps([name, seed, number, found]), file=out, flush=True)


def read(file: Path) -> Costs:
    """What stands in a file."""
    rows = map(json.loads, file.read_text().splitlines())
    return {(name, seed, number): found for name, seed, number, found in rows}


def part(name: str, seed: int) -> PoolProblem:
    """A table with a random part of its designs."""
    path = PROBLEMS / f"{name}.yaml"
    spec = read_benchmark(path)
    assert spec.data is not None
    table = read_rows(spec, spec.data, path.parent)
    keys = sorted({canonical_json(row.design) for row in table.rows})
    order = np.random.default_rng([seed, len(keys)]).permutation(len(keys))
    kept = {keys[i] for i in order[: int(KEPT * len(keys))]}
    rows = [row for row in table.rows if canonical_json(row.design) in kept]
    return PoolProblem.build(spec, replace(table, rows=type(table.rows)(rows)))


def costs(problem: PoolProblem, method: str, seed: int) -> list[float]:
    """Spent until the target has measured a design of the top 1 and 5 %."""
    made = run(problem, method, seed, goal=min(problem.thresholds))
    if made.error:
        raise SystemExit(f"{made.benchmark}, seed {seed}: {made.error}")
    most = NOT_REACHED * problem.spec.limit
    return [min(most, cost_to(made, level)) for level in problem.thresholds]


def compare(after: Costs, before: Costs) -> None:
    """Geometric means of the ratios of costs, paired, and their standard errors."""
    for at, level in enumerate(("1 %", "5 %")):
        one, other = mean_logs(after, at), mean_logs(before, at)
        logs = defaultdict(list)
        for name, seed in one.keys() & other.keys():
            logs[name].append(one[name, seed] - other[name, seed])
        every = [value for values in logs.values() for value in values]
        less, more = (sum(s * v > 1e-9 for v in every) for s in (-1, 1))
        print(
            f"cost to the top {level}: {ratio(every)}, {len(every)} parts, less in "
            f"{less}, more in {more}"
        )
        for name, values in sorted(logs.items()):
            print(f"  {name:22} {ratio(values)}, {len(values)}")


def mean_logs(costs: Costs, at: int) -> dict[tuple[str, int], float]:
    """Mean logarithm of the cost over the runs on each part."""
    logs = defaultdict(list)
    for (name, seed, _), found in costs.items():
        logs[name, seed].append(math.log(found[at]))
    return {part: statistics.fmean(values) for part, values in logs.items()}


def ratio(logs: list[float]) -> str:
    """Geometric mean, and standard error of the logarithm."""
    error = statistics.stdev(logs) / len(logs) ** 0.5 if len(logs) > 1 else math.nan
    return f"{math.exp(statistics.fmean(logs)):.2f} ({error:.2f})"


if __name__ == "__main__":
    main()
