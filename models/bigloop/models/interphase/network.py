"""The state-space network: how a state moves, what is seen of it, and its guide."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import softplus

from bigloop.contracts import Document
from bigloop.models.interphase.law import GrowthLaw
from bigloop.models.interphase.layers import Linear, Perceptron, Recurrent
from bigloop.models.interphase.layout import Layout

STEP = 0.05
"""A usual step as a share of the longest age; it only sets the size of inputs."""
_LEAST = 1e-4
_APART = 0.1
"""How much the ratio of the rates of two observables usually varies in logarithm."""
_OWN = 0.3
"""How much of their chance is usually not in proportion."""


class Sizes(Document):
    """How large the network is."""

    latent: int = Field(default=4, ge=1, le=64)
    hidden: int = Field(default=32, ge=1, le=1024)
    members: int = Field(default=5, ge=1, le=100)
    knots: int = Field(default=5, ge=2, le=50)
    """Of the noise of a channel over age, which is a broken line of its logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Of `R` lives by each of `E` members."""

    free: Tensor
    """`E x R x L`."""
    risen: Tensor
    """`E x R x M`, what never falls, in the coordinates of the laws of growth."""

    known: Tensor
    """What the networks are given of `risen`, `E x R x 2 M`: it and its logarithm."""

    @classmethod
    def of(cls, free: Tensor, risen: Tensor) -> State:
        """A state from its two parts."""
        known = torch.cat([risen, (risen + 0.02).log()], -1)
        return cls(free=free, risen=risen, known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """Over one step, `h' = h + s exp(a + B v)`, of `R` lives by each of `E` members."""

    risen: Tensor
    """`h`, `E x R x M`."""
    step: Tensor
    """`s`, `E x R x 1`."""
    centre: Tensor
    """`a`, `E x R x M`."""
    mix: Tensor
    """`B`, `E x R x M x M`, lower triangular: chance that observables share."""
    law: GrowthLaw
    """From `h` to the observables."""

    def gain(self, v: Tensor) -> Tensor:
        """`h' - h` at draws `v`, `E x R x M`."""
        jump = (self.mix * v[..., None, :]).sum(-1)
        return self.step * (self.centre + jump).clamp(-12.0, 4.0).exp()

    def to(self, v: Tensor) -> Tensor:
        """`h'` at draws `v`, `E x R x M`."""
        return self.risen + self.gain(v)


class StateSpace(nn.Module):  # type: ignore[misc]
    """`z' ~ p(z' | z, x)`, observables from `z`: a deep Markov model [Krishnan2017]_.

    The state is `z`, which is free, and `h`, of which the observables that never fall
    are powers (`law.GrowthLaw`). Over a step `s` of age with inputs `x` (conditions,
    configuration, `s`) and unit normal `u` and `v`::

        z' = z + s f(z, h, x) + sqrt(s) g(z, h, x) u
        h' = h + s exp(a(z', h, x) + B(z', h, x) v / sqrt(s))
        y  = (h' + b)^p - b^p or o(z', h'), and noise of its channel at this age

    with `B` lower triangular, its diagonal times a unit triangle: observables that
    rise together share their chance [Pourahmadi1999]_. They share their rate, too: what
    is learned of the second and later ones is how they differ from the first. What may
    not fall cannot, whatever the weights; the rates of reactions and of growth are
    powers and exponentials, of which the logarithms are lines.
    A recurrent network over the inputs besides, as in [Fraccaro2016]_, was as good over
    three seeds of growth, and dearer: what the inputs left behind is in `h`.

    .. [Pourahmadi1999] M. Pourahmadi, Biometrika 86, 677 (1999).
    .. [Krishnan2017] R. G. Krishnan et al., AAAI 31, 2101 (2017).
    .. [Fraccaro2016] M. Fraccaro et al., NeurIPS 29, 2199 (2016).
    """

    def __init__(self, layout: Layout, sizes: Sizes) -> None:
        super().__init__()
        self.layout, self.sizes = layout, sizes
        E, L, H, C = sizes.members, sizes.latent, sizes.hidden, len(layout.channels)
        M, p = len(layout.rising), len(layout.configuration)
        x = len(layout.conditions) + p + 2
        state = L + 2 * M
        self.first = Perceptron(E, p, H, 2 * L)
        self.level = Perceptron(E, L, H, M)
        self.drift = Perceptron(E, state + x, H, 2 * L)
        # A prior of unit spread where levels and rates are of the order of one.
        n_rate = 2 * M + M * (M - 1) // 2
        self.rate = Perceptron(E, state + x, H, n_rate, gain=1.0)
        self.other = Perceptron(E, state, H, len(layout.others), gain=1.0)
        if M:
            self.ratio = nn.Parameter(torch.zeros(E, 1, M - 1))
            self.law = GrowthLaw(E, M)
        self.noise = nn.Parameter(torch.full((E, C, sizes.knots), -3.5))
        self.ease = 1.0
        """Share of the chance of rising that is let in; only training lowers it."""
        kinds = [layout.observables[k] == "positive" for k in layout.others]
        self.register_buffer("is_positive", torch.tensor(kinds, dtype=torch.bool))

    @property
    def n_draws(self) -> int:
        """Normal numbers a step: `u`, then `v`."""
        return self.sizes.latent + len(self.layout.rising)

    def sigma(self, ages: Tensor) -> Tensor:
        """Standard deviation of the noise, `E x (ages) x C`, scaled; ages 0 to 1."""
        knots = self.noise.clamp(-7.0, 2.0)
        return torch.einsum("...j,ecj->e...c", self.hats(ages), knots).exp()

    def hats(self, ages: Tensor) -> Tensor:
        """Share of each knot of the noise at ages, `(ages) x J`; they sum to 1."""
        n = self.noise.shape[-1]
        at = ages.clamp(0.0, 1.0)[..., None] * (n - 1)
        return (1.0 - (at - torch.arange(n).to(at)).abs()).clamp_min(0.0)

    def begin(self, configuration: Tensor, u: Tensor) -> State:
        """At age 0, from the configuration `E x R x p` and draws `E x R x n_draws`."""
        mean, log_spread = self.first(configuration).chunk(2, -1)
        z = mean + (log_spread - 1.0).clamp(-6.0, 2.0).exp() * u[..., : mean.shape[-1]]
        return State.of(z, softplus(self.level(z) - 5.0))

    def step(self, state: State, x: Tensor, u: Tensor) -> State:
        """One step on; the last of the inputs `x` is its length over `STEP`."""
        L = self.sizes.latent
        z = self.wander(state, x, u[..., :L])
        if not self.layout.rising:
            return State.of(z, state.risen)
        return State.of(z, self.rise(state, z, x).to(u[..., L:]))

    def wander(self, state: State, x: Tensor, u: Tensor) -> Tensor:
        """The free part one step on, `E x R x L`."""
        s = x[..., -1:] * STEP
        known = torch.cat([state.free, state.known, x], -1)
        drift, log_spread = self.drift(known).chunk(2, -1)
        spread = (log_spread - 0.5).clamp(-6.0, 2.0).exp()
        moved: Tensor = state.free + s * drift + (s + 1e-12).sqrt() * spread * u
        return moved

    def rise(self, state: State, z: Tensor, x: Tensor) -> Rise:
        """How the observables that never fall rise over a step that ends at `z`."""
        s, M = x[..., -1:] * STEP, state.risen.shape[-1]
        found = self.rate(torch.cat([z, state.known, x], -1))
        centre, log_scatter, shared = found.split((M, M, found.shape[-1] - 2 * M), -1)
        first, others = centre[..., :1], centre[..., 1:]
        others = first + self.ratio + _APART * others
        centre = torch.cat([first, others], -1)
        scatter = (log_scatter - 3.0).clamp(-6.0, 2.0).exp()
        scatter = scatter * (STEP / s.clamp_min(_LEAST)).sqrt() * self.ease
        mixed = torch.eye(M).to(centre).repeat(*centre.shape[:2], 1, 1)
        low = torch.tril_indices(M, M, -1)
        mixed[..., low[0], low[1]] = (low[1] == 0).to(shared) + _OWN * shared
        return Rise(
            risen=state.risen,
            step=s,
            centre=centre,
            mix=mixed * scatter[..., None, :],
            law=self.law,
        )

    def widen(self, begun: Tensor, moved: Tensor) -> None:
        """Multiply the variances of process noise, `E x n_draws`, at age 0 and on."""
        L = self.sizes.latent
        parts = (self.first, begun[:, :L]), (self.drift, moved[:, :L])
        for network, factors in (*parts, (self.rate, moved[:, L:])):
            n = factors.shape[-1]
            network.outer.bias.data[:, 0, n : 2 * n] += 0.5 * factors.log()

    def recentre(self, configuration: Tensor, leaning: Tensor) -> None:
        """Move states at age 0 by so many of their spreads, `E x n_draws`, on average.

        `configuration` is that of the interphases over which the average goes, `n x p`.
        """
        E, L = self.sizes.members, self.sizes.latent
        log_spread = self.first(configuration.expand(E, -1, -1))[..., L:]
        spread = (log_spread - 1.0).clamp(-6.0, 2.0).exp().mean(1)
        self.first.outer.bias.data[:, 0, :L] += spread * leaning[:, :L]

    def levels(self, state: State) -> Tensor:
        """All observables without noise, `E x R x O`, scaled."""
        risen: Tensor = self.law(state.risen) if self.layout.rising else state.risen
        if not self.layout.others:
            return risen
        found = self.other(torch.cat([state.free, state.known], -1))
        found = torch.where(self.is_positive, softplus(found), found)
        return torch.cat([risen, found], -1)


class Guide(nn.Module):  # type: ignore[misc]
    """Where draws should come from, given what was measured: a structured posterior.

    A recurrent network runs backward over all that is known; at each step the moments
    of the unit normal draws follow from it and from the state where the step begins.
    """

    def __init__(self, layout: Layout, sizes: Sizes, n_draws: int) -> None:
        super().__init__()
        E, L, H, C = sizes.members, sizes.latent, sizes.hidden, len(layout.channels)
        p, M = len(layout.configuration), len(layout.rising)
        x = len(layout.conditions) + p + 2
        self.back = Recurrent(E, 3 * C + x, H)
        self.first = Linear(E, H + p, 2 * n_draws, gain=0.1)
        self.next = Perceptron(E, L + 2 * M + H + x + C, H, 2 * n_draws, gain=0.1)

    def hints(self, seen: Tensor, x: Tensor) -> Tensor:
        """`E x n x T x H` from what was measured, `E x n x T x 3 C`, and inputs."""
        known = torch.cat([seen, x], -1)
        blank = known.new_zeros(*known.shape[:2], self.back.hidden)
        return self.back.run(known, blank, backward=True)

    def begin(self, hint: Tensor, configuration: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log spread of the draws at age 0, `E x R x n_draws` each."""
        return _moments(self.first(torch.cat([hint, configuration], -1)))

    def step(
        self, state: State, hint: Tensor, x: Tensor, ahead: Tensor
    ) -> tuple[Tensor, Tensor]:
        """As `begin`, of the draws for one step on.

        `ahead`, `E x R x C`, is how far the readings at its end lie above the levels at
        its beginning.
        """
        known = [state.free, state.known, hint, x, ahead]
        return _moments(self.next(torch.cat(known, -1)))


def _moments(found: Tensor) -> tuple[Tensor, Tensor]:
    mean, log_spread = found.chunk(2, -1)
    return mean, log_spread.clamp(-5.0, 1.0)
