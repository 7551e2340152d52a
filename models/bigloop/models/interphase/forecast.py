"""A forecast with its uncertainty split, and what a measurement would tell."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.models.interphase.calibration import together
from bigloop.models.interphase.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is expected of `n` interphases at `T` ages through `C` channels.

    By total variance over members `w` and lives `z` [Bhowmik2019]_::

        Var y = E_w E_z sigma2  +  E_w Var_z mu  +  Var_w E_z mu
                observation        process          epistemic

    the first two of which are aleatoric: more data do not make them smaller.

    .. [Bhowmik2019] A. Bhowmik et al., Energy Storage Mater. 21, 446 (2019).
    """

    layout: Layout
    ages: Tensor
    """`n x T`."""
    levels: Tensor
    """`E x n x K x T x C`, lives without the noise of a measurement."""
    sigma: Tensor
    """`E x n x T x C`, standard deviation of that noise."""

    @property
    def mean(self) -> Tensor:
        """`n x T x C`."""
        return self.levels.mean((0, 2))

    @property
    def observation(self) -> Tensor:
        """Variance from the noise of the channel, `n x T x C`."""
        return self.sigma.square().mean(0)

    @property
    def process(self) -> Tensor:
        """Variance between lives that are alike in all that is known."""
        return self.levels.var(2, correction=0).mean(0)

    @property
    def epistemic(self) -> Tensor:
        """Variance between members: what more data would take away."""
        means = self.levels.mean(2)
        return means.var(0) if len(means) > 1 else torch.zeros_like(means[0])

    @property
    def aleatoric(self) -> Tensor:
        """Observation and process together."""
        return self.observation + self.process

    @property
    def gain(self) -> Tensor:
        """Information that one reading would give of the model [nat], `n x T x C`.

        `1/2 log(1 + epistemic / aleatoric)`: mutual information of a Gaussian reading
        and the weights [Houlsby2011]_. Divided by what the reading costs it ranks what
        to measure next, of which specimen, when and by which source.

        .. [Houlsby2011] N. Houlsby et al., arXiv:1112.5745 (2011).
        """
        return 0.5 * torch.log1p(self.epistemic / self.aleatoric.clamp_min(1e-30))

    def interval(self, share: float, *, latent: bool = False) -> tuple[Tensor, Tensor]:
        """Central interval that a reading, or the true level, falls in.

        Quantiles over all lives of all members, which are few and so moved apart
        (`calibration.together`); noise enters each life at evenly spaced quantiles of
        its own, so nothing is drawn.

        Raises:
            SpecError: the share is not between 0 and 1.
        """
        if not 0.0 < share < 1.0:
            raise SpecError(f"share: {share!r}: give a number between 0 and 1")
        flat = together(self.levels)
        if not latent:
            n = 8
            normal = NormalDist()
            bend = [normal.inv_cdf((i + 0.5) / n) for i in range(n)]
            # Scaled to unit variance, which a few quantiles fall short of.
            z = torch.tensor(bend).to(flat)
            z = z / z.square().mean().sqrt()
            sigma = self.sigma[:, :, None].expand_as(self.levels)
            sigma = sigma.movedim(1, 0).flatten(1, 2)
            noise = sigma[:, :, None] * z[:, None, None]
            flat = (flat[:, :, None] + noise).flatten(1, 2)
        low = torch.quantile(flat, 0.5 - share / 2, dim=1)
        return low, torch.quantile(flat, 0.5 + share / 2, dim=1)

    def crossing(self, channel: int, level: float) -> Tensor:
        """Age at which each life first reaches a level, `n x (E K)`; infinite: never.

        Linear between ages; the end of life when the level is that of failure.
        """
        lives = self.levels[..., channel].movedim(1, 0).flatten(1, 2)
        above = lives >= level
        reached = above.any(-1)
        at = above.to(torch.int8).argmax(-1)
        before = (at - 1).clamp_min(0)
        ages = self.ages[:, None].expand(-1, lives.shape[1], -1)
        y0, y1 = (lives.gather(-1, i[..., None])[..., 0] for i in (before, at))
        t0, t1 = (ages.gather(-1, i[..., None])[..., 0] for i in (before, at))
        share = ((level - y0) / (y1 - y0).clamp_min(1e-12)).clamp(0.0, 1.0)
        return torch.where(reached, t0 + share * (t1 - t0), torch.inf)
