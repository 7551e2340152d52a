"""Between the units of the records and numbers of order one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.models.interphase.layout import Layout
from bigloop.models.interphase.records import Records

ENOUGH_TO_VARY = 4
"""From so many readings of a channel on, all being equal is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Shifts and spreads, learned from the records that a model is fitted to.

    Observables that cannot be negative are only divided, so that 0 stays 0.
    """

    age: Tensor
    """Scalar, the longest age."""
    configuration: Tensor
    """`2 x p`, means and standard deviations."""
    conditions: Tensor
    """`2 x q`."""
    observables: Tensor
    """`2 x O`, in the network's order."""
    places: Tensor
    """`C`, the observable of each channel."""

    @classmethod
    def of(cls, layout: Layout, records: Records) -> Self:
        """From the records that a model is fitted to.

        Raises:
            SpecError: an observable has no exact value, or is constant.
        """
        places = torch.tensor(layout.places)
        columns = [
            _observable(layout, records, place) for place in range(len(layout.ordered))
        ]
        longest = records.ages.max() if records.ages.numel() else torch.tensor(0.0)
        return cls(
            age=torch.where(longest > 0, longest, torch.ones_like(longest)),
            configuration=_moments(records.configuration),
            conditions=_moments(records.conditions.flatten(0, 1)),
            observables=torch.stack(columns, 1),
            places=places,
        )

    def __call__(self, records: Records) -> Records:
        """Records as the network wants them."""
        shift, spread = self.observables[:, self.places]
        return replace(
            records,
            ages=records.ages / self.age,
            configuration=_scaled(records.configuration, self.configuration),
            conditions=_scaled(records.conditions, self.conditions),
            values=(records.values - shift) / spread * records.mask,
        )

    def to(self, device: str, dtype: torch.dtype = torch.float) -> Scaling:
        """On a device and with a precision."""
        names = ("age", "configuration", "conditions", "observables")
        moved = {name: getattr(self, name).to(device, dtype) for name in names}
        return Scaling(**moved, places=self.places.to(device))


def _observable(layout: Layout, records: Records, place: int) -> Tensor:
    name = layout.ordered[place]
    mine = torch.tensor([p == place for p in layout.places])
    exact = (records.mask * (1 - records.censored))[..., mine] > 0
    values = records.values[..., mine][exact]
    if not len(values):
        raise SpecError(
            f"observables.{name}: it has no exact value; measure one to its end or "
            "leave it out of the layout"
        )
    if len(values) >= ENOUGH_TO_VARY and bool((values == values[0]).all()):
        raise SpecError(
            f"observables.{name}: all {len(values)} values are {float(values[0]):g}; "
            "leave it out of the layout"
        )
    if layout.observables[name] == "free":
        if name in layout.spreads:
            return torch.stack([values.mean(), values.new_tensor(layout.spreads[name])])
        spread = values.std(correction=0)
        spread = torch.where(spread > 0, spread, torch.ones_like(spread))
        return torch.stack([values.mean(), spread])
    size = values.square().mean().sqrt()
    if name in layout.spreads:
        size = values.new_tensor(layout.spreads[name])
    return torch.stack([torch.zeros_like(size), size if size > 0 else size + 1.0])


def _moments(columns: Tensor) -> Tensor:
    """Of something that never varied only the mean; its unit stands for the spread."""
    mean = columns.mean(0)
    spread = (columns - mean).square().mean(0).sqrt()
    varied = spread > 1e-6 * (1.0 + mean.abs())
    return torch.stack([mean, torch.where(varied, spread, torch.ones_like(spread))])


def _scaled(columns: Tensor, moments: Tensor) -> Tensor:
    return (columns - moments[0]) / moments[1]
