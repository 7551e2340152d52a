"""Lives drawn from a network: freely, or guided by what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from bigloop.models.interphase.ahead import Told, towards
from bigloop.models.interphase.layout import Layout
from bigloop.models.interphase.network import STEP, Guide, Sizes, State, StateSpace
from bigloop.models.interphase.records import Records

_SHORT = 0.1
"""Of a usual step: shorter ones are alike to the networks."""


class Network(nn.Module):  # type: ignore[misc]
    """Members side by side: the model and the guide of each."""

    def __init__(self, layout: Layout, sizes: Sizes) -> None:
        super().__init__()
        self.space = StateSpace(layout, sizes)
        self.guide = Guide(layout, sizes, self.space.n_draws)

    @property
    def members(self) -> int:
        """How many there are."""
        return self.space.sizes.members


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """`K` lives of each of `n` interphases by each of `E` members."""

    levels: Tensor
    """`E x n x K x T x O`, observables without noise, scaled."""
    divergence: Tensor
    """`E x n x K`, of the guide from the prior over all steps [nat]."""
    draws: Tensor | None = None
    """`E x n x K x (T + 1) x n_draws`, the normal numbers behind each life."""


def inputs(records: Records) -> Tensor:
    """What every step is given, `n x T x width`, from scaled records."""
    before = torch.cat([torch.zeros_like(records.ages[:, :1]), records.ages], 1)
    steps = before.diff(dim=1) / STEP
    fixed = records.configuration[:, None].expand(-1, steps.shape[1], -1)
    # Growth goes by powers of time, of which the logarithms are lines.
    lengths = torch.stack([(steps + _SHORT).log(), steps], -1)
    return torch.cat([records.conditions, fixed, lengths], -1)


def seen(records: Records) -> Tensor:
    """What the guide is given of the readings, `n x T x 2 C`.

    It is not told of censored ones, which are rare and say little: the weights of the
    particles see to them.
    """
    exact = exactly(records)
    return torch.cat([records.values * exact, exact], -1)


def exactly(records: Records) -> Tensor:
    """`n x T x C`, 1 where something was measured to its end."""
    return records.mask * (1.0 - records.censored)


def roll(
    network: Network,
    records: Records,
    places: Tensor,
    draws: Tensor,
    steered: Tensor | None = None,
) -> Lives:
    """Draw lives over the ages of `records`.

    Args:
        network: the members.
        records: scaled.
        places: observable of each channel.
        draws: unit normal numbers, `n x K x (T + 1) x n_draws`, for all members alike.
        steered: `n x (T + 1)`, 1 at the steps that the guide draws; none: at no step.
    """
    E, (n, K, steps, _) = network.members, draws.shape
    stage = Stage(network, records, places, K)
    u = draws.reshape(1, n * K, steps, -1).expand(E, -1, -1, -1).unbind(2)
    if steered is None:
        state, levels = stage.begin(u[0]), []
        for t in range(steps - 1):
            state = stage.step(t, state, u[t + 1])
            levels.append(stage.levels)
        total = u[0].new_zeros(E, n, K)
    else:
        gates = each(steered.expand(E, -1, -1), K)[..., None]
        moments = [_gated(stage.first_moments(), gates[:, :, 0])]
        state, levels = stage.begin(guided(u[0], moments[0])), []
        for t in range(steps - 1):
            state, _, found = stage.follow(t, state, u[t + 1], gates[:, :, t + 1])
            moments.append(found)
            levels.append(stage.levels)
        total = divergence(moments).reshape(E, n, K)
    return Lives(
        levels=torch.stack(levels, 2).reshape(E, n, K, steps - 1, -1),
        divergence=total,
    )


class Stage:
    """The inputs of every step, each repeated for the `K` lives of an interphase."""

    def __init__(
        self, network: Network, records: Records, places: Tensor, K: int
    ) -> None:
        self._network, self._places = network, places
        self._space, self._guide = network.space, network.guide
        self._records, self._K, self._E = records, K, network.members
        self._x = inputs(records).expand(self._E, -1, -1, -1)
        self._first = self._rows(records.configuration)
        self._steps = each(self._x, K).unbind(2)
        self.levels: Tensor
        """Of the last state, `E x (n K) x O`."""

    @cached_property
    def _hints(self) -> tuple[Tensor, ...]:
        known = torch.cat(
            [seen(self._records).expand(self._E, -1, -1, -1), self._surprise], -1
        )
        hints: Tensor = self._guide.hints(known, self._x)
        rows: tuple[Tensor, ...] = each(hints, self._K).unbind(2)
        return rows

    @property
    def _surprise(self) -> Tensor:
        """How far readings lie above a life without chance, `E x n x T x C`.

        What sets an interphase apart shows in all of them alike, so that the guide need
        not learn first what would be usual. No gradient: it is an input.
        """
        records, (n, T) = self._records, self._records.ages.shape
        calm = records.ages.new_zeros(n, 1, T + 1, self._space.n_draws)
        with torch.no_grad():
            usual = roll(self._network, records, self._places, calm).levels[:, :, 0]
        return 5.0 * exactly(records) * (records.values - usual[..., self._places])

    @cached_property
    def _readings(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        mask = 5.0 * exactly(self._records)
        return (
            self._rows(mask * self._records.values).unbind(2),
            self._rows(mask).unbind(2),
        )

    def begin(self, drawn: Tensor) -> State:
        """All lives at age 0."""
        state = self._space.begin(self._first, drawn)
        self.levels = self._space.levels(state)
        return state

    def step(self, t: int, state: State, drawn: Tensor) -> State:
        """All lives one step on."""
        state = self._space.step(state, self._steps[t], drawn)
        self.levels = self._space.levels(state)
        return state

    def first_moments(self) -> tuple[Tensor, Tensor]:
        """Of the guide's draws at age 0."""
        return self._guide.begin(self._hints[0], self._first)

    def follow(
        self, t: int, state: State, unit: Tensor, gate: Tensor
    ) -> tuple[State, Tensor, tuple[Tensor, Tensor]]:
        """All lives one step on, drawn by the guide where `gate` is 1.

        Returns:
            States; draws; their mean and log spread.
        """
        space, L = self._space, self._space.sizes.latent
        values, mask = (part[t] for part in self._readings)
        ahead = values - mask * self.levels[..., self._places]
        x = self._steps[t]
        mean, log_spread = self._guide.step(state, self._hints[t], x, ahead)
        mean, log_spread = mean * gate, log_spread * gate
        moments = mean[..., :L], log_spread[..., :L]
        drawn = guided(unit[..., :L], moments)
        z = space.wander(state, x, drawn)
        if not space.layout.rising:
            state = State.of(z, state.risen)
        else:
            rise = space.rise(state, z, x)
            # Without a hint from later readings the quadratic term is small.
            later = mean[..., L:], (-2.0 * log_spread[..., L:] - 3.0).exp() * gate
            value, precision = (part[t] for part in self._told)
            told = Told(value=value, precision=precision * gate)
            jumps, own = towards(rise, told, unit[..., L:], later)
            drawn = torch.cat([drawn, jumps], -1)
            pairs = zip(moments, own, strict=True)
            moments = tuple(torch.cat(pair, -1) for pair in pairs)
            state = State.of(z, rise.to(jumps))
        self.levels = space.levels(state)
        return state, drawn, moments

    @cached_property
    def _told(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Readings of what never falls, over all sources, and their precision."""
        records, n_levels = self._records, len(self._space.layout.rising)
        with torch.no_grad():
            weight = exactly(records) / self._space.sigma(records.ages).square()
        own = torch.arange(n_levels, device=self._places.device)
        share = (self._places[:, None] == own).to(weight)
        precision = weight @ share
        value = (weight * records.values) @ share / precision.clamp_min(1e-12)
        return tuple(each(part, self._K).unbind(2) for part in (value, precision))

    def _rows(self, part: Tensor) -> Tensor:
        return each(part.expand(self._E, *part.shape), self._K)


def guided(u: Tensor, moments: tuple[Tensor, Tensor]) -> Tensor:
    """Draws with the guide's mean and log spread."""
    return moments[0] + moments[1].exp() * u


def divergence(moments: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Of the guide from the prior over all steps [nat], `E x R`."""
    mean, log_spread = (torch.stack(part, 2) for part in zip(*moments, strict=True))
    spread = log_spread.exp()
    cost = 0.5 * (mean.square() + spread.square() - 1.0) - log_spread
    return cost.sum((2, 3))


def _gated(moments: tuple[Tensor, Tensor], gate: Tensor) -> tuple[Tensor, Tensor]:
    """Those of the prior where `gate` is 0."""
    return moments[0] * gate, moments[1] * gate


def each(rows: Tensor, K: int) -> Tensor:
    """`E x n x width` to `E x (n K) x width`."""
    return rows.repeat_interleave(K, dim=1) if K > 1 else rows
