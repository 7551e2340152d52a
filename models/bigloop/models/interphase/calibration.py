"""Spreads of forecasts set right by interphases that were not learned from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.models.interphase.layout import Layout
from bigloop.models.interphase.records import Records

_SHARES = (0.5, 0.8, 0.95)
"""Central shares whose intervals are learned; between them the map is a line."""
_ROUNDS = 6
"""Of moving lives and looking where readings lie then."""
_STEPS = 150
_USUAL = 0.5
"""How far the coefficients usually lie from 0."""
_SCALE = 0.25
"""Of the asymmetric Laplace law, in logarithms of normal scores."""
_MOST = 1.4
"""Largest logarithm of a factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A forecast of interphases that were not learned from, and what came."""

    levels: Tensor
    """`E x n x K x T x C`, as the network has them."""
    sigma: Tensor
    """`E x n x T x C`."""
    reach: Tensor
    """As `reach` gives it."""
    came: Records
    """Readings that the forecast was not told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far lives lie from the median of a forecast, by observable and horizon.

    A life has a normal score `z` by its rank among all lives of a forecast at an age:
    0 in their middle. It is moved to where the score is `T(z)`, a line that is broken
    at the scores of central 50, 80 and 95 %::

        T(z_q) = z_q exp(a_q + b_q h + c_q d)

    `h` is the time since the last reading over the longest age and `d` is 1 where there
    is none. The coefficients are such that these shares of readings of interphases that
    were not learned from lie within their intervals: quantile regression of the scores
    of readings by the asymmetric Laplace law [Yu2001]_, repeated as lives move; a
    recalibration of quantiles as [Kuleshov2018]_, smooth in the horizon. Process and
    epistemic part are moved alike: such readings show their sum only; the observation
    noise is known from readings of the same life and is left alone. Levels that may not
    fall or be negative still do not.

    .. [Yu2001] K. Yu and R. A. Moyeed, Stat. Probab. Lett. 54, 437 (2001).
    .. [Kuleshov2018] V. Kuleshov et al., ICML, PMLR 80, 2796 (2018).
    """

    weights: Tensor
    """`C x 3 x 3`: of each channel and share, a, b and c."""

    @classmethod
    def of(cls, layout: Layout, asked: list[Asked]) -> Calibration:
        """From forecasts of interphases that were not learned from."""
        levels = asked[0].levels
        made = cls(weights=levels.new_zeros(levels.shape[-1], len(_SHARES), 3))
        for _ in range(_ROUNDS):
            made = cls(weights=made.weights + made._missing(layout, asked))
        return made

    def __call__(self, layout: Layout, levels: Tensor, reach: Tensor) -> Tensor:
        """Levels `E x n x K x T x C` of a forecast, moved."""
        E, n, K, T, C = levels.shape
        pooled = levels.movedim(1, 0).reshape(n, E * K, T, C)
        ordered, order = pooled.sort(1)
        N = E * K
        ranks = (torch.arange(N).to(levels) + 0.5) / N
        scores = torch.special.ndtri(ranks)[None, :, None, None]
        moved = _read(ordered, _bent(scores, self._nodes(reach)))
        back = torch.zeros_like(pooled).scatter(1, order, moved)
        return _bounded(layout, back.reshape(n, E, K, T, C).movedim(0, 1))

    def _nodes(self, reach: Tensor) -> Tensor:
        """`T(z_q)`, `3 x n x 1 x T x C`, rising with the share."""
        factors = torch.einsum("ntf,cqf->qntc", reach, self.weights)
        scores = _scores(reach)[:, None, None, None]
        found = scores * factors.clamp(-_MOST, _MOST).exp()
        return found.cummax(0).values[:, :, None]

    def _missing(self, layout: Layout, asked: list[Asked]) -> Tensor:
        """What the coefficients fall short of, `C x 3 x 3`."""
        columns: list[tuple[Tensor, Tensor, Tensor]] = []
        for one in asked:
            sigma = one.sigma.square().mean(0).sqrt()[:, None]
            lives = together(self(layout, one.levels, one.reach))
            below = torch.special.ndtr((one.came.values[:, None] - lives) / sigma)
            score = torch.special.ndtri(below.mean(1).clamp(1e-4, 1.0 - 1e-4))
            columns.append((score.abs().clamp_min(1e-3).log(), one.reach, exact(one)))
        found, features, told = (torch.cat(part) for part in zip(*columns, strict=True))
        missing = []
        for c, now in enumerate(self.weights):
            kept, n = told[..., c] > 0, int(exact(asked[0])[..., c].amax(1).sum())
            missing.append(_regressed(found[..., c][kept], features[kept], n, now))
        return torch.stack(missing)


def exact(one: Asked) -> Tensor:
    """Readings that were made to their end, `n x T x C`."""
    return one.came.mask * (1 - one.came.censored)


def _scores(like: Tensor) -> Tensor:
    """Normal scores that the central shares reach, `3`."""
    return torch.special.ndtri(0.5 + 0.5 * torch.tensor(_SHARES).to(like))


def _regressed(found: Tensor, features: Tensor, n: int, now: Tensor) -> Tensor:
    """Quantiles of log scores over those of a normal one, `3 x 3`, from `now` on.

    Of readings of `n` lives; without any, nothing is missing.
    """
    if not len(found):
        return torch.zeros_like(now)
    shares = torch.tensor(_SHARES).to(features)[:, None]
    usual = _scores(features).log()[:, None]
    more = torch.zeros_like(now).requires_grad_()
    optimiser = torch.optim.Adam([more], lr=0.05)
    for step in range(_STEPS):
        optimiser.param_groups[0]["lr"] = 0.05 * (1.0 - step / _STEPS)
        off = found - usual - more @ features.T
        pinball = torch.maximum(shares * off, (shares - 1.0) * off).mean(1).sum()
        # Readings of one life are nearly one: lives count, not readings.
        prior = 0.5 * ((now + more) / _USUAL).square().sum()
        value = n * pinball / _SCALE + prior
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    return more.detach()


def _bent(scores: Tensor, nodes: Tensor) -> Tensor:
    """`T(z)`."""
    size, ends = scores.abs(), _scores(scores).tolist()
    bent, low, before = torch.zeros_like(size), 0.0, torch.zeros_like(nodes[0])
    for end, node in zip(ends, nodes, strict=True):
        bent = bent + (size.clamp(low, end) - low) * (node - before) / (end - low)
        low, before = end, node
    bent = bent + (size - low).clamp_min(0.0) * before / low
    return bent * scores.sign()


def _read(ordered: Tensor, scores: Tensor) -> Tensor:
    """Levels at normal scores among `ordered`, `n x N x T x C`; beyond them on a line.

    The line leads from the median through the outermost.
    """
    N = ordered.shape[1]
    at = torch.special.ndtr(scores) * N - 0.5
    low = at.floor().clamp(0, max(N - 2, 0)).long()
    share = (at - low).clamp(0.0, 1.0)
    one, two = (ordered.gather(1, i) for i in (low, (low + 1).clamp_max(N - 1)))
    most = float(torch.special.ndtri(torch.tensor(1.0 - 0.5 / N)))
    middle = ordered.quantile(0.5, dim=1, keepdim=True)
    beyond = (scores.abs() / max(most, 1e-6) - 1.0).clamp_min(0.0)
    ends = torch.where(scores > 0, ordered[:, -1:], ordered[:, :1])
    return torch.lerp(one, two, share) + beyond * (ends - middle)


def _bounded(layout: Layout, levels: Tensor) -> Tensor:
    columns = []
    for c, channel in enumerate(layout.channels):
        column, kind = levels[..., c], layout.observables[channel.observable]
        if kind != "free":
            column = column.clamp_min(0.0)
        if kind == "increasing":
            column = column.cummax(-1).values
        columns.append(column)
    return torch.stack(columns, -1)


def reach(records: Records) -> Tensor:
    """`n x T x 3` from scaled records: 1, `h` and `d` of `Calibration`."""
    told = records.mask.amax(-1)
    last = (records.ages * told).amax(1, keepdim=True)
    since = (records.ages - last).clamp(0.0, 1.0)
    bare = (told.amax(1, keepdim=True) == 0).to(since).expand_as(since)
    return torch.stack([torch.ones_like(since), since, bare], -1)


def together(levels: Tensor) -> Tensor:
    """Lives of all members, `n x (E K) x ...`, of `E x n x K x ...`.

    Were the truth one more member, the mean of `E` of them would miss it by a variance
    of `1 + 1/E` times that between them; lives that are simply pooled have `1 - 1/E`.
    So members are moved apart by the root of the ratio of the two.
    """
    E = len(levels)
    if E > 1:
        means = levels.mean(2, keepdim=True)
        off = means - means.mean(0, keepdim=True)
        levels = levels + (((E + 1) / (E - 1)) ** 0.5 - 1.0) * off
    return levels.movedim(1, 0).flatten(1, 2)
