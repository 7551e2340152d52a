"""Intervals of the predicted properties that cover what they say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

LEVELS = (0.5, 0.8, 0.95)
"""Reported everywhere."""
_GRID = tuple(i / 100 for i in range(5, 100))
_ONE_SD = 0.6826894921370859


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Properties of pictures in their units, `n x k` each; deviations calibrated."""

    mean: Tensor
    aleatoric: Tensor
    """Standard deviation that more data of this kind would not take away."""
    epistemic: Tensor
    """Standard deviation between the regressors."""

    @property
    def sd(self) -> Tensor:
        """Both together."""
        return (self.aleatoric.square() + self.epistemic.square()).sqrt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Half widths of intervals in raw standard deviations, `k x levels`.

    Split conformal prediction with normalised residuals [Lei2018]_: on rows that were
    not trained on, the interval of a level has covered that part. What is promised is
    the coverage over rows like those, not for each kind of picture by itself.

    .. [Lei2018] J. Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018), section 5.2.
    """

    widths: Tensor

    @classmethod
    def none(cls, k: int) -> Calibration:
        """Gaussian widths."""
        normal = torch.distributions.Normal(0.0, 1.0)
        levels = torch.tensor(_GRID)
        return cls(widths=normal.icdf((1 + levels) / 2).repeat(k, 1))

    @classmethod
    def of(cls, residual: Tensor, sd: Tensor, known: Tensor) -> Calibration:
        """From residuals and raw deviations of held-out rows, `n x k` each."""
        widths = cls.none(residual.shape[1]).widths.clone()
        for i in range(residual.shape[1]):
            ratio = (residual[:, i].abs() / sd[:, i])[known[:, i]].cpu().sort().values
            n = len(ratio)
            if n < 2:
                continue
            for j, level in enumerate(_GRID):
                at = min(n, math.ceil((n + 1) * level))
                widths[i, j] = ratio[at - 1]
        return cls(widths=widths)

    def width(self, level: float) -> Tensor:
        """Half width at a level from 0.05 to 0.99, `k`, in raw deviations."""
        at = (level - _GRID[0]) / (_GRID[-1] - _GRID[0]) * (len(_GRID) - 1)
        low = min(len(_GRID) - 2, max(0, math.floor(at + 1e-9)))
        part = min(1.0, max(0.0, at - low))
        return (1 - part) * self.widths[:, low] + part * self.widths[:, low + 1]

    @property
    def factor(self) -> Tensor:
        """What one raw deviation is multiplied with, `k`: 68 % lie within it then."""
        return self.width(_ONE_SD)


def coverage(
    prediction: Prediction,
    truth: Tensor,
    known: Tensor,
    calibration: Calibration,
    names: Sequence[str],
) -> list[Mapping[str, float | int | str]]:
    """Part of the held-out values inside the interval of each level, with n.

    Args:
        prediction: of the rows.
        truth: `n x k`.
        known: mask `n x k`.
        calibration: what the intervals come from.
        names: of the properties.
    """
    raw = prediction.sd / calibration.factor
    found: list[Mapping[str, float | int | str]] = []
    for level in LEVELS:
        inside = (truth - prediction.mean).abs() <= calibration.width(level) * raw
        for i, name in enumerate(names):
            mask = known[:, i]
            n = int(mask.sum())
            part = float(inside[mask, i].float().mean()) if n else math.nan
            found.append({"property": name, "level": level, "coverage": part, "n": n})
    return found
