"""How fast, how right and how robust the simulated lives of cells are.

Speed: 100 cycles of a DFN with SEI, jumped and solved in full, beside PyBaMM's own
`Simulation.solve` of an experiment of 100 cycles at its default tolerances. Accuracy:
the jumped loss of capacity against the full one at random points. Robustness: random
points over the whole parameter box and over mechanisms, some of them absurd; each
outcome must be a checked success, a classified failure or a `SpecError`.

Points are kept in a journal, one line each: a run that was cut short goes on.

    python benchmarks/cells.py [--part speed accuracy robustness] [--points 50]
        [--n 2000] [--processes 2] [--journal FOLDER] [--minutes M]
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from bigloop.contracts import Request, SpecError
from bigloop.simulators.cells import CellLifeSimulator
from bigloop.simulators.cells.mechanisms import SEI
from bigloop.simulators.cells.protocol import bounds

AGE = 100
TARGET_S, TARGET_PERCENT = 2.5, 0.5
DIFFUSIVITY = "SEI solvent diffusivity [m2.s-1]"
FREE = {"sei_diffusivity": DIFFUSIVITY}
NOMINAL = {"C1": 1.0, "discharge_rate": 1.0, "temperature": 298.15}
TIMEOUT_S = 60.0
ABSURD: tuple[Any, ...] = (
    *(-1.0, 0.0, 1e6, -1e6, 10.0, 1e-9, 1e300),
    *(math.nan, math.inf, -math.inf, "fast"),
)
MIXES: tuple[dict[str, Any], ...] = (
    *({"sei": sei} for sei in SEI),
    {"plating": "irreversible"},
    {"plating": "partially reversible"},
    {"mechanics": "swelling and cracking", "plating": "partially reversible"},
    {"thermal": "lumped", "plating": "partially reversible"},
)
PROTOCOL = ("upper_voltage", "lower_voltage", "discharge_rate", "taper", "rest")
ROBUST_FREE = (*PROTOCOL, "temperature", "formation_rate", "C1", "Q1", "C2")
ON_CRACKS = {"mechanics": "swelling and cracking", "sei_on_cracks": True}


@cache
def simulator(model: str, tolerance: float) -> CellLifeSimulator:
    return CellLifeSimulator(model, jump_tolerance=tolerance, free_parameters=FREE)


@cache
def wild(model: str, mix: int) -> CellLifeSimulator:
    options = dict(MIXES[mix])
    if model == "DFN" and "mechanics" in options:
        options |= ON_CRACKS
    return CellLifeSimulator(
        model,
        protocol={"charge_steps": 2, "formation_cycles": mix % 2},
        free=ROBUST_FREE,
        free_parameters=FREE,
        **options,
    )


def speed() -> None:
    design = {**NOMINAL, "sei_diffusivity": 2.5e-22}
    print(f"{AGE} cycles of DFN with SEI         wall     core   cycles solved")
    losses = {}
    for name, tolerance, n in (("jumped", 1e-2, 3), ("every cycle", 0.0, 1)):
        source = simulator("DFN", tolerance)
        source.evaluate(Request(trial="1", design=dict(design), until_age=1))
        runs = []
        for _ in range(n):
            began = time.perf_counter()
            out = source.evaluate(Request(trial="1", design=dict(design)))
            runs.append((time.perf_counter() - began, out.cost["core_second"]))
        wall, core = median(r[0] for r in runs), median(r[1] for r in runs)
        solved = out.provenance["cycles_solved"]
        losses[name] = next(
            m.value for m in out.measurements if m.observable == "capacity_loss"
        )
        print(f"{name:30} {wall:6.2f} s {core:6.2f} s   {solved}")
        if n > 1:
            said = (
                f"{clock} {'met' if spent <= TARGET_S else 'MISSED'}"
                for clock, spent in (("wall", wall), ("core", core))
            )
            print(f"  target <= {TARGET_S} s: {', '.join(said)}")
    wall, core = peer()
    print(f"{'PyBaMM Simulation.solve':30} {wall:6.2f} s {core:6.2f} s   {AGE}")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def peer() -> tuple[float, float]:
    """PyBaMM's own experiment after its build, as a user would write it."""
    from bigloop.simulators.cells.engine import engine, silence

    pybamm = engine()
    options = {"SEI": "solvent-diffusion limited", "SEI porosity change": "true"}
    cycle = ("Charge at 1C until 4.2 V", "Hold at 4.2 V until C/20")
    experiment = pybamm.Experiment([(*cycle, "Discharge at 1C until 2.5 V")] * AGE)
    with silence():
        simulation = pybamm.Simulation(
            pybamm.lithium_ion.DFN(options),
            parameter_values=pybamm.ParameterValues("Chen2020"),
            experiment=experiment,
            solver=pybamm.IDAKLUSolver(),
        )
        simulation.build_for_experiment(initial_soc=0.0)
        began, cpu = time.perf_counter(), time.process_time()
        simulation.solve(initial_soc=0.0, calc_esoh=False)
    return time.perf_counter() - began, time.process_time() - cpu


def compare(seed: int) -> dict[str, Any]:
    """One random point, jumped and in full."""
    draw = random.Random(seed)
    design = {
        "C1": draw.uniform(0.3, 2.0),
        "discharge_rate": draw.uniform(0.3, 2.0),
        "temperature": draw.uniform(288.15, 318.15),
        "sei_diffusivity": 10 ** draw.uniform(-23, -20),
    }
    row: dict[str, Any] = {"seed": seed, "design": design}
    for name, tolerance in (("jumped", 1e-2), ("full", 0.0)):
        request = Request(trial="1", design=dict(design), timeout_s=600)
        out = simulator("DFN", tolerance).evaluate(request)
        values = {m.observable: m.value for m in out.measurements}
        row[name] = {
            "loss": values.get("capacity_loss"),
            "lithium": values.get("lithium_loss"),
            "core_s": out.cost["core_second"],
            "solved": out.provenance["cycles_solved"],
            "message": out.message,
        }
    return row


def accuracy(rows: Iterable[dict[str, Any]]) -> None:
    both = [r for r in rows if None not in (r["jumped"]["loss"], r["full"]["loss"])]
    failed = [r for r in rows if r not in both]
    for what in ("loss", "lithium"):
        pairs = [(r["jumped"][what], r["full"][what]) for r in both]
        off = sorted(100 * abs(a - b) / b for a, b in pairs)
        points = max(abs(a - b) for a, b in pairs)
        within = sum(x <= TARGET_PERCENT for x in off)
        name = "capacity loss" if what == "loss" else "lithium loss"
        print(
            f"{name}: jumped against full, n = {len(off)}: median {median(off):.3f} % "
            f"of the loss, worst {off[-1]:.3f} % (target {TARGET_PERCENT} %: "
            f"{within} of {len(off)}); worst {points:.1e} points"
        )
    losses = sorted(r["full"]["loss"] for r in both)
    print(f"losses of these cells: {losses[0]:.3g} to {losses[-1]:.3g} percent")
    solved = [r["jumped"]["solved"] for r in both]
    core = [(r["jumped"]["core_s"], r["full"]["core_s"]) for r in both]
    print(
        f"cycles solved: median {median(solved)}, most {max(solved)}; median core "
        f"seconds: {median(a for a, _ in core):.2f}, full "
        f"{median(b for _, b in core):.2f}"
    )
    for row in failed:
        print(f"not compared, seed {row['seed']}: {row['jumped']['message']!r} and "
              f"{row['full']['message']!r}")  # fmt: skip


def attempt(seed: int) -> dict[str, Any]:
    """One random point of the robustness run, and everything wrong with it."""
    draw = random.Random(seed)
    model = draw.choices(("SPM", "SPMe", "DFN"), (0.5, 0.35, 0.15))[0]
    mix = draw.randrange(len(MIXES))
    design: dict[str, Any] = {n: _inside(draw, n) for n in ROBUST_FREE}
    design["sei_diffusivity"] = 10 ** draw.uniform(-24, -18)
    is_absurd = draw.random() < 0.2
    if is_absurd:
        design[draw.choice(list(design))] = draw.choice(ABSURD)
    age = draw.choice((1, 2, 3, 15))
    row = {"seed": seed, "model": model, "mix": mix, "age": age, "absurd": is_absurd}
    source = wild(model, mix)
    began = time.monotonic()
    try:
        request = Request(trial="1", design=design, until_age=age, timeout_s=TIMEOUT_S)
        out = source.evaluate(request)
    except SpecError as error:
        return row | {"said": "refused", "message": str(error)}
    except ValueError as error:  # pydantic refuses NaN before the simulator can
        return row | {"said": "refused", "message": type(error).__name__}
    said = "success" if out.failure is None else str(out.failure)
    return row | {
        "said": said,
        "message": out.message,
        "wall_s": time.monotonic() - began,
        "step_s": out.provenance["longest_step_s"],
        "wrong": _wrong(out, age),
    }


def _inside(draw: random.Random, name: str) -> float:
    _, low, high = bounds(name)
    if low > 0 and high / low > 5:
        return math.exp(draw.uniform(math.log(low), math.log(high)))
    return draw.uniform(low, high)


def _wrong(out: Any, age: int) -> list[str]:
    """What must never be, looked for apart from the simulator's own checks."""
    values = {m.observable: m.value for m in out.measurements}
    if out.failure is not None:
        wrong = ["measurements of a failure"] if values else []
        return wrong + ([] if out.message else ["a failure without a reason"])
    wrong = [f"{k} = {v}" for k, v in values.items() if not math.isfinite(v)]
    wrong += [f"{k} = {v}" for k, v in values.items() if v < -1e-2]
    positive = ("capacity", "resistance", "porosity")
    wrong += [f"{k} = {values[k]}" for k in positive if values[k] <= 0]
    if out.age != age or len(values) != 7:
        wrong.append(f"truncated at {out.age} of {age}")
    return wrong


def robustness(rows: list[dict[str, Any]]) -> None:
    counts = Counter(row["said"] for row in rows)
    print(f"{len(rows)} points: " + ", ".join(f"{n} {k}" for k, n in counts.items()))
    absurd = Counter(row["said"] for row in rows if row["absurd"])
    print("absurd ones: " + ", ".join(f"{n} {k}" for k, n in absurd.items()))
    wrong = [(row["seed"], w) for row in rows for w in row.get("wrong", [])]
    short = [w for _, w in wrong if "truncated" in w]
    raised = [row for row in rows if row["said"] == "raised"]
    walls = [row["wall_s"] for row in rows if "wall_s" in row]
    steps = [row["step_s"] for row in rows if "step_s" in row]
    hangs = sum(wall > TIMEOUT_S + 30 for wall in walls)
    print(f"unlabelled truncations: {len(short)} (target 0)")
    print(
        f"sign violations and other wrong values: {len(wrong) - len(short)} (target 0)"
    )
    print(f"exceptions that got out: {len(raised)} (target 0)")
    print(f"hangs: {hangs} (target 0); longest point {max(walls):.1f} s, "
          f"longest single step {max(steps):.1f} s")  # fmt: skip
    for seed, what in wrong:
        print(f"  seed {seed}: {what}")
    for row in raised:
        print(f"  seed {row['seed']}: {row['message']}")


def guarded(job: tuple[str, int]) -> dict[str, Any]:
    part, seed = job
    try:
        return compare(seed) if part == "accuracy" else attempt(seed)
    except Exception as error:
        if part == "accuracy":
            raise
        said = f"{type(error).__name__}: {error}"
        return {"seed": seed, "absurd": False, "said": "raised", "message": said}


def journalled(part: str, n: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of the seeds 0 to n - 1, as many as the minutes allow."""
    path = options.journal / f"cells_{part}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text().splitlines() if path.exists() else []
    rows = {row["seed"]: row for row in map(json.loads, lines)}
    jobs = [(part, seed) for seed in range(n) if seed not in rows]
    until = time.monotonic() + 60 * options.minutes
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(options.processes) as pool, path.open("a") as journal:
        # In small batches: what was begun is kept, and the clock is looked at.
        size = 16 * options.processes
        for first in range(0, len(jobs), size):
            if time.monotonic() > until:
                break
            for row in pool.imap_unordered(guarded, jobs[first : first + size]):
                rows[row["seed"]] = row
                print(json.dumps(row), file=journal, flush=True)
    found = [rows[seed] for seed in sorted(rows) if seed < n]
    print(f"{len(found)} of {n} points were run")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts: dict[str, Callable[[list[dict[str, Any]]], None]] = {
        "accuracy": accuracy,
        "robustness": robustness,
    }
    parser.add_argument("--part", nargs="*", default=["speed", *parts])
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--journal", type=Path, default=Path("benchmarks/journal"))
    parser.add_argument("--minutes", type=float, default=math.inf)
    options = parser.parse_args()
    for part in options.part:
        print(f"== {part}", flush=True)
        if part == "speed":
            speed()
        else:
            n = options.points if part == "accuracy" else options.n
            parts[part](journalled(part, n, options))


if __name__ == "__main__":
    main()
