"""How good a prVAE is on rows that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bigloop.models.prvae.calibration import coverage
from bigloop.models.prvae.data import SOLVENT, SeiData
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.pictures import most_likely
from bigloop.models.prvae.views import BARRIERS, PICTURE

Floats = NDArray[np.floating]
SPECIES = (
    *("solvent", "electrode", "absorber", "radical"),
    *("inorganic", "monomer", "pair", "cluster"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """On held-out rows."""

    n: int
    r2: dict[str, float]
    coverage: list[dict[str, Any]]
    """Property, level, part inside, n."""
    accuracy: float
    """Part of all sites between electrode and absorber with the right class."""
    accuracy_non_solvent: float
    """Of those that are not solvent."""
    recall: dict[str, float]
    """Of each class, over all its sites; classes that do not occur are left out."""

    def metrics(self) -> dict[str, float]:
        """Flat, by name."""
        return {
            **{f"test_r2_{name}": value for name, value in self.r2.items()},
            **{
                f"test_coverage_{round(100 * c['level'])}_{c['property']}": c[
                    "coverage"
                ]
                for c in self.coverage
            },
            "test_accuracy": self.accuracy,
            "test_accuracy_non_solvent": self.accuracy_non_solvent,
            **{f"test_recall_{name}": value for name, value in self.recall.items()},
            "test_n": float(self.n),
        }


def evaluate(model: PrVAE, data: SeiData) -> Scores:
    """Properties against truth, and reconstructions at the mean of the latent."""
    prediction = model.predict({PICTURE: torch.tensor(data.pictures)})
    truth, known = torch.tensor(data.properties), torch.tensor(data.has_properties)
    found = coverage(prediction, truth, known, model.learned.calibration, data.names)
    decoded = reconstruct(model, data)[:, 1:-1]
    true = data.pictures[:, 1:-1]
    right = decoded == true
    return Scores(
        n=len(data),
        r2={
            name: r2(prediction.mean.numpy()[mask, i], data.properties[mask, i])
            for i, name in enumerate(data.names)
            if (mask := data.has_properties[:, i]).sum() > 1
        },
        coverage=[dict(entry) for entry in found if entry["n"]],
        accuracy=float(right.mean()),
        accuracy_non_solvent=float(right[true != SOLVENT].mean()),
        recall={
            _name(code): float(right[true == code].mean()) for code in np.unique(true)
        },
    )


def reconstruct(model: PrVAE, data: SeiData) -> NDArray[np.uint8]:
    """Likeliest pictures at the mean of the latent, with the barriers where known."""
    mean, _ = model.encode({PICTURE: torch.tensor(data.pictures)})
    found = np.zeros_like(data.pictures)
    for has in (True, False):
        rows = np.flatnonzero(data.has_barriers == has)
        for at in np.array_split(rows, max(1, len(rows) // 256)):
            if not len(at):
                continue
            given = {BARRIERS: torch.tensor(data.barriers[at])} if has else None
            decoded = model.decode(mean[at], given)[PICTURE]
            found[at] = most_likely(decoded).numpy()
    return found


def r2(predicted: Floats, true: Floats) -> float:
    """Part of the variance of the truth that is predicted; below 0 for worse."""
    error = np.square(np.asarray(predicted, float) - np.asarray(true, float)).sum()
    return float(1 - error / np.square(true - np.mean(true, dtype=float)).sum())


def principal(latent: Floats, n: int = 3) -> tuple[Floats, Floats]:
    """Scores `rows x n` on the first principal components, and parts of the variance.

    The sign of a component is such that its largest loading is positive.
    """
    centred = np.asarray(latent, float) - np.mean(latent, axis=0, dtype=float)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    axes = (
        axes[:n] * np.sign(axes[:n][np.arange(n), np.abs(axes[:n]).argmax(1)])[:, None]
    )
    parts = values**2 / np.square(values).sum()
    return centred @ axes.T, parts[:n]


def rank_correlation(one: Floats, other: Floats) -> float:
    """Spearman's."""
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic)


def _name(code: int) -> str:
    return SPECIES[code] if code < len(SPECIES) else f"class_{code}"


def table(scores: Scores, levels: Sequence[float]) -> list[list[str]]:
    """Property, R2 and coverage at the levels, as text."""
    at = {(c["property"], c["level"]): c["coverage"] for c in scores.coverage}
    return [
        [name, f"{value:.4f}", *(f"{100 * at[name, level]:.1f} %" for level in levels)]
        for name, value in scores.r2.items()
    ]
