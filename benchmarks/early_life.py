"""The early-life predictor against the published model, and its honesty.

    python benchmarks/early_life.py [--data cells.csv] [--knees baumhofer_48cells.csv]

The first table repeats the split of Severson et al., Nat. Energy 4, 383 (2019): RMSE
and MAPE beside least squares, which is their "variance" model, fitted in the same run.
The others draw few labels at random: how often 90 % intervals hold (over all judged
cells, and over one cell a subset with its Wilson interval), in the worst 5 % of
subsets, their half-width as a factor of life, and the mean log score, beside the
t-intervals of least squares. The priors were fixed before any table was made; the last
tables are of data that nothing was designed on.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import stats

from bigloop.contracts import TrainingRow
from bigloop.models.early_life import EarlyLifePredictor
from bigloop.models.holdout import bare, score
from bigloop.models.inputs import Inputs
from bigloop.models.scores import Held, metrics, wilson

VARIANCE = ("log10_var_dQ",)
DISCHARGE = (*VARIANCE, "log10_abs_min_dQ", "skew_dQ", "Q_cycle2", "maxQ_minus_Q2")
PUBLISHED = {"train": (103, 14.7), "test1": (138, 13.2), "test2": (196, 11.4)}
N_LABELS = (1, 2, 3, 5, 8, 20)
N_SUBSETS = 200
FASTEST_MIN = 10.1
Fit = Callable[[Sequence[TrainingRow], Sequence[TrainingRow]], list[Held]]


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="joined Severson table")
    parser.add_argument("--knees", type=Path, help="Baumhofer's 48 cells")
    arguments = parser.parse_args()
    cells = _read(arguments.data or _packaged())
    published_split(cells)
    few_labels("92 feasible cells, labels at random", _feasible(cells), at_random)
    few_labels(
        "92 feasible cells, labels of one batch, judged on the others",
        _feasible(cells),
        of_one_batch,
    )
    if arguments.knees:
        few_labels("Baumhofer, 48 alike cells", knees(arguments.knees), at_random)
    few_labels("Made up: bent, heavy-tailed, batches", made_up(), at_random)
    few_labels("Made up, labels of one batch", made_up(), of_one_batch)


def published_split(cells: Sequence[dict[str, str]]) -> None:
    """RMSE and MAPE of every recipe on the three parts of the published split."""
    everything = tuple(k for k in cells[0] if k in DISCHARGE or _is_late(k))
    parts = {name: [c for c in cells if c["split"] == name] for name in PUBLISHED}
    parts["test1"] = [c for c in parts["test1"] if float(c["cycle_life"]) > 150]
    print("\nPublished split, RMSE [cycle] / MAPE [%]; test1 without the cell of 148")
    sizes = ", ".join(f"{name} n={len(part)}" for name, part in parts.items())
    print(f"{'recipe':34}{sizes}; 90 % intervals hold in")
    print(
        f"{'published variance model':34}"
        + "".join(f"{rmse:6d} /{mape:5.1f}    " for rmse, mape in PUBLISHED.values())
    )
    recipes = {"variance": VARIANCE, "discharge": DISCHARGE, "all": everything}
    for name, features in recipes.items():
        for label, fit in (("least squares", _squares(features)), ("ours", _ours)):
            for knows in (True, False) if fit is _ours else (False,):
                tables = {k: _rows(p, features, knows) for k, p in parts.items()}
                held = {k: fit(tables["train"], part) for k, part in tables.items()}
                kind = f"{label}, batches" if knows else label
                print(f"{f'{name} (d={len(features)}), {kind}':34}" + _errors(held))


def few_labels(
    title: str, rows: Sequence[TrainingRow], draw: Callable[..., Any]
) -> None:
    """Coverage, width and log score over random subsets of few labels."""
    print(f"\n{title} (n={len(rows)}; {N_SUBSETS} subsets)")
    print(
        f"{'labels':>6} {'model':14} {'coverage of 90 %':>17} {'one a subset':>21}"
        f" {'worst 5 %':>10} {'factor +-':>10} {'log score':>10} {'MAPE %':>7}"
    )
    features = tuple(rows[0].early)
    for n in N_LABELS:
        for name, fit in (("ours", _ours), ("least squares", _squares(features))):
            if name == "ours" or n >= len(features) + 2:
                print(f"{n:6d} {name:14} " + _study(rows, n, draw, fit))


@dataclass(frozen=True, slots=True)
class Draw:
    """Who is labelled, and on whom it is judged."""

    known: list[TrainingRow]
    judged: list[TrainingRow]


def at_random(rows: Sequence[TrainingRow], n: int, rng: np.random.Generator) -> Draw:
    order = [rows[i] for i in rng.permutation(len(rows))]
    return Draw(order[:n], order[n:])


def of_one_batch(rows: Sequence[TrainingRow], n: int, rng: np.random.Generator) -> Draw:
    batch = rng.choice(sorted({str(row.batch) for row in rows}))
    order = [rows[i] for i in rng.permutation(len(rows))]
    known = [row for row in order if row.batch == batch][:n]
    return Draw(known, [row for row in order if row.batch != batch])


def _study(
    rows: Sequence[TrainingRow], n: int, draw: Callable[..., Draw], fit: Fit
) -> str:
    rng = np.random.default_rng(n)
    shares, first, held = [], 0, []
    for _ in range(N_SUBSETS):
        part = draw(rows, n, rng)
        found = fit(part.known, part.judged)
        inside = [h.is_covered(0.9) for h in found]
        shares.append(sum(inside) / len(inside))
        first += inside[0]
        held += found
    low, high = wilson(first, N_SUBSETS)
    width = math.exp(1.645 * float(np.median([h.sd for h in held])))
    scores = metrics(held, "x", log=True)
    return (
        f"{np.mean(shares):17.3f} {first / N_SUBSETS:7.3f} ({low:.3f}-{high:.3f})"
        f" {np.quantile(shares, 0.05):10.2f} {width:10.2f}"
        f" {scores['x_log_score']:10.2f} {scores['x_mape_percent']:7.1f}"
    )


def _ours(known: Sequence[TrainingRow], judged: Sequence[TrainingRow]) -> list[Held]:
    predictor = EarlyLifePredictor(Inputs(early=tuple(known[0].early)), log=True)
    names = {row.specimen for row in known}
    predictor.fit_rows(
        [*known, *(bare(row) for row in judged if row.specimen not in names)]
    )
    return score(predictor, judged, log=True)


def _squares(features: Sequence[str]) -> Fit:
    """Least squares on the logarithm; t-intervals, as the normal of equal 90 %."""

    def fit(known: Sequence[TrainingRow], judged: Sequence[TrainingRow]) -> list[Held]:
        X, at = (_design(rows, features) for rows in (known, judged))
        y = np.log([row.value or 0.0 for row in known])
        coefficients, *_ = np.linalg.lstsq(X, y, rcond=None)
        free = len(y) - X.shape[1]
        noise = math.sqrt(float(((y - X @ coefficients) ** 2).sum()) / free)
        leverage = np.einsum("ij,jk,ik->i", at, np.linalg.pinv(X.T @ X), at)
        widen = float(stats.t(free).ppf(0.95)) / 1.645
        return [
            Held(
                specimen=row.specimen,
                batch=row.batch,
                truth=math.log(row.value or 0.0),
                mean=float(at[i] @ coefficients),
                sd=max(1e-9, widen * noise * math.sqrt(1.0 + leverage[i])),
            )
            for i, row in enumerate(judged)
        ]

    return fit


def _design(
    rows: Sequence[TrainingRow], features: Sequence[str]
) -> npt.NDArray[np.float64]:
    return np.array([[1.0, *(row.early[f] for f in features)] for row in rows])


def _errors(held: dict[str, list[Held]]) -> str:
    text = ""
    for part in held.values():
        found = metrics(part, "x", log=True)
        text += f"{found['x_rmse']:6.0f} /{found['x_mape_percent']:5.1f}    "
    hits = (f"{sum(h.is_covered(0.9) for h in p)}/{len(p)}" for p in held.values())
    return text + "  ".join(hits)


def _is_late(name: str) -> bool:
    return name.startswith(("log10_", "skew_", "Q_", "maxQ_", "slope_", "intercept_"))


def _packaged() -> Path:
    return Path(str(files("bigloop.simulators") / "data/severson2019/cells.csv"))


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def _rows(
    cells: Iterable[dict[str, str]], features: Sequence[str], knows_batch: bool = True
) -> list[TrainingRow]:
    return [
        TrainingRow(
            trial=cell["barcode"],
            specimen=cell["barcode"],
            batch=cell["batch"] if knows_batch else None,
            design={},
            early={name: float(cell[name]) for name in features},
            value=float(cell["cycle_life"]),
        )
        for cell in cells
    ]


def _feasible(cells: Sequence[dict[str, str]]) -> list[TrainingRow]:
    kept = []
    for cell in cells:
        c1, q1, c2 = (float(cell[name]) for name in ("C1", "Q1", "C2"))
        if 60 * (q1 / c1 + (0.8 - q1) / c2) <= FASTEST_MIN + 1e-9:
            kept.append(cell)
    return _rows(kept, VARIANCE)


def knees(path: Path) -> list[TrainingRow]:
    """Cycle of 80 % of nominal capacity, from the fade over the first 400 cycles."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for line in (line for line in _read(path) if line["capacity"]):
        point = (float(line["cycle_or_time"]), float(line["capacity"]))
        curves.setdefault(line["cell"], []).append(point)
    rows = []
    for cell, points in curves.items():
        cycle, capacity = (np.array(column) for column in zip(*points, strict=True))
        end, below = 0.8 * 1.85, np.flatnonzero(capacity < 0.8 * 1.85)
        if len(below):
            i = int(below[0])
            share = (capacity[i - 1] - end) / (capacity[i - 1] - capacity[i])
            life = cycle[i - 1] + share * (cycle[i] - cycle[i - 1])
            early = np.interp([0.0, 400.0], cycle, capacity)
            row = {"fade_400": float(early[0] - early[1]), "start": float(early[0])}
            rows.append(
                TrainingRow(
                    trial=cell, specimen=cell, design={}, early=row, value=float(life)
                )
            )
    return rows


def made_up(n: int = 90) -> list[TrainingRow]:
    """A bent relation, noise of a Student t with 3 degrees, three shifted batches."""
    rng = np.random.default_rng(20260101)
    x, noise = rng.normal(size=n), rng.standard_t(3, size=n)
    shift = rng.normal(size=3) * 0.25
    y = 7.0 + 0.3 * x + 0.1 * x**2 + 0.15 * noise + shift[np.arange(n) % 3]
    return [
        TrainingRow(
            trial=f"{i}",
            specimen=f"s{i}",
            batch=f"b{i % 3}",
            design={},
            early={"x": float(x[i])},
            value=float(np.exp(y[i])),
        )
        for i in range(n)
    ]


if __name__ == "__main__":
    main()
