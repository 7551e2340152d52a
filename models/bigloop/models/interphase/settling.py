"""The sizes of all noise, set right after training."""

from __future__ import annotations

import torch
from torch import Tensor

from bigloop.models.interphase.filtering import follow
from bigloop.models.interphase.records import Records
from bigloop.models.interphase.rolling import Network, exactly, inputs

_PSEUDO = 2.0
"""Readings that the trained noise counts as, at each knot."""
_CHUNK = 64


def settle(
    network: Network, records: Records, places: Tensor, rounds: int, seed: int
) -> None:
    """Sizes of observation and process noise that make the readings likeliest.

    Training maximises a bound, and what the guide fails to follow looks like
    observation noise to it. Particles do not depend on how good the guide is: each
    round draws lives that agree with the readings. It sets the noise of each channel to
    the mean square of what is left (at each knot that of the readings near it in age),
    and each process noise by the mean square of its normal draws, which must be 1: an
    expectation maximisation of these sizes, all else held [Wei1990]_.

    .. [Wei1990] G. C. G. Wei and M. A. Tanner, J. Am. Stat. Assoc. 85, 699 (1990).

    Args:
        network: trained; its noise is changed.
        records: scaled, those that it was trained on.
        places: observable of each channel.
        rounds: how often.
        seed: of the draws.
    """
    hats, exact = network.space.hats(records.ages), exactly(records)
    weights = torch.einsum("ntc,ntj->cj", exact, hats)
    for turn in range(rounds):
        generator = torch.Generator().manual_seed(seed + turn)
        left, begun, moved = _moments(network, records, places, generator)
        noise = network.space.noise.data
        sums = torch.einsum("entc,ntj->ecj", left * exact, hats)
        mixed = (sums + _PSEUDO * (2 * noise).exp()) / (weights + _PSEUDO)
        noise.copy_(0.5 * mixed.clamp_min(1e-12).log())
        network.space.widen(begun, moved)


def _moments(
    network: Network,
    records: Records,
    places: Tensor,
    generator: torch.Generator,
    lives: int = 64,
) -> tuple[Tensor, Tensor, Tensor]:
    """Of lives that agree with the readings.

    Mean square distance of readings, `E x n x T x C`; mean square of the draws at age 0
    and of those of all steps that have a length, `E x n_draws` each.
    """
    T, nd = records.ages.shape[1], network.space.n_draws
    left, begun = [], []
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
        left.append((levels - some.values[:, None]).square().mean(2))
        assert found.draws is not None
        squares = found.draws.square().mean(2)
        begun.append(squares[:, :, 0])
        moved = moved.to(squares) + torch.einsum(
            "entd,nt->ed", squares[:, :, 1:], steps[rows]
        )
    first = torch.cat(begun, 1)
    count = len(records) + _PSEUDO
    return (
        torch.cat(left, 1),
        (first.sum(1) + _PSEUDO) / count,
        (moved + _PSEUDO) / (steps.sum() + _PSEUDO),
    )
