"""How promising designs are at the target: a first look at many of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bigloop.agents.items import latent
from bigloop.agents.source_model import SourceModel

N_SETTINGS = 4
"""Settings under which many designs are looked at: the likeliest."""
N_CLOSE = 2000
"""Designs looked at under these; of more, the likeliest setting alone picks them."""
_CHUNK = 4096


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
        u = (mean - self._best[:, None]) / sd
        density = (-0.5 * u.square()).exp() / (2 * torch.pi) ** 0.5
        gain = sd * (density + u * torch.special.ndtr(u))
        return self.model.average(gain)

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
            coarse = _picked(rough, x, N_CLOSE)
            return [coarse[i] for i in _picked(self, x[coarse], n)]
        return _picked(self, x, n)


def _picked(promise: Promise, x: Tensor, n: int) -> list[int]:
    """Half of them by improvement, a quarter by mean, the rest by spread."""
    found = [promise.moments(part) for part in x.split(_CHUNK)]
    mean = torch.cat([m for m, _ in found], dim=1)
    sd = torch.cat([s for _, s in found], dim=1)
    model = promise.model
    ranked: Sequence[tuple[Tensor, int]] = (
        (model.average(mean), n // 4),
        (model.average(sd), n // 4),
        (promise.improvement(mean, sd), n),
    )
    chosen: dict[int, None] = {}
    for score, most in ranked:
        for index in score.argsort(descending=True, stable=True)[:n].tolist():
            if most == 0 or len(chosen) == n:
                break
            if index not in chosen:
                chosen[index] = None
                most -= 1
    return sorted(chosen)
