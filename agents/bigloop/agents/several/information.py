"""What a result of another source is worth: how much better the target is used next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from bigloop.agents.belief import TARGET, Datum, channels, recommendable
from bigloop.agents.items import Items, latent
from bigloop.agents.recommendation import log_normal_shift
from bigloop.agents.several.gains import gains
from bigloop.agents.several.learned import FLOOR, Learned, Moments
from bigloop.agents.space import encode
from bigloop.contracts import Design

N_DRAWS = 8
N_NEXT = 48
"""Designs among which the next result of the target is chosen."""
_CHUNK = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effect:
    """What results do to an output at `m` designs, under its likeliest setting.

    Attributes:
        mean: `m`.
        variance: `m`.
        noise: between specimens, a number.
        change: standard deviation of the change of every mean by every result,
            `m x a`.
    """

    mean: Tensor
    variance: Tensor
    noise: Tensor
    change: Tensor

    def after(self, z: Tensor, some: slice) -> Moments:
        """Moments after some results, drawn at `d` normal values, `1 x (a d m)`."""
        change = self.change[:, some].T[:, None, :]
        mean = self.mean + change * z[None, :, None]
        variance = (self.variance - change.square()).clamp_min(FLOOR).expand_as(mean)
        return _moments(mean.reshape(1, -1), variance.reshape(1, -1), self.noise)

    def before(self) -> Moments:
        """Moments as they are, `1 x m`."""
        return _moments(self.mean[None], self.variance[None], self.noise)


def _moments(mean: Tensor, variance: Tensor, noise: Tensor) -> Moments:
    return Moments(
        mean=mean,
        sd=variance.sqrt(),
        change=(variance / (variance + noise).sqrt()).clamp_min(FLOOR**0.5),
        weight=torch.ones(1, dtype=mean.dtype),
    )


def information(
    learned: Sequence[Learned],
    source: str,
    designs: Sequence[Design],
    x: Tensor,
    cells: Tensor | None,
) -> Tensor:
    """What one result of a source at each design adds to the best next gain, `a`.

    The expected gain of the best next result of the target after this result, less that
    before it: under the likeliest setting, over a fixed quasi-random sequence of
    results that is mirrored, so that no luck favours one design.

    Args:
        learned: the outputs, objectives first.
        source: not the target.
        designs: `a` of them.
        x: where the target could be run next, `m x d`.
        cells: what may still be gained.
    """
    effects = [_effect(one, source, designs, x) for one in learned]
    base = gains(learned, [e.before() for e in effects], cells)
    z = _draws(len(learned))
    found = []
    for begin in range(0, len(designs), _CHUNK):
        some = slice(begin, min(begin + _CHUNK, len(designs)))
        after = [e.after(z[:, k], some) for k, e in enumerate(effects)]
        value = gains(learned, after, cells).reshape(-1, len(z), len(x))
        found.append(value.amax(dim=-1).mean(dim=-1))
    return (torch.cat(found) - base.amax()).clamp_min(0.0)


@cache
def _draws(n_outputs: int) -> Tensor:
    sobol = torch.quasirandom.SobolEngine(n_outputs, scramble=True, seed=2)
    uniform = sobol.draw(N_DRAWS // 2, dtype=torch.float64).clamp(1e-6, 1 - 1e-6)
    z = torch.special.ndtri(uniform)
    return torch.cat([z, -z])


def _effect(one: Learned, source: str, designs: Sequence[Design], x: Tensor) -> _Effect:
    model = one.model.likeliest(1)
    targets = model.see(latent(x, one.belief.n_common))
    mean = targets.mean + log_normal_shift(one.belief, model)[:, None]
    change = torch.zeros(len(x), len(designs), dtype=x.dtype)
    items = results(one, source, designs)
    if items is not None:
        seen = model.see(items)
        change = model.between(targets, seen)[0] / seen.variance[0].sqrt()
    return _Effect(
        mean=mean[0],
        variance=targets.variance[0].clamp_min(FLOOR),
        noise=one.noise(model)[0],
        change=change,
    )


def among_batches(
    one: Learned, source: str, designs: Sequence[Design], at: Moments
) -> Moments:
    """Moments whose change is that by the next specimens, of the batches they are of.

    A result moves what is expected of all designs alike where the shift of its batch is
    not known. That gains nothing on the designs that were tried, whose means are taken
    as they are, so it is left out of objectives; not so of requirements, whose bounds
    do not move.

    Args:
        one: the output.
        source: the target.
        designs: `m` of them.
        at: moments there, under all settings.
    """
    items = results(one, source, designs)
    if items is None or TARGET not in one.belief.batches.channels:
        return at
    known, n_common = one.belief, one.belief.n_common
    seen = one.model.see(items)
    targets = one.model.see(latent(items.x, n_common))
    both = one.model.between(targets, seen).diagonal(dim1=-2, dim2=-1)
    tried = recommendable(known)
    if tried and one.output.requirement is None:
        others = one.model.see(latent(encode(known.campaign, tried), n_common))
        both = both - one.model.between(others, seen).mean(dim=1)
    change = both.abs() / (seen.variance + known.own_variance).sqrt()
    return replace(at, change=torch.minimum(change.clamp_min(FLOOR**0.5), at.sd))


def results(one: Learned, source: str, designs: Sequence[Design]) -> Items | None:
    """The results that a source would give of an output; none: it gives none."""
    numbers = channels(one.output.view)
    channel = next((c for (s, _), c in numbers.items() if s == source), None)
    if channel is None:
        return None
    rows = [
        Datum(
            design=design,
            channel=channel,
            specimen=f"action:{number}",
            value=0.0,
            batch=one.belief.batches.to_come(design, None),
        )
        for number, design in enumerate(designs)
    ]
    return one.belief.asked(rows)
