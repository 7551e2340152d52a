"""What training minimises: the evidence bound, and forecasts without teacher."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bigloop.models.interphase.records import Records
from bigloop.models.interphase.rolling import Network, roll

_LOG_2PI = 1.8378770664093453


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Lives of each interphase in a step, at least 2, and where chance comes from."""

    n: int
    generator: torch.Generator


def loss(
    network: Network,
    records: Records,
    places: Tensor,
    draws: Draws,
    warmth: float,
    importance: Tensor,
) -> Tensor:
    """Of every member, `E`, a reading.

    Every interphase enters twice. Once the guide sees all its readings: the negative
    evidence lower bound, its divergence weighed by `warmth`. Once the guide sees
    the readings up to an age drawn at random, none of them being as likely as any:
    up to there the bound, from there on the score of forecasts by lives that only the
    prior carries on. The observation noise is not learned here.

    Args:
        network: all members.
        records: scaled, `n` interphases.
        places: observable of each channel.
        draws: of lives and of how much is hidden.
        warmth: 0 to 1.
        importance: of each interphase to each member, `E x n`.
    """
    (n, T), generator = records.ages.shape, draws.generator
    cut = torch.randint(0, T + 1, (n, 1), generator=generator, device=generator.device)
    is_past = torch.arange(T, device=cut.device) < cut
    known = torch.cat([torch.ones_like(is_past), is_past]).to(records.ages)
    twice = records[torch.arange(n, device=cut.device).repeat(2)]
    shown = replace(
        twice,
        values=twice.values * known[..., None],
        mask=twice.mask * known[..., None],
        censored=twice.censored * known[..., None],
    )
    shape = (2 * n, draws.n, T + 1, network.space.n_draws)
    unit = torch.randn(shape, generator=generator, device=cut.device)
    # Without a reading the guide has nothing to add to the prior at the start either.
    steered = torch.cat([known[:, :1], known], 1)
    lives = roll(network, shown, places, unit.to(records.ages), steered)
    mean = lives.levels[..., places]
    sigma = network.space.sigma(twice.ages)
    near = log_density(twice, mean, sigma[:, :, None]).mean(2)
    far = -forecast_score(twice, mean, sigma.detach())
    told = known[..., None]
    scores = (near * told + far * (1.0 - told)).sum((2, 3))
    bounds = scores - warmth * lives.divergence.mean(2)
    bound = (importance.repeat(1, 2) * bounds).sum(1)
    return -bound / twice.mask.sum().clamp_min(1.0)


def forecast_score(records: Records, mean: Tensor, sigma: Tensor) -> Tensor:
    """Of each reading forecast by a few lives, `E x n x T x C`; 0 where none was read.

    The continuous ranked probability score of lives with noise, in closed form for each
    pair of lives, so that it is unbiased however few they are [Ferro2014]_; a
    likelihood under their sample variance is not, and takes it out on the noise. Over
    its usual spread, to be of the order of a log density.

    .. [Ferro2014] C. A. T. Ferro, Q. J. R. Meteorol. Soc. 140, 1917 (2014).
    """
    noise = sigma[:, :, None]
    off = mean - records.values[:, None]
    apart = mean - mean.roll(1, 2)
    score = _mean_size(off, noise) - 0.5 * _mean_size(apart, noise * 2**0.5)
    spread = (mean.detach().var(2) + sigma.square()).mean(1, keepdim=True).sqrt()
    exact = 2.0 * score.mean(2) / spread
    if not bool(records.censored.any()):
        return exact * records.mask
    above = torch.special.log_ndtr(off / noise).exp().mean(2).clamp_min(1e-12).log()
    return torch.where(records.censored > 0, -above, exact) * records.mask


def _mean_size(mean: Tensor, spread: Tensor) -> Tensor:
    """Of a normal number without its sign."""
    z = mean / spread
    density = torch.exp(-0.5 * (z.square() + _LOG_2PI))
    return spread * (2.0 * density + z * torch.erf(z * 0.5**0.5))


def log_density(records: Records, mean: Tensor, sigma: Tensor) -> Tensor:
    """Of each reading, `E x n x (K) x T x C`; 0 where nothing was read.

    A censored reading has the probability that a value lies above it.
    """
    values, mask, over = records.values, records.mask, records.censored
    if mean.ndim == 5:
        values, mask, over = (part[:, None] for part in (values, mask, over))
    z = (values - mean) / sigma
    exact = -0.5 * (z.square() + _LOG_2PI) - sigma.log()
    if not bool(over.any()):
        return exact * mask
    return torch.where(over > 0, torch.special.log_ndtr(-z), exact) * mask
