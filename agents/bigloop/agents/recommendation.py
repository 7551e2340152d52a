"""The recommended design, with the interval of its mean at the target fidelity."""

from __future__ import annotations

import torch
from torch import Tensor

from bigloop.agents.belief import TARGET, Belief, is_minimised
from bigloop.agents.items import latent
from bigloop.agents.source_model import SourceModel
from bigloop.agents.space import encode
from bigloop.contracts import Recommendation, canonical_json

LEVEL = 0.9
N_QUANTILE_DRAWS = 512


def recommend(belief: Belief, model: SourceModel) -> Recommendation:
    """The tried design with the best posterior mean.

    For an observable on a log scale, the mean over specimens is
    `exp(f + noise / 2)`, the mean of a log-normal.
    """
    campaign = belief.campaign
    tried = {
        canonical_json(d.design): d.design for d in belief.data if d.channel == TARGET
    }
    designs = list(tried.values())
    at = latent(encode(campaign, designs), belief.n_common)
    shift = _log_normal_shift(belief, model)
    means = model.mean(at) + shift.unsqueeze(-1)
    best = int(model.average(means).argmax())
    sd = model.variance(at)[:, best].clamp_min(1e-12).sqrt()
    draws = _mixture(means[:, best], sd, model.weight)
    low, middle, high = (
        belief.natural(float(draws.quantile(q)))
        for q in ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
    )
    own = belief.own_noise / belief.scale[TARGET] ** 2
    noise = float((model.average(model.h.noise[:, TARGET]) + own).sqrt())
    natural = [belief.natural(float(draws.median()) + k * noise) for k in (-1.0, 1.0)]
    observable = campaign.objective.observable
    design = designs[best]
    return Recommendation(
        design=design,
        observable=observable,
        unit=campaign.observables[observable].unit,
        mean=middle,
        low=min(low, high),
        high=max(low, high),
        level=LEVEL,
        sd_epistemic=abs(high - low) / (2 * 1.645),
        sd_aleatoric=abs(natural[1] - natural[0]) / 2,
        n_target=belief.count(design, is_estimate=False),
        n_early=belief.count(design, is_estimate=True),
    )


def _log_normal_shift(belief: Belief, model: SourceModel) -> Tensor:
    """What the spread of specimens adds to the mean on the model scale, `s`."""
    observable = belief.campaign.observables[belief.campaign.objective.observable]
    noise = model.h.noise[:, TARGET] + belief.own_noise / belief.scale[TARGET] ** 2
    if not observable.log:
        return torch.zeros_like(noise)
    sign = -1.0 if is_minimised(belief.campaign) else 1.0
    return sign * 0.5 * noise * belief.scale[TARGET]


def _mixture(mean: Tensor, sd: Tensor, weight: Tensor) -> Tensor:
    """Evenly weighted values of the mixture over the model's settings."""
    sobol = torch.quasirandom.SobolEngine(2, scramble=True, seed=0)
    uniform = sobol.draw(N_QUANTILE_DRAWS, dtype=torch.float64).clamp(1e-6, 1 - 1e-6)
    setting = torch.searchsorted(weight.cumsum(0), uniform[:, 0].contiguous())
    setting = setting.clamp_max(len(weight) - 1)
    return mean[setting] + sd[setting] * torch.special.ndtri(uniform[:, 1])
