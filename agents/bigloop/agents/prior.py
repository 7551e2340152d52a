"""What is believed of the hyper-parameters before any data."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

# A campaign opens without torch.
if TYPE_CHECKING:
    from torch import Tensor

    from bigloop.agents.covariance import Hyperparameters

MEAN_VARIANCE = 1.0
"""Prior variance of every channel's mean, in standardised units."""
_SIGNAL, _EFFECT, _NOISE = (0.0, 1.0), (math.log(0.1), 2.0), (math.log(0.1), 2.0)
"""Mean and standard deviation of the logarithm of a variance."""
_BATCH = _NOISE
"""Between batches as between specimens, since no more is known of it: a standard
deviation around 0.3, with 95 % between 0.04 (no effect) and 2.2 (all that is seen)."""
_ALIKE, _OTHER = (0.6, 0.5), (0.0, 1.0)
"""Mean and standard deviation of `rho`, of the objective itself and of the rest."""


class Prior:
    """Independent normal priors over the unconstrained vector of hyper-parameters.

    In standardised units: lengthscales around half the diagonal of the unit cube;
    signal variance around 1; the variances of single designs, of specimens and of
    a source's bias wide over several decades; `rho ~ N(0, 1)`, and `N(0.6, 0.5^2)`
    for a source that shows the objective itself: it is meant to be about right; the
    variance between batches, of the channels that have any, like that of specimens.

    Args:
        n_dimensions: of designs.
        n_channels: the target and the others.
        alike: channels that show the objective itself.
        batched: channels in which batches are told apart.
    """

    def __init__(
        self,
        n_dimensions: int,
        n_channels: int,
        alike: Container[int] = (),
        batched: Sequence[int] = (),
    ) -> None:
        import torch

        rho = [_ALIKE if number in alike else _OTHER for number in range(1, n_channels)]
        d, c = n_dimensions, n_channels - 1
        self.n_dimensions, self.n_channels = d, n_channels
        self.batched = tuple(batched)
        length = math.log(0.5 * math.sqrt(d))
        self.mean = torch.tensor(
            [length] * d
            + [_SIGNAL[0], _EFFECT[0], _NOISE[0], math.log(0.05)]
            + [mean for mean, _ in rho]
            + [math.log(0.3)] * c
            + [math.log(0.01)] * c
            + [_BATCH[0]] * len(batched),
            dtype=torch.float64,
        )
        self.sd = torch.tensor(
            [0.8] * d
            + [_SIGNAL[1], _EFFECT[1], _NOISE[1], 1.0]
            + [sd for _, sd in rho]
            + [1.5] * c
            + [2.0] * c
            + [_BATCH[1]] * len(batched),
            dtype=torch.float64,
        )

    def unpack(self, theta: Tensor, is_coupled: bool = True) -> Hyperparameters:
        """Hyper-parameters of `s x p` unconstrained vectors; `rho = 0` if uncoupled."""
        import torch

        from bigloop.agents.covariance import Hyperparameters

        d, c = self.n_dimensions, self.n_channels - 1
        parts = theta.split([d, 1, 1, 1, 1, c, c, c, len(self.batched)], dim=-1)
        length, signal, effect, noise, miss, rho, bias, noise_c, batch = parts
        one, zero = torch.ones_like(signal), torch.zeros_like(signal)
        rho = rho if is_coupled else 0.0 * rho
        tau2 = theta.new_zeros(*theta.shape[:-1], self.n_channels)
        tau2[..., list(self.batched)] = batch.exp()
        return Hyperparameters(
            lengthscale=length.exp(),
            signal=signal.exp().squeeze(-1),
            effect=effect.exp().squeeze(-1),
            relation=torch.cat([one, rho], dim=-1),
            bias=torch.cat([zero, bias.exp()], dim=-1),
            noise=torch.cat([noise, noise_c], dim=-1).exp(),
            batch=tau2,
            miss=miss.exp().squeeze(-1),
        )

    def log_density(self, theta: Tensor) -> Tensor:
        """Log density of `s x p` vectors, up to a constant."""
        return -0.5 * ((theta - self.mean) / self.sd).square().sum(-1)
