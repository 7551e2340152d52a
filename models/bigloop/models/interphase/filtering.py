"""Lives that agree with what was measured: particles, proposed by the guide."""

from __future__ import annotations

import torch
from torch import Tensor

from bigloop.models.interphase.network import State
from bigloop.models.interphase.objective import log_density
from bigloop.models.interphase.records import Records
from bigloop.models.interphase.rolling import (
    Lives,
    Network,
    Stage,
    each,
    exactly,
    guided,
)

_ENOUGH = 0.5
"""Share of the particles that must count, or they are drawn anew."""


def follow(
    network: Network, records: Records, places: Tensor, draws: Tensor, lots: Tensor
) -> Lives:
    """Particles of every interphase by every member, weighed by its readings.

    The guide proposes each step from all readings, the weights set right what it gets
    wrong, and few effective particles are replaced by copies of the likely
    ones (systematic resampling) [Doucet2009]_; beyond the last reading the prior goes
    on. Levels of a life are those of its ancestors.

    .. [Doucet2009] A. Doucet and A. M. Johansen, in: The Oxford Handbook of Nonlinear
       Filtering, 656 (2009).

    Args:
        network: the members.
        records: scaled, `n` interphases.
        places: observable of each channel.
        draws: unit normal numbers, `n x K x (T + 1) x n_draws`.
        lots: uniform numbers, `n x (T + 1)`, for resampling.
    """
    E, (n, K, steps, _) = network.members, draws.shape
    space, stage = network.space, Stage(network, records, places, K)
    gate = each(_until_last(records).expand(E, -1, -1), K)
    sigma = space.sigma(records.ages)
    u = draws.reshape(1, n * K, steps, -1).expand(E, -1, -1, -1)
    mean, log_spread = (part * gate[:, :, :1] for part in stage.first_moments())
    drawn = guided(u[:, :, 0], (mean, log_spread))
    weight = _odds(u[:, :, 0], drawn, log_spread)
    state = stage.begin(drawn)
    past = drawn.reshape(E, n, K, 1, -1)
    n_levels = len(space.layout.ordered)
    past = torch.cat([past.new_zeros(E, n, K, 1, n_levels), past], -1)
    total = weight.reshape(E, n, K)
    for t in range(steps - 1):
        unit = u[:, :, t + 1]
        state, drawn, moments = stage.follow(t, state, unit, gate[:, :, t, None])
        odds = _odds(unit, drawn, moments[1])
        here = stage.levels.reshape(E, n, K, 1, -1)
        own = torch.cat([here, drawn.reshape(E, n, K, 1, -1)], -1)
        past = torch.cat([past, own], 3)
        told = log_density(
            records.at(t), here[..., places], sigma[:, :, None, t : t + 1]
        )
        total = total + odds.reshape(E, n, K) + told.sum((3, 4))
        enough = 1.0 if t == steps - 2 else _ENOUGH
        state, past, total = _resample(state, past, total, lots[:, t], enough)
        stage.levels = past[:, :, :, -1, :n_levels].reshape(E, n * K, -1)
    return Lives(
        levels=past[:, :, :, 1:, :n_levels],
        divergence=total,
        draws=past[..., n_levels:],
    )


def _odds(unit: Tensor, drawn: Tensor, log_spread: Tensor) -> Tensor:
    """Log of prior over guide at what it drew."""
    return (0.5 * (unit.square() - drawn.square()) + log_spread).sum(-1)


def _until_last(records: Records) -> Tensor:
    """`n x T`, 1 up to the last reading that the guide is told of."""
    any_here = exactly(records).amax(-1)
    return any_here.flip(1).cummax(1).values.flip(1)


def _resample(
    state: State, past: Tensor, total: Tensor, lots: Tensor, enough: float
) -> tuple[State, Tensor, Tensor]:
    E, n, K = total.shape
    weights = torch.softmax(total, -1)
    few = 1.0 / weights.square().sum(-1) < enough * K * (1 - 1e-6)
    if not bool(few.any()):
        return state, past, total
    at = (torch.arange(K).to(total) + lots[None, :, None]) / K
    reach = weights.cumsum(-1)
    reach = reach / reach[..., -1:]
    heirs = torch.searchsorted(reach, at.expand(E, n, K).contiguous()).clamp_max(K - 1)
    own = torch.arange(K, device=heirs.device).expand_as(heirs)
    heirs = torch.where(few[..., None], heirs, own)
    row = torch.arange(n, device=heirs.device)[None, :, None] * K + heirs
    row = row.reshape(E, n * K, 1)
    state = State.of(
        state.free.gather(1, row.expand(-1, -1, state.free.shape[-1])),
        state.risen.gather(1, row.expand(-1, -1, state.risen.shape[-1])),
    )
    deep = heirs[..., None, None].expand(-1, -1, -1, *past.shape[3:])
    return (
        state,
        past.gather(2, deep),
        torch.where(few[..., None], torch.zeros_like(total), total),
    )
