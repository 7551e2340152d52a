"""What training needs of a predictor, beyond being a `Surrogate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from bigloop.contracts import Surrogate, TrainingRow

if TYPE_CHECKING:
    from torch import Tensor

    from bigloop.models.inputs import Inputs


@runtime_checkable
class Predictor(Surrogate, Protocol):
    """A surrogate of single specimens that can be kept in a file.

    An entry point in `bigloop.models` is a `PredictorFactory` that makes one.
    """

    def fit_rows(self, rows: Sequence[TrainingRow]) -> None:
        """Learn from specimens; called by training, anew for every held-out fold.

        Raises:
            SpecError: no row has an exact value, or an input is missing.
        """
        ...

    def predict(self, rows: Sequence[TrainingRow]) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, aleatoric and epistemic standard deviation, `n` each, model scale."""
        ...

    def shared(self, rows: Sequence[TrainingRow]) -> Tensor:
        """Loadings `n x r` of epistemic errors that specimens share, model scale.

        Row sums of squares are at most the epistemic variances of `predict`.
        """
        ...

    @property
    def labelled(self) -> dict[str, float]:
        """Specimens and exact values that were learned from."""
        ...

    def summary(self) -> dict[str, float]:
        """The few numbers that tell people what was learned."""
        ...

    def to_bytes(self) -> bytes:
        """A file without pickle; equal knowledge, equal bytes."""
        ...

    @classmethod
    def from_bytes(cls, content: bytes, device: str = "cpu") -> Self:
        """The predictor that wrote the file."""
        ...


class PredictorFactory(Protocol):
    """What an entry point in `bigloop.models` is."""

    def __call__(
        self, inputs: Inputs, *, log: bool, scale: float, device: str, **options: Any
    ) -> Predictor:
        """Build a predictor that has learned nothing."""
        ...

    def from_bytes(self, content: bytes, device: str = "cpu") -> Predictor:
        """The predictor that wrote the file."""
        ...
