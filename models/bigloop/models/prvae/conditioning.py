"""What barriers say of latent and properties, and properties of the barriers.

The decoder is told the barriers, but nothing makes the latent independent of them: a
latent drawn from the unit Gaussian does not belong to the barriers it is decoded with.
`p(mean | barriers)` is learned from the encoded training pictures instead, and gives
the pictures at given barriers; it is told what an ensemble expects of the properties
there, which is learned with far fewer rows than 50 latents are. The other way,
`p(barriers | properties)`, is learned with random properties hidden, so that targets
may be incomplete.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bigloop.models.prvae.data import batches
from bigloop.models.prvae.flow import ConditionalFlow, FlowFit, fit_flow
from bigloop.models.prvae.forward import Forward
from bigloop.models.prvae.network import Network
from bigloop.models.prvae.tensors import Rows, Scales

_ACTIVE = 0.01
"""Variance of its mean over the data above which a latent unit is in use
[Burda2016]_.

.. [Burda2016] Y. Burda et al., ICLR 2016, section 5.2.
"""
_EDGE = 1e-3
"""Barriers at the edge of the box are taken this far inside, relative to its width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The box of barriers that was learned from, and its map to all real numbers."""

    low: Tensor
    """`15` [eV]."""
    high: Tensor

    @classmethod
    def of(cls, barriers: Tensor) -> Box:
        """Around the rows `n x 15` [eV]."""
        return cls(low=barriers.amin(0), high=barriers.amax(0))

    def free(self, barriers: Tensor) -> Tensor:
        """Barriers as real numbers: logits of where they stand between the edges."""
        part = (barriers - self.low) / (self.high - self.low).clamp_min(1e-9)
        return part.clamp(_EDGE, 1 - _EDGE).logit()

    def inside(self, free: Tensor) -> Tensor:
        """Barriers of real numbers [eV]."""
        return self.low + (self.high - self.low) * free.sigmoid()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """`p(mean of the latent | barriers)`, over the units in use."""

    flow: ConditionalFlow
    forward: Forward
    units: Tensor
    """Indices of the latent units in use, of which there are at least two."""
    centre: Tensor
    spread: Tensor
    latent: int

    def draw(self, barriers: Tensor, noise: Tensor) -> Tensor:
        """Latent means `n x latent` at standardised barriers; noise is `n x units`."""
        context = _told(self.forward, barriers)
        found = self.flow.draw(noise, context) * self.spread + self.centre
        z = torch.zeros(len(found), self.latent, dtype=found.dtype, device=found.device)
        return z.index_copy(1, self.units, found)

    @property
    def d(self) -> int:
        """Number of units in use."""
        return len(self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """`p(barriers | properties)` for properties of which some may be unknown."""

    flow: ConditionalFlow
    box: Box

    def draw(self, properties: Tensor, known: Tensor, noise: Tensor) -> Tensor:
        """Barriers `n x 15` [eV] for standardised properties `n x k` and their mask."""
        context = torch.cat([properties * known, known.to(properties)], dim=1)
        return self.box.inside(self.flow.draw(noise, context))


def fit_prior(
    network: Network,
    forward: Forward | None,
    train: Rows,
    validation: Rows,
    how: FlowFit,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Prior | None:
    """Learn it from the pictures whose barriers are known; none where there are few."""
    train, validation = (_with_barriers(rows) for rows in (train, validation))
    if forward is None or min(len(train), len(validation)) < 2:
        return None
    means = [encoded(network, rows.pictures) for rows in (train, validation)]
    variance = means[0].var(dim=0)
    units = torch.nonzero(variance > _ACTIVE)[:, 0]
    if len(units) < 2:
        units = variance.topk(2).indices.sort().values
    centre, spread = means[0][:, units].mean(0), means[0][:, units].std(0)
    told = [_told(forward, rows.barriers) for rows in (train, validation)]
    flow = _flow(len(units), told[0].shape[1], how.seed).to(centre.device)
    parts = [(mean[:, units] - centre) / spread for mean in means]

    def rows_of(i: int) -> Any:
        return lambda generator: (parts[i], told[i])

    fit_flow(flow, rows_of(0), rows_of(1), how, is_stopped)
    return Prior(
        flow=flow.eval(),
        forward=forward,
        units=units,
        centre=centre,
        spread=spread,
        latent=means[0].shape[1],
    )


def fit_inverse(
    train: Rows,
    validation: Rows,
    scales: Scales,
    how: FlowFit,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Inverse | None:
    """Learn it from the rows whose barriers are known; none where there are few."""
    train, validation = (_with_barriers(rows) for rows in (train, validation))
    k = train.properties.shape[1]
    if min(len(train), len(validation)) < 2 or not k:
        return None
    mean, sd = scales.barrier_mean.to(train.barriers), scales.barrier_sd
    sd = sd.to(train.barriers)
    box = Box.of(train.barriers * sd + mean)
    flow = _flow(train.barriers.shape[1], 2 * k, how.seed).to(mean.device)

    def rows_of(rows: Rows) -> Any:
        free = box.free(rows.barriers * sd + mean)
        return lambda generator: (free, _hidden(rows, generator))

    fit_flow(flow, rows_of(train), rows_of(validation), how, is_stopped)
    return Inverse(flow=flow.eval(), box=box)


@torch.no_grad()  # type: ignore[untyped-decorator]
def encoded(network: Network, pictures: Tensor) -> Tensor:
    """Latent means of pictures, `n x latent`, in pieces."""
    network.eval()
    parts = [network.encode(pictures[at])[0] for at in batches(len(pictures), 512)]
    return torch.cat(parts)


def _told(forward: Forward, barriers: Tensor) -> Tensor:
    """Barriers beside mean and deviation of the properties there, all standardised."""
    with torch.no_grad():
        return torch.cat([barriers, *forward.moments(barriers)], dim=1)


def _hidden(rows: Rows, generator: torch.Generator | None) -> Tensor:
    """Properties beside their mask, each kept by the toss of a coin; all for none."""
    known = rows.has_properties
    if generator is not None:
        part = torch.rand(len(rows), 1, generator=generator)
        draw = torch.rand(known.shape, generator=generator)
        known = known & ((draw < 0.5) | (part < 0.5)).to(known.device)
    return torch.cat([rows.properties * known, known.to(rows.properties)], dim=1)


def _with_barriers(rows: Rows) -> Rows:
    return rows.take(torch.nonzero(rows.has_barriers)[:, 0])


def _flow(d: int, context: int, seed: int) -> ConditionalFlow:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ConditionalFlow(d, context)
