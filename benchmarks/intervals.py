"""How often results lie in the 90 % interval that was stated before, early and late.

    python benchmarks/intervals.py                          random parts of the tables
    python benchmarks/intervals.py --method botorch-logei   a peer on the same parts

Every seed keeps 70 % of the designs of each table (`subsets.py`); every run goes to its
end, so that early results weigh as in a campaign. Behind a share stands its 95 %
interval (Wilson) as if results were independent, which those of one run are not.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import torch
from subsets import NAMES, part  # type: ignore[import-not-found]

from bigloop.bench.figures import coverage
from bigloop.bench.methods import METHODS, OURS, Brief, build
from bigloop.bench.pool import PoolProblem
from bigloop.bench.problem import campaign
from bigloop.bench.wording import coverage_text

FIRST = 10
"""Results of the target with an interval that count as early."""


def main() -> None:
    """A line for every table, and one for all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--method", choices=METHODS, default=OURS)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=NAMES)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=301)
    options = parser.parse_args()
    torch.set_num_threads(1)
    every: list[list[bool]] = []
    print(f"{'':22} {'all':28} {f'the first {FIRST}':28} later")
    for name in options.only:
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        runs = [list(inside(part(name, s), options.method, s)) for s in seeds]
        every += runs
        print(f"{name:22} {row(runs)}", flush=True)
    print(f"{'all':22} {row(every)}")


def inside(problem: PoolProblem, method: str, seed: int) -> Iterator[bool]:
    """Whether each result of the target was where the method said, in order."""
    torch.manual_seed(seed)
    made = build(method, Brief(campaign=campaign(problem, seed), stock=problem.stock))
    sampler, spec = problem.sampler(seed), problem.spec
    left = spec.limit
    while (asked := made.ask(left)) is not None:
        left -= spec.priced[asked.source].cost
        if left < -1e-9:
            return
        value = sampler.measure(asked.source, asked.design)
        if asked.source == spec.target and asked.interval is not None:
            yield asked.interval[0] <= value <= asked.interval[1]
        made.tell(asked, value)


def row(runs: list[list[bool]]) -> str:
    """Shares of all, the early and the late ones."""
    parts = (
        [v for run in runs for v in run],
        [v for run in runs for v in run[:FIRST]],
        [v for run in runs for v in run[FIRST:]],
    )
    return " ".join(f"{coverage_text(coverage(sum(p), len(p))):28}" for p in parts)


if __name__ == "__main__":
    main()
