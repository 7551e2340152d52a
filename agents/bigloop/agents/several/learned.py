"""What is known of one output: its data, its model, its moments at designs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.agents.belief import TARGET, Belief
from bigloop.agents.guard import Guard
from bigloop.agents.items import latent
from bigloop.agents.recommendation import log_normal_shift
from bigloop.agents.several.outputs import Output
from bigloop.agents.source_model import SourceModel

FLOOR = 1e-12
"""Least variance, on the standardised scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """The mean over specimens at `m` designs under `s` settings, standardised.

    Attributes:
        mean: `s x m`.
        sd: of what is not known of it, `s x m`.
        change: standard deviation of what one more result there would change it by,
            `s x m`.
        weight: of the settings, `s`.
    """

    mean: Tensor
    sd: Tensor
    change: Tensor
    weight: Tensor

    def average(self, values: Tensor) -> Tensor:
        """Mean over the settings of a tensor `s x ...`."""
        return torch.tensordot(self.weight, values, dims=1)

    def at(self, index: Tensor) -> Moments:
        """Some of the designs."""
        return Moments(
            mean=self.mean[:, index],
            sd=self.sd[:, index],
            change=self.change[:, index],
            weight=self.weight,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """One output with its data and its model.

    Attributes:
        output: which one.
        belief: its data, with the scales that standardise them.
        guard: its models, and whether cheap sources may inform it.
        model: by which it is decided; pending results believed.
    """

    output: Output
    belief: Belief
    guard: Guard
    model: SourceModel

    def moments(self, x: Tensor, n_settings: int | None = None) -> Moments:
        """At designs `m x d`, under all settings or the likeliest ones."""
        model = self.model if n_settings is None else self.model.likeliest(n_settings)
        mean, variance = model.moments(latent(x, self.belief.n_common))
        variance = variance.clamp_min(FLOOR)
        noise = self.noise(model)[:, None]
        return Moments(
            mean=mean + log_normal_shift(self.belief, model)[:, None],
            sd=variance.sqrt(),
            change=(variance / (variance + noise).sqrt()).clamp_min(FLOOR**0.5),
            weight=model.weight,
        )

    def noise(self, model: SourceModel) -> Tensor:
        """Variance of a specimen of an unknown batch about the mean, `s`."""
        return model.h.spread(TARGET) + self.belief.own_variance

    @property
    def window(self) -> tuple[float, float]:
        """The bounds of its requirement, standardised."""
        low, high = self.output.window
        return self.standard(low), self.standard(high)

    @property
    def reference(self) -> float | None:
        """What an objective must beat, standardised; none: not stated."""
        stated = self.output.reference
        return None if stated is None else self.standard(stated)

    def standard(self, value: float) -> float:
        """A value on the model scale, standardised."""
        if math.isinf(value):
            return value
        return (value - self.belief.center[TARGET]) / self.belief.scale[TARGET]

    def p_holds(self, moments: Moments) -> Tensor:
        """Probability that the requirement holds at designs, `m`; 1 without one."""
        if self.output.requirement is None:
            return torch.ones(moments.mean.shape[-1], dtype=moments.mean.dtype)
        low, high = self.window
        below = torch.special.ndtr((low - moments.mean) / moments.sd)
        up_to = torch.special.ndtr((high - moments.mean) / moments.sd)
        return moments.average(up_to - below)
