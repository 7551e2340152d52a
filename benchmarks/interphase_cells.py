"""Cycle life of real cells from their first 100 cycles, by the published split.

    python benchmarks/interphase_cells.py [--data FOLDER] [--look] [--only RECIPE ...]

Every choice is made by cross-validation within the 41 training cells; the two test sets
are judged once, when asked to look. Split: Severson et al., Nat. Energy 4, 383 (2019).
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bigloop.contracts import TrainingRow
from bigloop.models.early_life import EarlyLifePredictor
from bigloop.models.holdout import bare, score
from bigloop.models.inputs import Inputs
from bigloop.models.interphase import InterphasePredictor
from bigloop.models.promotion import compare
from bigloop.models.scores import Held, metrics, wilson

VARIANCE = ("log10_var_dQ",)
DISCHARGE = (*VARIANCE, "log10_abs_min_dQ", "skew_dQ", "Q_cycle2", "maxQ_minus_Q2")
ALL = (
    *DISCHARGE,
    "log10_abs_mean_dQ",
    "Q_cycle100",
    "slope_2_100",
    "intercept_2_100",
    "slope_91_100",
    "intercept_91_100",
)
FEATURES = {"variance": VARIANCE, "discharge": DISCHARGE, "all": ALL}
ROOT = Path(__file__).parent.parent
OUTLIER_BELOW = 150.0
Fit = Callable[[Sequence[TrainingRow], Sequence[TrainingRow]], list[Held]]


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--look", action="store_true", help="at the test sets alone")
    parser.add_argument("--only", nargs="*", choices=[*_recipes()], help="recipes")
    arguments = parser.parse_args()
    cells(arguments.data, look=arguments.look, only=arguments.only)


def cells(data: Path, *, look: bool, only: Sequence[str] | None = None) -> None:
    parts = _read(data)
    recipes = {k: v for k, v in _recipes().items() if only is None or k in only}
    if look:
        _look(parts, recipes)
        return
    print(
        f"\n# Real cells: 5-fold cross-validation within the {len(parts['train'])} "
        "training cells (folds of seed 0)"
    )
    judged = {}
    for name, (features, knows, fit) in recipes.items():
        rows = _rows(parts["train"], features, knows)
        judged[name] = [h for k, j in _folds(rows) for h in fit(k, j)]
        print(f"{name:36} {_line(judged[name])}", flush=True)
    for label in FEATURES:
        pair = [
            f"{model}, {label}, batches" for model in ("early-life", "interphase-rnn")
        ]
        if not all(name in judged for name in pair):
            continue
        found = compare(*(judged[name] for name in pair))
        error = found.gain_se or 0.0
        print(f"promotion, {label}: {found.reason} (standard error {error:.2f})")
    print("test sets: not looked at (--look)")


def _look(
    parts: dict[str, list[dict[str, str]]],
    recipes: dict[str, tuple[tuple[str, ...], bool, Fit]],
) -> None:
    print("\n# Test sets; test1 without the cell that died at cycle 148")
    kept = {
        part: [
            cell for cell in parts[part] if float(cell["cycle_life"]) > OUTLIER_BELOW
        ]
        for part in ("test1", "test2")
    }
    for name, (features, knows, fit) in recipes.items():
        known = _rows(parts["train"], features, knows)
        tests = {part: _rows(kept[part], features, knows) for part in kept}
        held = fit(known, [row for rows in tests.values() for row in rows])
        for part, rows in tests.items():
            names = {row.specimen for row in rows}
            own = [h for h in held if h.specimen in names]
            print(f"{part} {name:36} {_line(own)}", flush=True)


def _recipes() -> dict[str, tuple[tuple[str, ...], bool, Fit]]:
    found: dict[str, tuple[tuple[str, ...], bool, Fit]] = {}
    for label, features in FEATURES.items():
        for name, fit in (("interphase-rnn", _ours), ("early-life", _early)):
            found[f"{name}, {label}, batches"] = features, True, fit
        found[f"elastic net, {label}"] = features, False, _net
    return found


def _ours(known: Sequence[TrainingRow], judged: Sequence[TrainingRow]) -> list[Held]:
    made = InterphasePredictor(Inputs(early=tuple(known[0].early)), log=True)
    made.fit_rows([*known, *(bare(row) for row in judged)])
    return score(made, judged, log=True)


def _early(known: Sequence[TrainingRow], judged: Sequence[TrainingRow]) -> list[Held]:
    made = EarlyLifePredictor(Inputs(early=tuple(known[0].early)), log=True)
    made.fit_rows([*known, *(bare(row) for row in judged)])
    return score(made, judged, log=True)


def _net(known: Sequence[TrainingRow], judged: Sequence[TrainingRow]) -> list[Held]:
    """Elastic net by coordinate descent; its strength by leave-one-out on `known`."""
    X, at = (_matrix(rows) for rows in (known, judged))
    centre, width = X.mean(0), X.std(0)
    X, at = (X - centre) / width, (at - centre) / width
    y = np.log([row.value or 0.0 for row in known])
    strengths = np.geomspace(1e-3, 0.3, 8)
    left = {s: _left_out(X, y, s) for s in strengths}
    best = min(strengths, key=lambda s: float(np.square(left[s]).mean()))
    weights = _descend(X, y - y.mean(), best)
    spread = float(np.sqrt(np.square(left[best]).mean()))
    guess = y.mean() + at @ weights
    return [
        Held(
            specimen=row.specimen,
            batch=row.batch,
            truth=math.log(row.value or 0.0),
            mean=float(value),
            sd=spread,
        )
        for row, value in zip(judged, guess, strict=True)
    ]


def _left_out(X: Any, y: Any, strength: float) -> npt.NDArray[np.float64]:
    errors = []
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        weights = _descend(X[rest], y[rest] - y[rest].mean(), strength)
        errors.append(y[i] - y[rest].mean() - X[i] @ weights)
    return np.array(errors)


def _descend(X: Any, y: Any, strength: float, mix: float = 0.5) -> Any:
    weights, n = np.zeros(X.shape[1]), len(y)
    left = y.copy()
    for _ in range(60):
        for j in range(X.shape[1]):
            pull = X[:, j] @ left / n + (X[:, j] @ X[:, j] / n) * weights[j]
            size = max(abs(pull) - strength * mix, 0.0)
            new = np.sign(pull) * size / (X[:, j] @ X[:, j] / n + strength * (1 - mix))
            left += X[:, j] * (weights[j] - new)
            weights[j] = new
    return weights


def _folds(
    rows: Sequence[TrainingRow], n: int = 5
) -> list[tuple[list[TrainingRow], list[TrainingRow]]]:
    order = np.random.default_rng(0).permutation(len(rows))
    made = []
    for fold in range(n):
        out = set(order[fold::n].tolist())
        made.append(
            (
                [row for i, row in enumerate(rows) if i not in out],
                [row for i, row in enumerate(rows) if i in out],
            )
        )
    return made


def _line(held: Sequence[Held]) -> str:
    found = metrics(held, "x", log=True)
    text = (
        f"n={len(held)} MAPE {found['x_mape_percent']:5.1f} % "
        f"RMSE {found['x_rmse']:4.0f} log score {found['x_log_score']:+.2f} coverage"
    )
    for share in (0.5, 0.8, 0.95):
        hits = sum(h.is_covered(share) for h in held)
        low, high = wilson(hits, len(held))
        text += f" {share:.0%}: {hits / len(held):.2f} ({low:.2f}-{high:.2f})"
    return text


def _matrix(rows: Sequence[TrainingRow]) -> npt.NDArray[np.float64]:
    return np.array([[*row.early.values()] for row in rows])


def _read(data: Path) -> dict[str, list[dict[str, str]]]:
    """Cells by part of the split; the batches come from the packaged table."""
    from importlib.resources import files

    packaged = Path(str(files("bigloop.simulators") / "data/severson2019/cells.csv"))
    path = data / "severson_features" / "features_100cycles.csv"
    with path.open(encoding="utf-8-sig") as lines:
        n = sum(1 for _ in lines) - 1
    with packaged.open(encoding="utf-8-sig") as lines:
        cells = list(csv.DictReader(lines))
    assert len(cells) == n, "the packaged table is not that of the data folder"
    return {
        part: [cell for cell in cells if cell["split"] == part]
        for part in ("train", "test1", "test2")
    }


def _rows(
    cells: Sequence[dict[str, str]], features: Sequence[str], knows: bool
) -> list[TrainingRow]:
    return [
        TrainingRow(
            trial=cell["barcode"],
            specimen=cell["barcode"],
            batch=cell["batch"] if knows else None,
            design={},
            early={name: float(cell[name]) for name in features},
            value=float(cell["cycle_life"]),
        )
        for cell in cells
    ]


if __name__ == "__main__":
    main()
