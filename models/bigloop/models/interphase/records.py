"""What is known of interphases over their lives, as tensors with masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.models.interphase.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured value; `censored`: the true one is only known to lie above it."""

    age: float
    source: str
    observable: str
    value: float
    censored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One interphase: what it is made from, what it saw and what was measured of it.

    A history that ended early, or by a failure, simply has fewer readings.
    """

    configuration: Mapping[str, float] = field(default_factory=dict)
    conditions: Sequence[tuple[float, Mapping[str, float]]] = ()
    """Up to which age which conditions held, in order of age; the last hold on."""
    readings: Sequence[Reading] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """`n` interphases at up to `T` ages each, through `C` channels.

    Rows with fewer ages repeat their last one, with nothing measured there.
    """

    configuration: Tensor
    """`n x p`."""
    ages: Tensor
    """`n x T`, from 0 on, never falling."""
    conditions: Tensor
    """`n x T x q`, as they were on the way to each age."""
    values: Tensor
    """`n x T x C`, 0 where nothing was measured."""
    mask: Tensor
    """`n x T x C`, 1 where something was measured."""
    censored: Tensor
    """`n x T x C`, 1 where the true value lies above what `values` says."""

    @classmethod
    def of(
        cls, layout: Layout, histories: Sequence[History], ages: Sequence[float] = ()
    ) -> Self:
        """From histories; `ages` are stepped to in every one besides its own.

        Raises:
            SpecError: a number is missing, not finite or of an unknown channel.
        """
        grids = [_grid(history, ages) for history in histories]
        n, T, C = len(histories), max(map(len, grids), default=1), len(layout.channels)
        made = cls.blank(
            torch.zeros(n, len(layout.configuration)),
            torch.zeros(n, T),
            torch.zeros(n, T, len(layout.conditions)),
            C,
        )
        for i, (history, grid) in enumerate(zip(histories, grids, strict=True)):
            made._fill(layout, i, history, grid)
        made.check(layout)
        return made

    @classmethod
    def blank(
        cls, configuration: Tensor, ages: Tensor, conditions: Tensor, n_channels: int
    ) -> Self:
        """Nothing measured yet."""
        empty = torch.zeros(*ages.shape, n_channels, dtype=ages.dtype)
        return cls(
            configuration=configuration,
            ages=ages,
            conditions=conditions,
            values=empty,
            mask=empty.clone(),
            censored=empty.clone(),
        )

    def __len__(self) -> int:
        """How many interphases."""
        return len(self.ages)

    def __getitem__(self, rows: Tensor | slice | list[int]) -> Records:
        """Some of the interphases."""
        names = self.__dataclass_fields__
        return Records(**{name: getattr(self, name)[rows] for name in names})

    def at(self, t: int) -> Records:
        """The step to one of the ages alone."""
        own = {
            name: getattr(self, name)[:, t : t + 1]
            for name in ("ages", "conditions", "values", "mask", "censored")
        }
        return replace(self, **own)

    def to(self, device: str, dtype: torch.dtype = torch.float) -> Records:
        """On a device and with a precision."""
        names = self.__dataclass_fields__
        return Records(
            **{name: getattr(self, name).to(device, dtype) for name in names}
        )

    def until(self, age: float | Tensor) -> Records:
        """Only what was measured up to an age, of all or `n x 1` of each."""
        kept = self.mask * (self.ages <= age)[..., None]
        return replace(
            self, mask=kept, values=self.values * kept, censored=self.censored * kept
        )

    def check(self, layout: Layout) -> None:
        """Refuse what cannot be learned from or forecast.

        Raises:
            SpecError: wrong shapes, NaN or infinity, or ages that fall.
        """
        n, T = self.ages.shape if self.ages.ndim == 2 else (-1, -1)
        shapes = {
            "configuration": (n, len(layout.configuration)),
            "ages": (n, T),
            "conditions": (n, T, len(layout.conditions)),
            **dict.fromkeys(
                ("values", "mask", "censored"), (n, T, len(layout.channels))
            ),
        }
        for name, shape in shapes.items():
            found = getattr(self, name)
            if tuple(found.shape) != shape or n < 0:
                raise SpecError(
                    f"records.{name}: shape {tuple(found.shape)}; the layout wants "
                    f"{shape if n >= 0 else 'n x T ages'}"
                )
            if bad := int((~found.isfinite()).reshape(n, -1).any(-1).sum()):
                raise SpecError(
                    f"records.{name}: not finite in {bad} row(s); leave those out"
                )
        if n and (
            float(self.ages.min()) < 0 or bool((self.ages.diff(dim=1) < 0).any())
        ):
            raise SpecError("records.ages: they fall or lie below 0; sort them from 0")

    def _fill(
        self, layout: Layout, i: int, history: History, grid: Sequence[float]
    ) -> None:
        for j, name in enumerate(layout.configuration):
            self.configuration[i, j] = _number(history.configuration, name)
        place = {age: t for t, age in enumerate(grid)}
        for t in range(self.ages.shape[1]):
            age = grid[min(t, len(grid) - 1)]
            self.ages[i, t] = age
            held = _held(history, age)
            for j, name in enumerate(layout.conditions):
                self.conditions[i, t, j] = _number(held, name)
        for reading in history.readings:
            at = (
                i,
                place[reading.age],
                layout.channel(reading.source, reading.observable),
            )
            self.values[at] = reading.value
            self.mask[at] = 1.0
            self.censored[at] = float(reading.censored)


def _grid(history: History, ages: Sequence[float]) -> list[float]:
    switches = [age for age, _ in history.conditions[:-1]]
    read = [reading.age for reading in history.readings]
    end = max([*read, *ages], default=0.0)
    return sorted({*ages, *read, *(s for s in switches if 0 < s < end)}) or [0.0]


def _held(history: History, age: float) -> Mapping[str, float]:
    """Conditions on the way to an age: it ends a step, so it belongs to what was."""
    for until, held in history.conditions:
        if age <= until:
            return held
    return history.conditions[-1][1] if history.conditions else {}


def _number(values: Mapping[str, float], name: str) -> float:
    if name not in values:
        raise SpecError(f"history: {name!r} is missing; give it or leave the row out")
    return float(values[name])
