"""Training: every member from a start of its own, towards which it is held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from bigloop.contracts import DivergenceError, Document
from bigloop.models.interphase.layout import Layout
from bigloop.models.interphase.network import Sizes, StateSpace
from bigloop.models.interphase.objective import Draws, loss
from bigloop.models.interphase.records import Records
from bigloop.models.interphase.rolling import Network
from bigloop.models.interphase.settling import listen, settle

_LISTEN_EVERY = 10
"""Steps between two looks at what the observation noise should be."""
_HEARD = 64
"""Interphases in each look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a training, from 1 on."""

    number: int
    loss: float
    """Mean of the members [nat/reading]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told of a training, and may end it."""

    on_step: Callable[[Step], None] = lambda step: None
    is_stopped: Callable[[], bool] = lambda: False
    """Asked after every step; what was learned by then is kept."""


class Recipe(Document):
    """How a model is trained."""

    steps: int = Field(default=600, ge=1)
    batch: int = Field(default=32, ge=1)
    rate: float = Field(default=0.02, gt=0)
    """Largest learning rate; it rises over the first tenth and falls to 0."""
    draws: int = Field(default=4, ge=2)
    """Lives of each interphase in each step."""
    anchor: float = Field(default=1.0, ge=0)
    """Share of the prior that holds: each member is drawn to where it began as if its
    start were a draw from the prior [Pearce2020]_, so with few readings members differ.

    .. [Pearce2020] T. Pearce et al., AISTATS, PMLR 108, 234 (2020).
    """
    hush: float = Field(default=0.4, ge=0, lt=1)
    """Share of the steps in which the noise stays as it began, small, and rises are
    free of chance: else these take what the state has not yet learned to follow, and
    the state never learns it."""
    rounds: int = Field(default=12, ge=0)
    """Of setting the sizes of all noise right after training."""
    seed: int = 0


def fit(
    layout: Layout,
    records: Records,
    places: Tensor,
    sizes: Sizes,
    recipe: Recipe,
    device: str = "cpu",
    watch: Watch | None = None,
) -> Network:
    """A trained network; equal arguments give equal weights on one machine.

    Args:
        layout: names and kinds.
        records: scaled.
        places: observable of each channel.
        sizes: of the network.
        recipe: of the training.
        device: where it runs.
        watch: told of every step.

    Raises:
        DivergenceError: the loss of a member is not finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network: Network = Network(layout, sizes).to(device)
    _train(network, records, places, recipe, watch or Watch())
    network.requires_grad_(False)
    settle(network, records, places, recipe.rounds, recipe.seed)
    return network


def _train(
    network: Network, records: Records, places: Tensor, recipe: Recipe, watch: Watch
) -> None:
    generator = torch.Generator(records.ages.device).manual_seed(recipe.seed)
    prior, n = _Prior(network.space, recipe.anchor), len(records)
    optimiser = torch.optim.Adam(
        network.parameters(), lr=recipe.rate, betas=(0.9, 0.99)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, recipe.steps + 1, pct_start=0.1
    )
    share = 1.0 / max(float(records.mask.sum()), 1.0)
    importance = _importance(network.members, n, generator)
    for step in range(recipe.steps):
        rows = _rows(n, recipe.batch, generator)
        is_hushed = step < recipe.hush * recipe.steps
        network.space.ease = 0.0 if is_hushed else 1.0
        warmth = min(1.0, (step + 1) / (0.5 * recipe.steps))
        draws = Draws(n=recipe.draws, generator=generator)
        value = loss(network, records[rows], places, draws, warmth, importance[:, rows])
        optimiser.zero_grad(set_to_none=True)
        (value.sum() + share * prior.penalty()).backward()
        network.space.noise.grad = None
        _clip(network)
        if not bool(value.isfinite().all()):
            raise DivergenceError(
                f"training diverged at step {step + 1} of {recipe.steps}; lower rate "
                f"({recipe.rate:g}) or look for values far off"
            )
        optimiser.step()
        schedule.step()
        if not is_hushed and step % _LISTEN_EVERY == _LISTEN_EVERY - 1:
            heard = _rows(n, _HEARD, generator)
            listen(network, records[heard], places, recipe.seed + step)
        watch.on_step(Step(number=step + 1, loss=float(value.detach().mean())))
        if watch.is_stopped():
            break
    network.space.ease = 1.0


class _Prior:
    """Normal around the start of each member.

    Of unit spread for what a unit sums up, and of one e-fold for the noise.
    """

    def __init__(self, network: StateSpace, anchor: float) -> None:
        self._terms = []
        for name, p in network.named_parameters():
            is_weight = name.endswith("weight")
            factor = p.shape[1] * anchor if is_weight else anchor
            factor = 1.0 if name.endswith("noise") else factor
            self._terms.append((p, p.detach().clone(), 0.5 * factor))

    def penalty(self) -> Tensor:
        """Minus its log density, up to a constant, summed over members."""
        parts = [f * (p - a).square().sum() for p, a, f in self._terms]
        return torch.stack(parts).sum()


def _importance(members: int, n: int, generator: torch.Generator) -> Tensor:
    """How much each interphase counts for each member, `members x n`, 1 on average.

    Anchors make members differ where there are no data, random weights as much as the
    data themselves leave open: the weighted likelihood bootstrap [Newton1994]_.

    .. [Newton1994] M. A. Newton and A. E. Raftery, J. R. Stat. Soc. B 56, 3 (1994).
    """
    lots = torch.rand(members, n, generator=generator, device=generator.device)
    weights: Tensor = -(lots.clamp_min(1e-12)).log()
    return weights / weights.mean(1, keepdim=True)


def _rows(n: int, batch: int, generator: torch.Generator) -> Tensor:
    if n <= batch:
        return torch.arange(n, device=generator.device)
    order = torch.randperm(n, generator=generator, device=generator.device)
    return order[:batch]


def _clip(network: Network, most: float = 1.0) -> None:
    """Each member's gradient by itself: one that leaps must not hold the others up."""
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    size = torch.stack([g.flatten(1).square().sum(1) for g in grads]).sum(0).sqrt()
    factor = (most / (size + 1e-6)).clamp_max(1.0)
    for g in grads:
        g.mul_(factor.reshape(-1, *[1] * (g.ndim - 1)))
