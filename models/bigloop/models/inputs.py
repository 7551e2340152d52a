"""From what is known of a specimen to the inputs of a predictor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from bigloop.contracts import Campaign, Document, SpecError, TrainingRow

if TYPE_CHECKING:
    from torch import Tensor


class Inputs(Document):
    """Names of the inputs, in order: early observables, numbers, one-hot choices."""

    early: tuple[str, ...]
    numeric: tuple[str, ...] = ()
    """Parameters that are numbers."""
    choices: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Parameters that are choices, with every choice."""

    @classmethod
    def of(cls, campaign: Campaign, features: Sequence[str] | None = None) -> Inputs:
        """What the campaign's predictor is trained on; `features` is a subset of it.

        Raises:
            SpecError: the campaign has no predictor, or a feature is not one of its
                early observables.
        """
        if campaign.predictor is None:
            raise SpecError("predictor: is missing; declare what is predicted")
        early = campaign.predictor.early
        for name in features or ():
            if name not in early:
                raise SpecError(
                    f"predictor.options.features: {name!r} is not among "
                    f"predictor.early {list(early)}; add it there"
                )
        early = tuple(features) if features else early
        if not campaign.predictor.with_design:
            return cls(early=early)
        parameters = campaign.parameters.items()
        return cls(
            early=early,
            numeric=tuple(name for name, p in parameters if not p.choices),
            choices={name: p.choices for name, p in parameters if p.choices},
        )

    @property
    def names(self) -> list[str]:
        """Name of every column."""
        hot = [f"{k}={v}" for k, values in self.choices.items() for v in values]
        return [*self.early, *self.numeric, *hot]

    @property
    def n(self) -> int:
        """Number of input columns."""
        return len(self.names)

    def matrix(self, rows: Sequence[TrainingRow]) -> Tensor:
        """Inputs of specimens, `n x d`.

        Raises:
            SpecError: a row lacks an input.
        """
        import torch

        values = [self._values(row) for row in rows]
        return torch.tensor(values, dtype=torch.double).reshape(len(rows), self.n)

    def _values(self, row: TrainingRow) -> list[float]:
        try:
            early = [row.early[name] for name in self.early]
            design = [float(row.design[name]) for name in self.numeric]
            hot = [
                float(row.design[name] == value)
                for name, values in self.choices.items()
                for value in values
            ]
        except KeyError as error:
            raise SpecError(
                f"specimen {row.specimen!r} lacks {error.args[0]!r}; leave the row out "
                "or measure it"
            ) from None
        return [*early, *design, *hot]
