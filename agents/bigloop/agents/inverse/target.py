"""What is wanted: values of some properties; the others are free."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.contracts import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Values of `k` properties, of which some may not matter."""

    names: tuple[str, ...]
    values: tuple[float | None, ...]

    @classmethod
    def of(cls, wanted: Mapping[str, float], names: Sequence[str]) -> Target:
        """From the properties that matter, by name.

        Args:
            wanted: values in the units of the data.
            names: all properties of the model.

        Raises:
            SpecError: a property that the model does not have, or nothing wanted.
        """
        if unknown := [name for name in wanted if name not in names]:
            raise SpecError(
                f"target.{unknown[0]}: the model does not predict it; it predicts "
                f"{', '.join(names)}"
            )
        if not wanted:
            raise SpecError(f"target: nothing is wanted; give {', '.join(names)}")
        for name, value in wanted.items():
            if not math.isfinite(value):
                raise SpecError(f"target.{name}: {value}: give a finite number")
        return cls(names=tuple(names), values=tuple(wanted.get(name) for name in names))

    @property
    def known(self) -> Tensor:
        """Mask `k` of what matters."""
        return torch.tensor([value is not None for value in self.values])

    @property
    def tensor(self) -> Tensor:
        """Values `k`, 0 where it does not matter."""
        return torch.tensor([value or 0.0 for value in self.values])
