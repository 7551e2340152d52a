"""How promising designs are at the target: a first look at many of them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from bigloop.agents.ahead import improvement
from bigloop.agents.items import latent
from bigloop.agents.source_model import SourceModel

N_SETTINGS = 4
"""Settings under which many designs are looked at: the likeliest."""
N_CLOSE = 2000
"""Designs looked at under these; of more, the likeliest setting alone picks them."""
_CHUNK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Points and what they promise.

    Attributes:
        x: in the unit cube, `m x d`.
        mean: of the target there, `m`.
        sd: standard deviation of it, `m`.
        score: expected improvement on the best tried design, `m`.
    """

    x: Tensor
    mean: Tensor
    sd: Tensor
    score: Tensor

    def with_(self, more: Looked) -> Looked:
        """These points and others."""
        return Looked(
            **{
                part.name: torch.cat(
                    [getattr(self, part.name), getattr(more, part.name)]
                )
                for part in fields(self)
            }
        )


class Promise:
    """Moments of the target, and the improvement that they promise.

    Args:
        model: of the sources; pending results believed.
        tried: designs that the target has measured or been predicted at, `k x d`.
    """

    def __init__(self, model: SourceModel, tried: Tensor) -> None:
        self.model = model.likeliest(N_SETTINGS)
        self._n_common = model.items.common.shape[-1]
        if len(tried):
            at = latent(tried, self._n_common)
            self._best = self.model.mean(at).amax(dim=1)
        else:
            self._best = torch.zeros(len(self.model.weight), dtype=tried.dtype)

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation under every setting, `s x m` each."""
        at = latent(x, self._n_common)
        mean, variance = self.model.moments(at)
        return mean, variance.clamp_min(1e-12).sqrt()

    def improvement(self, mean: Tensor, sd: Tensor) -> Tensor:
        """Expected improvement on the best tried design, over the settings, `m`.

        Args:
            mean: under every setting, `s x m`.
            sd: likewise.
        """
        return self.model.average(improvement(mean - self._best[:, None], sd))

    def look(self, x: Tensor) -> Looked:
        """Points `m x d` with what they promise."""
        parts = [self.moments(part) for part in x.split(_CHUNK)]
        mean = torch.cat([mean for mean, _ in parts], dim=1)
        sd = torch.cat([sd for _, sd in parts], dim=1)
        return Looked(
            x=x,
            mean=self.model.average(mean),
            sd=self.model.average(sd),
            score=self.improvement(mean, sd),
        )

    def shortlist(self, x: Tensor, n: int) -> list[int]:
        """Up to `n` indices: the most promising, the best, and the least known.

        Args:
            x: designs, `m x d`.
            n: how many.
        """
        if len(x) <= n:
            return list(range(len(x)))
        if len(x) > N_CLOSE:
            rough = Promise(self.model.likeliest(1), x[:0])
            rough._best = self._best[self.model.weight.argmax()].unsqueeze(0)
            coarse = rough.picked(rough.look(x), N_CLOSE)
            fine = self.picked(self.look(x[coarse]), n)
            return [coarse[i] for i in fine]
        return self.picked(self.look(x), n)

    @staticmethod
    def picked(looked: Looked, n: int) -> list[int]:
        """A quarter by mean, a quarter by spread, the rest by improvement."""
        chosen: dict[int, None] = {}
        ranked = ((looked.mean, n // 4), (looked.sd, n // 4), (looked.score, n))
        for score, most in ranked:
            for index in score.argsort(descending=True, stable=True)[:n].tolist():
                if most == 0 or len(chosen) == n:
                    break
                if index not in chosen:
                    chosen[index] = None
                    most -= 1
        return sorted(chosen)
