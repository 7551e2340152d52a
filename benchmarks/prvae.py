"""prVAE: every figure beside its target and a peer of the same run.

    python benchmarks/prvae.py --runs FOLDER --model FILE [--plain FILE] [--data FOLDER]
        [--targets 25] [--generated 12] [--seed 0]

FOLDER is made by `bigloop dataset sei --n 10000 --out FOLDER`, FILE by `bigloop train
prvae --data FOLDER --out FILE`, the plain VAE by the same with `--property-weight 0`.
Test rows are those of the split of the model's seed. `--data` holds the published
lattices (`sei_kmc_kit`). A figure that is missed is printed as missed.

Definitions, fixed before any design was run. Volume fraction: sites that are not
solvent, over the sites between electrode and absorber; density: Li2CO3 and clusters
over all sites. A design lands when, in all four properties, the mean of 8 fresh
replicates is within 2 standard deviations of the target; the deviation is that of 8
single runs at the barriers the target came from, so that a design does not land by
scattering. Targets are means of those 8 runs at barriers of test rows. Every route has
the same runs and the same number of designs tried in the model. The look-up has the
same runs too: the training rows closest to the target, run once more.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bigloop.agents.inverse.designing import WITHIN_SD, Plan, design
from bigloop.agents.inverse.runs import Grower, properties_of
from bigloop.agents.inverse.search import ROUTES
from bigloop.agents.inverse.target import Target
from bigloop.models.prvae.data import SeiData, of_arrays, split
from bigloop.models.prvae.file import load
from bigloop.models.prvae.folder import read_folder
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.pictures import drawn, most_likely
from bigloop.models.prvae.scores import (
    Scores,
    evaluate,
    principal,
    r2,
    rank_correlation,
    reconstruct,
)
from bigloop.models.prvae.views import BARRIERS, PICTURE

ROOT = Path(__file__).parents[1]
TARGETS = {
    "thickness": 0.98,
    "density": 0.99,
    "volume_fraction": 0.99,
    "porosity": 0.90,
}
REPLICATES = 8
Floats = NDArray[np.float64]


def line(name: str, found: str, target: str, met: bool | None, note: str = "") -> None:
    verdict = {True: "met", False: "MISSED", None: ""}[met]
    print(f"{name:46} {found:>16} {target:>12} {verdict:7} {note}", flush=True)


def regression(model: PrVAE, plain: PrVAE | None, test: SeiData) -> None:
    mine = evaluate(model, test)
    other = None if plain is None else evaluate(plain, test)
    for name, value in mine.r2.items():
        note = (
            "" if other is None else f"plain VAE, later regressor {other.r2[name]:.4f}"
        )
        least = TARGETS.get(name)
        met = None if least is None else value >= least
        target = "" if least is None else f">= {least}"
        line(f"R2 {name}, n = {mine.n}", f"{value:.4f}", target, met, note)
    order(model, plain, test)
    sites(mine, other)
    for entry in mine.coverage:
        level, found, n = entry["level"], entry["coverage"], entry["n"]
        spread = np.sqrt(level * (1 - level) / n)
        line(
            f"coverage {100 * level:.0f} % {entry['property']}, n = {n}",
            f"{100 * found:.1f} %",
            f"{100 * level:.0f} %",
            abs(found - level) <= 3 * spread,
            f"binomial sd {100 * spread:.1f}; met: within 3",
        )


def order(model: PrVAE, plain: PrVAE | None, test: SeiData) -> None:
    found = {}
    for name, one in (("prVAE", model), ("plain VAE", plain)):
        if one is not None:
            mean, _ = one.encode({PICTURE: torch.tensor(test.pictures)})
            scores, parts = principal(mean.numpy())
            i = test.names.index("thickness")
            found[name] = [
                abs(rank_correlation(scores[:, c], test.properties[:, i]))
                for c in range(3)
            ] + [parts[0]]
    note = "; ".join(
        f"{k}: PC2 {v[1]:.2f}, PC3 {v[2]:.2f}, PC1 has {100 * v[3]:.0f} % of variance"
        for k, v in found.items()
    )
    peer = (
        f"plain VAE PC1 {found['plain VAE'][0]:.3f}; " if "plain VAE" in found else ""
    )
    line(
        f"|Spearman| PC1, thickness, n = {len(test)}",
        f"{found['prVAE'][0]:.3f}",
        "",
        None,
        peer + note,
    )


def sites(mine: Scores, other: Scores | None) -> None:
    for name in ("accuracy", "accuracy_non_solvent"):
        note = "" if other is None else f"plain VAE {100 * getattr(other, name):.1f} %"
        line(name, f"{100 * getattr(mine, name):.1f} %", "", None, note)
    for name, value in mine.recall.items():
        note = "" if other is None else f"plain VAE {100 * other.recall[name]:.1f} %"
        line(f"recall {name}", f"{100 * value:.1f} %", "", None, note)


def generation(
    model: PrVAE, train: SeiData, test: SeiData, grower: Grower, n: int, seed: int
) -> None:
    """Pictures drawn at barriers, measured, against fresh replicates there."""
    from scipy.stats import wasserstein_distance

    rows = np.random.default_rng([seed, 5]).choice(len(test), n, replace=False)
    widths = (train.barriers.max(0) - train.barriers.min(0))[None]
    biases, distances, peers = [], [], []
    for row in rows.tolist():
        barriers = test.barriers[row]
        true = properties_of(grower.run(barriers, REPLICATES, 10_000 + row), test.names)
        given = {BARRIERS: torch.tensor(barriers[None])}
        made = model.sample(64, given, seed=row)[PICTURE].numpy()
        found = properties_of(made, test.names)
        spread = np.maximum(true.std(0, ddof=1), 1e-9)
        biases.append((found.mean(0) - true.mean(0)) / spread)
        scale = train.properties.std(0)
        distances.append(
            [wasserstein_distance(found[:, i], true[:, i]) for i in range(len(scale))]
            / scale
        )
        apart = np.square((train.barriers - barriers) / widths).sum(1)
        near = train.properties[apart.argsort()[:REPLICATES]]
        peers.append(
            [wasserstein_distance(near[:, i], true[:, i]) for i in range(len(scale))]
            / scale
        )
    for i, name in enumerate(test.names):
        line(
            f"generated {name}, median |bias| / replicate sd",
            f"{np.median(np.abs(np.array(biases)[:, i])):.2f}",
            "",
            None,
            f"{n} barriers, 64 pictures, {REPLICATES} runs each",
        )
        line(
            f"generated {name}, mean Wasserstein / sd of data",
            f"{np.mean(np.array(distances)[:, i]):.3f}",
            "",
            None,
            f"the {REPLICATES} training runs nearest in barriers "
            f"{np.mean(np.array(peers)[:, i]):.3f}",
        )


def published(model: PrVAE, folder: Path) -> None:
    """The 500 lattices of the study: no barriers, chosen at the edges of classes."""
    path = folder / "sei_kmc_kit" / "kmc_final_lattices_50x50.npz"
    if not path.exists():
        line("published lattices", "not run", "", None, f"{path} is not there")
        return
    with np.load(path, allow_pickle=False) as stored:
        pictures = stored["lattice"]
    data = of_arrays(pictures)
    true = properties_of(data.pictures, model.properties)
    found = model.predict({PICTURE: torch.tensor(data.pictures)}).mean.double().numpy()
    likely = properties_of(reconstruct(model, data), model.properties)
    mean, _ = model.encode({PICTURE: torch.tensor(data.pictures)})
    made = drawn(model.decode(mean)[PICTURE], torch.Generator().manual_seed(0)).numpy()
    again = properties_of(made, model.properties)
    for i, name in enumerate(model.properties):
        line(
            f"published R2 {name}, n = {len(data)}",
            f"{r2(found[:, i], true[:, i]):.4f}",
            "",
            None,
            f"on the reconstruction: likeliest {r2(likely[:, i], true[:, i]):.4f}, "
            f"drawn {r2(again[:, i], true[:, i]):.4f}",
        )
    inside = data.pictures[:, 1:-1]
    right = reconstruct(model, data)[:, 1:-1] == inside
    part = right[inside != 0].mean()
    line("published, sites right that are not solvent", f"{100 * part:.1f} %", "", None)


def on_reconstruction(model: PrVAE, test: SeiData) -> None:
    """Properties measured on the reconstruction of test rows, against the truth."""
    mean, _ = model.encode({PICTURE: torch.tensor(test.pictures)})
    probability = model.decode(mean, {BARRIERS: torch.tensor(test.barriers)})[PICTURE]
    made = drawn(probability, torch.Generator().manual_seed(0)).numpy()
    likely = most_likely(probability).numpy()
    found = [properties_of(x, test.names) for x in (likely, made)]
    for i, name in enumerate(test.names):
        values = [r2(x[:, i], test.properties[:, i]) for x in found]
        line(
            f"R2 {name} measured on the reconstruction",
            f"{values[1]:.4f}",
            "",
            None,
            f"drawn; likeliest {values[0]:.4f}; n = {len(test)}",
        )


def look_up(
    train: SeiData, target: Target, grower: Grower, plan: Plan, seed: int
) -> Floats:
    """The closest training rows, run once more; fresh runs of the best of them."""
    n = plan.rounds * plan.runs_per_round
    wanted, scale = np.array(target.values, float), train.properties.std(0)
    miss = np.square((train.properties - wanted) / scale).sum(1)
    rows = miss.argsort()[:n]
    again = [
        properties_of(grower.run(train.barriers[row], 1, seed + i), train.names)[0]
        for i, row in enumerate(rows.tolist())
    ]
    mean = (train.properties[rows] + np.array(again)) / 2
    best = rows[np.square((mean - wanted) / scale).sum(1).argmin()]
    lattices = grower.run(train.barriers[best], plan.replicates, seed + 999)
    return properties_of(lattices, train.names)


def inverse(
    model: PrVAE, train: SeiData, test: SeiData, grower: Grower, n: int, seed: int
) -> None:
    plan = Plan(replicates=REPLICATES)
    rows = np.random.default_rng([seed, 6]).choice(len(test), n, replace=False).tolist()
    aims: list[tuple[Target, Floats]] = []
    for row in rows:
        lattices = grower.run(test.barriers[row], REPLICATES, 20_000 + row)
        runs = properties_of(lattices, test.names)
        means = dict(zip(test.names, runs.mean(0).tolist(), strict=True))
        aims.append((Target.of(means, test.names), runs.std(0, ddof=1)))

    def by(route: str) -> Callable[[Target, int], Floats]:
        return lambda target, at: (
            design(model, target, grower, route=route, plan=plan, seed=30_000 + at).runs
        )

    ways: dict[str, Callable[[Target, int], Floats]] = {r: by(r) for r in ROUTES}
    ways["look-up of training rows"] = lambda target, at: look_up(
        train, target, grower, plan, 40_000 + 1000 * at
    )
    n_runs = plan.rounds * plan.runs_per_round
    for name, way in ways.items():
        began = time.thread_time()
        away = [
            _away(way(target, at), target, sd)
            for (target, sd), at in zip(aims, rows, strict=True)
        ]
        worst = np.array([a.max() for a in away])
        hits = (worst <= WITHIN_SD).mean()
        met = hits >= 0.8 if name in ROUTES else None
        each = ", ".join(
            f"{p} {100 * np.mean([a[i] <= WITHIN_SD for a in away]):.0f} %"
            for i, p in enumerate(test.names)
        )
        line(
            f"designs that land, {name}, n = {n}",
            f"{100 * hits:.0f} %",
            ">= 80 %" if name in ROUTES else "peer",
            met,
            f"{n_runs} runs; median worst {np.median(worst):.1f} sd; within 1 sd "
            f"{100 * (worst <= 1).mean():.0f} %; each alone: {each}; "
            f"{(time.thread_time() - began) / n:.0f} s of processor a target",
        )


def _away(runs: Floats, target: Target, sd: Floats) -> Floats:
    wanted = np.array(target.values, float)
    miss = np.abs(runs.mean(0) - wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((sd == 0) & (miss <= 1e-9 * np.abs(wanted)), 0.0, miss / sd)


def training(files: Sequence[Path]) -> None:
    for path in files:
        report = path.with_suffix(".json")
        if not report.exists():
            continue
        found: dict[str, Any] = json.loads(report.read_text())["report"]
        line(
            f"training of {path.stem}, pictures a second",
            f"{found['pictures_per_s']:.0f}",
            "",
            None,
            f"{found['n_train']} rows, {len(found['epochs'])} epochs, best "
            f"{found['best_epoch']}, batch {found['batch']}, {found['device']}, "
            f"peak {found['peak_memory_MiB']:.0f} MiB",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--plain", type=Path)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--targets", type=int, default=25)
    parser.add_argument("--generated", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    model = load(given.model, PrVAE)
    plain = None if given.plain is None else load(given.plain, PrVAE)
    rows = read_folder(given.runs, model.properties)
    parts = split(len(rows), model.training.seed)
    train, test = rows.take(parts[0]), rows.take(parts[2])
    settings = json.loads((given.runs / "manifest.json").read_text())["settings"]
    grower = Grower(
        shape=(settings["rows"], settings["columns"]),
        rules=settings["version"],
        max_events=settings["max_events"],
    )
    print(
        f"prVAE, {len(rows)} runs, {len(train)} to train, {len(test)} to test, seed "
        f"{given.seed}, torch {torch.__version__}, 1 thread, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    line("figure", "found", "target", None)
    training([p for p in (given.model, given.plain) if p is not None])
    regression(model, plain, test)
    on_reconstruction(model, test)
    published(model, given.data)
    generation(model, train, test, grower, given.generated, given.seed)
    if given.targets:
        inverse(model, train, test, grower, given.targets, given.seed)


if __name__ == "__main__":
    main()
