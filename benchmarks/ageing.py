"""How fast the simulated cell is, and how well it ranks the real policies.

Prints two tables: seconds of processor time for one evaluation of a simulator that is
built once, beside one that is built anew; and Spearman's rank correlation between the
simulated loss and the measured mean life of the policies that charge to 80 % in
10.1 minutes, with a bootstrap interval over policies.

    python benchmarks/ageing.py [MODEL ...]
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from statistics import fmean, median

import numpy as np
from scipy.stats import spearmanr

from bigloop.contracts import Design, Request
from bigloop.simulators.cells import AgeingSimulator
from bigloop.simulators.table import locate, read_table

LIMIT_MIN = 10.1
N_BOOTSTRAP = 4000


def measured_lives() -> list[tuple[Design, float]]:
    lives = defaultdict(list)
    for row in read_table(locate("severson2019")).rows:
        c1, q1, c2 = (float(row.design[name]) for name in ("C1", "Q1", "C2"))
        if 60 * (q1 / c1 + (0.8 - q1) / c2) <= LIMIT_MIN + 1e-9:
            lives[c1, q1, c2].append(row.values["life"])
    return [
        ({"C1": c1, "Q1": q1, "C2": c2}, fmean(found))
        for (c1, q1, c2), found in lives.items()
    ]


def evaluate(simulator: AgeingSimulator, design: Design) -> tuple[float, float]:
    outcome = simulator.evaluate(Request(trial="1", design=design))
    if outcome.status == "failure":
        raise SystemExit(f"{design}: {outcome.message}")
    return outcome.measurements[0].value, outcome.cost["core_second"]


def interval(loss: list[float], life: list[float]) -> tuple[float, float, float]:
    x, y, rng = np.array(loss), np.array(life), np.random.default_rng(0)
    drawn = rng.integers(0, len(x), (N_BOOTSTRAP, len(x)))
    rhos = [spearmanr(x[i], y[i]).statistic for i in drawn]
    low, high = np.percentile(rhos, [2.5, 97.5])
    return float(spearmanr(x, y).statistic), float(low), float(high)


def main(models: list[str]) -> None:
    policies = measured_lives()
    print(f"{'model':6} {'reused':>8} {'anew':>8}   rank correlation of loss and life")
    for model in models:
        simulator = AgeingSimulator(model)
        results = [evaluate(simulator, design) for design, _ in policies]
        began = time.thread_time()
        evaluate(AgeingSimulator(model), policies[0][0])
        anew = time.thread_time() - began
        rho, low, high = interval([r[0] for r in results], [y for _, y in policies])
        print(
            f"{model:6} {median(r[1] for r in results):6.2f} s {anew:6.2f} s   "
            f"{rho:.2f} [{low:.2f}, {high:.2f}], n = {len(policies)}"
        )


if __name__ == "__main__":
    main(sys.argv[1:] or ["SPM", "SPMe", "DFN"])
