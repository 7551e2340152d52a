"""Rows as tensors on a device, standardised; pictures stay codes of one byte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bigloop.models.prvae.data import SeiData


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """Means and standard deviations of what was learned from, in its units."""

    barrier_mean: Tensor
    """`15` [eV], as the rest of the barriers."""
    barrier_sd: Tensor
    property_mean: Tensor
    """`k`."""
    property_sd: Tensor

    @classmethod
    def of(cls, data: SeiData) -> Scales:
        """Over the rows in which each is known; 0 and 1 where none is."""
        has_b = np.repeat(data.has_barriers[:, None], data.barriers.shape[1], axis=1)
        barriers = _moments(data.barriers, has_b)
        properties = _moments(data.properties, data.has_properties)
        return cls(
            barrier_mean=barriers[0],
            barrier_sd=barriers[1],
            property_mean=properties[0],
            property_sd=properties[1],
        )

    def barriers(self, values: Tensor) -> Tensor:
        """Standardised, `n x 15`."""
        return (values - self.barrier_mean.to(values)) / self.barrier_sd.to(values)

    def properties(self, values: Tensor) -> Tensor:
        """Standardised, `n x k`."""
        return (values - self.property_mean.to(values)) / self.property_sd.to(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one step learns from."""

    pictures: Tensor
    """`n x rows x columns`, bytes."""
    barriers: Tensor
    """`n x 15`, standardised."""
    has_barriers: Tensor
    """`n`."""
    properties: Tensor
    """`n x k`, standardised."""
    has_properties: Tensor
    """`n x k`."""

    @classmethod
    def of(cls, data: SeiData, scales: Scales, device: torch.device) -> Rows:
        """All rows, on the device: 10,000 pictures are 25 MB."""
        barriers, properties = map(torch.tensor, (data.barriers, data.properties))
        made = cls(
            pictures=torch.tensor(data.pictures),
            barriers=scales.barriers(barriers),
            has_barriers=torch.tensor(data.has_barriers),
            properties=scales.properties(properties),
            has_properties=torch.tensor(data.has_properties),
        )
        return cls(**{name: getattr(made, name).to(device) for name in cls.__slots__})

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.pictures)

    def take(self, at: Tensor | slice) -> Rows:
        """Some of the rows."""
        return Rows(**{name: getattr(self, name)[at] for name in self.__slots__})


def _moments(values: np.ndarray, known: np.ndarray) -> tuple[Tensor, Tensor]:
    means, spreads = [], []
    for column, mask in zip(values.T.astype(float), known.T, strict=True):
        found = column[mask]
        means.append(float(found.mean()) if len(found) else 0.0)
        spread = float(found.std()) if len(found) else 1.0
        spreads.append(spread or 1.0)
    return torch.tensor(means), torch.tensor(spreads)
