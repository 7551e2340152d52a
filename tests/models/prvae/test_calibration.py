from __future__ import annotations

import math

import pytest
import torch

from bigloop.models.prvae.calibration import LEVELS, Calibration, Prediction, coverage


@pytest.mark.parametrize("shape", ["normal", "heavy"])
def test_intervals_cover_what_they_say_whatever_the_residuals(shape: str) -> None:
    """Raw deviations twice too small, tails of Student's t: coverage within 4 sd."""
    torch.manual_seed(0)
    kind = {
        "normal": torch.distributions.Normal(0.0, 1.0),
        "heavy": torch.distributions.StudentT(3.0),
    }[shape]
    n, sd = 4000, torch.rand(8000, 1) + 0.5
    residual = 2 * sd * kind.sample((8000, 1))
    known = torch.ones(8000, 1, dtype=torch.bool)
    made = Calibration.of(residual[:n], sd[:n], known[:n])
    prediction = Prediction(
        mean=torch.zeros(n, 1),
        aleatoric=sd[n:] * made.factor,
        epistemic=torch.zeros(n, 1),
    )
    entries = coverage(prediction, residual[n:], known[n:], made, ["a"])
    for level, entry in zip(LEVELS, entries, strict=True):
        spread = math.sqrt(2 * level * (1 - level) / n)
        assert abs(float(entry["coverage"]) - level) < 4 * spread
        assert entry["n"] == n


def test_without_rows_they_are_gaussian() -> None:
    none = torch.zeros(0, 2)
    made = Calibration.of(none, none, none.bool())
    torch.testing.assert_close(made.width(0.95), torch.full((2,), 1.959964))
    torch.testing.assert_close(made.factor, torch.ones(2), rtol=1e-3, atol=1e-3)
