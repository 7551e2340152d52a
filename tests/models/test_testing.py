"""The contract suites find what they are there to find."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from bigloop.contracts import TrainingRow
from bigloop.models.early_life import EarlyLifePredictor
from bigloop.models.testing import check_predictor, check_surrogate


class AcceptsNaN(EarlyLifePredictor):
    def fit(
        self, X: Tensor, Y: Tensor, groups: Sequence[str] = (), **_: object
    ) -> None:
        super().fit(X.nan_to_num(), Y.nan_to_num(), groups)


class MixesNoiseIn(EarlyLifePredictor):
    def uncertainty(self, X: Tensor) -> tuple[Tensor, Tensor]:
        aleatoric, epistemic = super().uncertainty(X)
        return aleatoric, (aleatoric**2 + epistemic**2).sqrt()


class LosesTheBatchShape(EarlyLifePredictor):
    def uncertainty(self, X: Tensor) -> tuple[Tensor, Tensor]:
        aleatoric, epistemic = super().uncertainty(X)
        return aleatoric.reshape(-1, 1), epistemic.reshape(-1, 1)


class Draws(EarlyLifePredictor):
    def fit(
        self, X: Tensor, Y: Tensor, groups: Sequence[str] = (), **_: object
    ) -> None:
        super().fit(X, Y, groups)
        assert self._fitted is not None
        self._fitted.origin.add_(torch.randn(()))


class ForgetsCensoring(EarlyLifePredictor):
    def predict(self, rows: Sequence[TrainingRow]) -> tuple[Tensor, Tensor, Tensor]:
        plain = [r.model_copy(update={"censored": False}) for r in rows]
        mean, aleatoric, epistemic = super().predict(plain)
        return mean - 1.0, aleatoric, epistemic


class WritesTheTime(EarlyLifePredictor):
    def to_bytes(self) -> bytes:
        self.scale += 1e-9
        return super().to_bytes()


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (AcceptsNaN, "NaN in X is accepted"),
        (MixesNoiseIn, "epistemic squared is not the variance"),
        (LosesTheBatchShape, "has shape"),
        (Draws, "two fits to the same data differ"),
    ],
)
def test_a_broken_surrogate_is_found(
    broken: type[EarlyLifePredictor], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_surrogate(broken)


@pytest.mark.parametrize(
    ("broken", "message"),
    [(ForgetsCensoring, "predicted too low"), (WritesTheTime, "another file")],
)
def test_a_broken_predictor_is_found(
    broken: type[EarlyLifePredictor], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_predictor(broken)


def test_predictor_contract() -> None:
    check_predictor(EarlyLifePredictor)


def test_training_is_imported_without_torch() -> None:
    code = "import sys, bigloop.models.training; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
