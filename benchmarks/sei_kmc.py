"""Speed of the SEI kinetic Monte Carlo, and how far it agrees with the published runs.

Peers are measured in the same run: the textbook reference for the speed, and the event
list of the published program, faults included (`sei.published`), for the agreement.
Figures that are missed are printed as missed.

    python benchmarks/sei_kmc.py [--data FOLDER] [--rows N] [--replay N] ...
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.spatial import cKDTree

from bigloop.simulators.sei import Barriers, Growth, Species, box, dataset, measure
from bigloop.simulators.sei.published import replay
from bigloop.simulators.sei.reference import Reference

ROOT = Path(__file__).parent.parent
NAMES = [f"e{i}" for i in range(1, 16)]
COMPARED = ("in_flux", "or_flux", "thickness")
PUBLISHED_S, PUBLISHED_EVENTS, PUBLISHED_NM = 6118.0, 1_366_000, 15.86
MAX_EVENTS = 2_000_000
REPLAYED_EVENTS = 1_000_000
FEATURES = {
    "in_flux": "in_flux",
    "or_flux": "or_flux",
    "thickness": "thickness",
    "in_thickness": "in_thickness",
    "green": "n_radical",
    "orange": "n_monomer",
    "blue": "n_pair",
    "w": "n_solvent",
}
Floats = NDArray[np.float64]
Run = Callable[[Barriers, int], NDArray[np.uint8]]


def line(what: str, value: str, target: str, met: bool | None) -> None:
    verdict = {None: "", True: "met", False: "MISSED"}[met]
    print(f"  {what:58} {value:>22}   {target:24} {verdict}", flush=True)


def sets(n: int, seed: int = 0) -> list[Barriers]:
    low, high = box().T
    drawn = np.random.default_rng(seed).uniform(low, high, (n, 15))
    return [Barriers(), *(Barriers.of(row.tolist()) for row in drawn)]


def speed(n_sets: int) -> None:
    print("\n(a) processor time of one executed event, 50 x 50, all 19 events")
    Growth().run(events=10)
    costs = []
    for number, barriers in enumerate(sets(n_sets)):
        for version in ("v1", "v2"):
            growth = Growth(barriers, version, seed=number)
            began = time.process_time()
            end = growth.run(events=MAX_EVENTS)
            spent = time.process_time() - began
            costs.append(1e9 * spent / end.n_events)
            trials = 1 + growth.n_null_events / end.n_events
            name = "default" if number == 0 else f"box {number}"
            print(
                f"    {name:8} {version} {costs[-1]:7.0f} ns, {trials:.2f} trials an "
                f"event, {end.n_events} events, ended by {end.end}"
            )
    middle, worst = float(np.median(costs)), max(costs)
    line("median over the sets", f"{middle:.0f} ns", "<= 50 ns", middle <= 50)
    line("worst of the sets", f"{worst:.0f} ns", "<= 50 ns", worst <= 50)
    reference = Reference(Barriers(), "v1", seed=0)
    began = time.process_time()
    while reference.n_events < 300:
        reference.step()
    cost = 1e9 * (time.process_time() - began) / reference.n_events
    line("peer: textbook reference, default set", f"{cost:.2g} ns", "", None)


def default_run(replicates: int) -> None:
    print("\n(b) published run: v2, default barriers, 1.366 M events, 6,118 s")
    began = time.process_time()
    heights, whole = [], []
    for seed in range(replicates):
        growth = Growth(version="v2", seed=seed)
        growth.run(events=PUBLISHED_EVENTS)
        heights.append(attached_thickness(growth))
        whole.append(float(measure(growth.lattice().species)["thickness"][0]))
    spent = (time.process_time() - began) / replicates
    ratio = PUBLISHED_S / spent
    line("time of one run", f"{spent:.3f} s", "", None)
    line("times faster", f"{ratio:,.0f}", ">= 10,000", ratio >= 10_000)
    mean, sd = float(np.mean(heights)), float(np.std(heights, ddof=1))
    z = (PUBLISHED_NM - mean) / (sd * np.sqrt(1 + 1 / replicates))
    text = f"{mean:.2f} +- {sd:.2f} nm"
    line(f"thickness, attached, n = {replicates}", text, "published 15.86", None)
    line("z of the published thickness", f"{z:+.2f}", "|z| <= 2", bool(abs(z) <= 2))
    text = f"{np.mean(whole):.2f} +- {np.std(whole, ddof=1):.2f} nm"
    line("thickness with loose clusters (v1's definition)", text, "", None)


def attached_thickness(growth: Growth) -> float:
    """v2 counts clusters only where they are attached to electrode or Li2CO3 [nm]."""
    lattice = growth.lattice()
    inorganic = lattice.species == Species.INORGANIC
    base = inorganic | (lattice.species == Species.ELECTRODE)
    held = np.unique(lattice.owner[(lattice.owner >= 0) & binary_dilation(base)])
    sites = inorganic | np.isin(lattice.owner, held)
    rows = np.arange(sites.shape[0])[:, None]
    return float(np.where(sites, rows, 0).max(axis=0).mean())


def textbook(barriers: Barriers, seed: int) -> NDArray[np.uint8]:
    return Growth(barriers, "v1", seed=seed).run(events=MAX_EVENTS).lattice


def textbook_as_long(barriers: Barriers, seed: int) -> NDArray[np.uint8]:
    """Stopped at the event count of the replay, so that only the rates differ."""
    return Growth(barriers, "v1", seed=seed).run(events=REPLAYED_EVENTS).lattice


def with_faults(barriers: Barriers, seed: int) -> NDArray[np.uint8]:
    return replay(barriers, seed, REPLAYED_EVENTS)[0].lattice


def rows(table: pd.DataFrame) -> Iterator[tuple[Barriers, pd.Series]]:
    for _, row in table.iterrows():
        yield Barriers.of([float(row[name]) for name in NAMES]), row


def replicated(run: Run, table: pd.DataFrame, replicates: int) -> dict[str, Floats]:
    """Compared observables, `rows x replicates`."""
    found: dict[str, list[Floats]] = {name: [] for name in COMPARED}
    for number, (barriers, _) in enumerate(rows(table)):
        seeds = range(1000 * number, 1000 * number + replicates)
        values = measure(np.stack([run(barriers, seed) for seed in seeds]))
        for name in COMPARED:
            found[name].append(values[name])
    return {name: np.array(values) for name, values in found.items()}


def z_scores(published: Floats, ours: Floats) -> Floats:
    """|z| against the spread of replicates, the error of their mean included.

    Replicates without any spread: 0 where the published value is theirs, else infinite.
    """
    n = ours.shape[1]
    off = np.abs(published - ours.mean(axis=1))
    sd = ours.std(axis=1, ddof=1) * np.sqrt(1 + 1 / n)
    exact = np.where(off < 1e-4, 0.0, np.inf)
    return np.asarray(np.where(sd > 0, off / np.where(sd > 0, sd, 1), exact))


def published_rows(data: Path, n: int, n_replay: int, replicates: int) -> None:
    table = pd.read_csv(data / "barriers_observables.csv.gz")
    finished = table[table.rxfinished == 1]
    print(
        f"\n(c) published runs with barriers: {len(table)}, finished {len(finished)}; "
        f"|z| against {replicates} replicates"
    )
    for name, run, size in (
        ("textbook", textbook, n),
        ("textbook, same rows and events", textbook_as_long, n_replay),
        ("published list", with_faults, n_replay),
    ):
        if size == 0:
            continue
        chosen = finished.sample(min(size, len(finished)), random_state=0)
        ours = replicated(run, chosen, replicates)
        labels = chosen.KL.to_numpy(int)
        for observable in COMPARED:
            z = z_scores(chosen[observable].to_numpy(), ours[observable])
            bias = float((ours[observable].mean(1) - chosen[observable]).mean())
            middle = float(np.median(z))
            line(
                f"{name}, n = {len(chosen)}: {observable}, median |z|",
                f"{middle:.2f}",
                "< 1",
                middle < 1 if run is textbook else None,
            )
            print(
                f"      mean difference {bias:+.2f}, |z| < 2 in {np.mean(z < 2):.0%}, "
                f"without spread {np.mean(ours[observable].std(1) == 0):.0%}; by class "
                + ", ".join(
                    f"{k}: {np.median(z[np.equal(labels, k)]):.2f}"
                    for k in np.unique(labels)
                )
            )
            by_what_is_left(chosen.green.to_numpy(int), z)


def by_what_is_left(radicals: NDArray[np.int64], z: Floats) -> None:
    """Runs that are over by the rates leave no radical beside Li2CO3 or solvent."""
    for name, chosen in (("at most 2", radicals <= 2), ("more", radicals > 2)):
        if chosen.any():
            print(
                f"      published with {name} radicals left, n = {chosen.sum()}: "
                f"median |z| {np.median(z[chosen]):.2f}"
            )


class Classes:
    """Morphology class from observables: 15 nearest labelled runs, each axis scaled."""

    def __init__(self, table: pd.DataFrame) -> None:
        x = table[list(FEATURES)].to_numpy(float)
        self._scale = x.std(axis=0)
        self._tree = cKDTree(x / self._scale)
        self._labels = table.KL.to_numpy(int)

    def of(self, values: Floats) -> NDArray[np.int64]:
        _, near = self._tree.query(values / self._scale, k=15)
        votes = self._labels[near]
        return np.array([np.bincount(row, minlength=4).argmax() for row in votes])


def classes(data: Path, n: int, n_replay: int) -> None:
    table = pd.read_csv(data / "barriers_observables.csv.gz")
    pool = pd.read_csv(data / "barriers_class_pool.csv.gz")
    print(f"\n(d) class of {len(pool)} runs by their barriers, from our lattices")
    half = np.arange(len(table)) % 2 == 0
    held = Classes(table[half]).of(table[~half][list(FEATURES)].to_numpy(float))
    right = float(np.mean(held == table[~half].KL))
    line(
        "class from observables, on the other half of the rows",
        f"{right:.1%}",
        "",
        None,
    )
    known = Classes(table)
    for name, run, size in (
        ("textbook", textbook, n),
        ("textbook, same rows and events", textbook_as_long, n_replay),
        ("published list", with_faults, n_replay),
    ):
        if size == 0:
            continue
        chosen = pool.sample(min(size, len(pool)), random_state=1)
        values = [
            [float(found[key][0]) for key in FEATURES.values()]
            for number, (barriers, _) in enumerate(rows(chosen))
            for found in [measure(run(barriers, number))]
        ]
        ours, theirs = known.of(np.array(values)), chosen.KL.to_numpy(int)
        fit = np.arange(len(ours)) % 2 == 0
        renamed = renaming(theirs[fit], ours[fit])
        agreement = float(np.mean(renamed[theirs[~fit]] == ours[~fit]))
        line(
            f"{name}: agreement, n = {np.sum(~fit)} (names from {np.sum(fit)})",
            f"{agreement:.1%}",
            ">= 90 %",
            agreement >= 0.9,
        )
        print(
            pd.crosstab(theirs, ours, rownames=["pool"], colnames=["ours"]).to_string()
        )


def renaming(theirs: NDArray[np.int64], ours: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbering of the classes differs between the files: the best permutation."""
    options = [np.array(p) for p in itertools.permutations(range(4))]
    return max(options, key=lambda p: np.mean(np.equal(ours, p[theirs])))


def generator(runs: int) -> None:
    print("\n(e) data set of 10,000 runs, `bigloop dataset sei`")
    settings = dataset.Settings(n=10_000, shard=10)
    with tempfile.TemporaryDirectory() as folder:
        dataset.begin(settings, Path(folder))
        began, memory = time.process_time(), []
        for shard in range(runs // settings.shard):
            dataset.make_shard(settings, Path(folder), shard)
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        spent = (time.process_time() - began) / runs
    hours = spent * settings.n / 2 / 3600
    line(f"a run with its share of writing, n = {runs}", f"{spent:.3f} s", "", None)
    line("projected on 2 cores", f"{hours:.2f} h", "< 3 h", hours < 3)
    grown = memory[-1] - memory[len(memory) // 2]
    text = f"{memory[-1]:.0f} MB, {grown:+.1f} MB"
    line("memory at the end, and growth over the second half", text, "flat", grown < 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--sets", type=int, default=8)
    parser.add_argument("--rows", type=int, default=150, help="finished rows in (c)")
    parser.add_argument("--pool", type=int, default=300, help="rows in (d)")
    parser.add_argument("--replay", type=int, default=30, help="rows of the slow peer")
    parser.add_argument("--replicates", type=int, default=6)
    parser.add_argument("--default-replicates", type=int, default=24)
    parser.add_argument("--generator", type=int, default=60)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the start")
    speed(given.sets)
    default_run(given.default_replicates)
    generator(given.generator)
    data = given.data / "sei_kmc_kit"
    if not data.exists():
        print(f"\n(c), (d): no data at {data}; give --data")
        return
    published_rows(data, given.rows, given.replay, given.replicates)
    classes(data, given.pool, given.replay * 2)


if __name__ == "__main__":
    main()
