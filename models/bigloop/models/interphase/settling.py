"""The sizes of all noise, and where lives begin, set right after training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.models.interphase.filtering import follow
from bigloop.models.interphase.noise import PSEUDO, likeliest
from bigloop.models.interphase.records import Records
from bigloop.models.interphase.rolling import Network, exactly, inputs

_MOST = 1.0
"""Standard deviations of the noise that a distance counts for, at most."""
_SHARE = 0.2
"""Of the way that the noise goes in mid-training."""
_CHUNK = 64


def settle(
    network: Network, records: Records, places: Tensor, rounds: int, seed: int
) -> None:
    """Sizes of observation and process noise that make the readings likeliest.

    Particles do not depend on how good the guide is: each round draws lives that agree
    with the readings. It sets the noise of each channel by the distances that are left
    (`noise.likeliest`), and each process noise by the mean square of its normal draws,
    which must be 1: an expectation maximisation of these sizes, all else held
    [Wei1990]_, in which far distances count for less, as no life follows some readings.
    Draws at age 0 must be 0 on average, too, or forecasts from the configuration
    alone are biased. All readings count alike here, whatever they counted in training:
    what a member got wrong by chance and what it followed too closely then cancel, as
    when a variance is drawn given a draw of the weights.

    .. [Wei1990] G. C. G. Wei and M. A. Tanner, J. Am. Stat. Assoc. 85, 699 (1990).

    Args:
        network: trained; its noise is changed.
        records: scaled, those that it was trained on.
        places: observable of each channel.
        rounds: how often.
        seed: of the draws.
    """
    near = _near(network, records)
    for turn in range(rounds):
        found = _moments(network, records, places, seed + turn)
        noise = network.space.noise.data
        noise.copy_(likeliest(noise, near, found.left, _MOST))
        network.space.recentre(records.configuration, found.leaning)
        network.space.widen(found.begun, found.moved)


def listen(network: Network, records: Records, places: Tensor, seed: int) -> None:
    """Move the observation noise towards what some readings say, in mid-training.

    The evidence bound is not asked: all that the guide fails to follow looks like
    observation noise to it, and a network trained under too large a noise has no reason
    to follow better. Here the mean square near each knot is taken: were far distances
    to count for less, a few lives that cannot be followed would rule all gradients.
    """
    found = _moments(network, records, places, seed, lives=32)
    near = _near(network, records)
    noise, count = network.space.noise.data, near.sum((1, 2))
    sums = torch.einsum("entc,cntj->ecj", found.left.square().mean(2), near)
    now = (2 * noise).exp()
    heard = (sums + PSEUDO * now) / (count + PSEUDO)
    noise.copy_(0.5 * torch.lerp(now, heard, _SHARE).clamp_min(1e-12).log())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moments:
    """Of lives that agree with the readings."""

    left: Tensor
    """Distance of readings, `E x n x K x T x C`."""
    leaning: Tensor
    """Mean of the draws at age 0, `E x n_draws`."""
    begun: Tensor
    """Their mean square about it, `E x n_draws`."""
    moved: Tensor
    """Mean square of the draws of all steps that have a length, `E x n_draws`."""


def _near(network: Network, records: Records) -> Tensor:
    """How much each exact reading counts at each knot, `C x n x T x J`."""
    hats = network.space.hats(records.ages)
    return torch.einsum("ntc,ntj->cntj", exactly(records), hats)


def _moments(
    network: Network,
    records: Records,
    places: Tensor,
    seed: int,
    lives: int = 64,
) -> _Moments:
    generator = torch.Generator().manual_seed(seed)
    T, nd = records.ages.shape[1], network.space.n_draws
    left, first, begun = [], [], []
    moved = torch.zeros(network.members, nd)
    steps = (inputs(records)[..., -1] > 0).to(records.ages)
    for start in range(0, len(records), _CHUNK):
        rows = slice(start, start + _CHUNK)
        some = records[rows]
        n = len(some)
        draws = torch.randn((n, lives, T + 1, nd), generator=generator)
        lots = torch.rand(n, T + 1, generator=generator)
        with torch.no_grad():
            found = follow(
                network, some, places, draws.to(some.ages), lots.to(some.ages)
            )
        levels = found.levels[..., places]
        left.append((levels - some.values[:, None]).abs())
        assert found.draws is not None
        squares = found.draws.square().mean(2)
        first.append(found.draws[:, :, :, 0].mean(2))
        begun.append(squares[:, :, 0])
        moved = moved.to(squares) + torch.einsum(
            "entd,nt->ed", squares[:, :, 1:], steps[rows]
        )
    count = len(records) + PSEUDO
    leaning = torch.cat(first, 1).sum(1) / count
    whole = (torch.cat(begun, 1).sum(1) + PSEUDO) / count
    return _Moments(
        left=torch.cat(left, 1),
        leaning=leaning,
        begun=whole - leaning.square(),
        moved=(moved + PSEUDO) / (steps.sum() + PSEUDO),
    )
