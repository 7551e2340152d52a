"""The recommended design, with the interval of its mean at the target fidelity."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bigloop.agents.belief import TARGET, Belief, is_minimised, recommendable
from bigloop.agents.items import latent
from bigloop.agents.source_model import SourceModel
from bigloop.agents.space import encode
from bigloop.contracts import (
    BudgetError,
    Design,
    Recommendation,
    Stock,
    key_of,
)

LEVEL = 0.9
N_QUANTILE_DRAWS = 512


def recommend(
    belief: Belief, model: SourceModel, stock: Sequence[Stock] | None = None
) -> Recommendation:
    """The tried design with the best posterior mean, and its outlook."""
    design = best_tried(belief, model)
    if design is None:
        raise BudgetError("nothing is measured within the limits; run a trial first")
    return outlook(belief, model, design, stock)


def outlook(
    belief: Belief,
    model: SourceModel,
    design: Design,
    stock: Sequence[Stock] | None = None,
) -> Recommendation:
    """What is expected of a design at the target.

    For an observable on a log scale, the mean over specimens is
    `exp(f + noise / 2)`, the mean of a log-normal. A laboratory that has `n` specimens
    of the design, `m` of them measured, will find the mean of these, which scatters
    about that of all possible ones with variance `noise (n - m) / n^2`. Where batches
    are told apart it is the mean over batches, too, of which the variance between them
    is part of `noise / 2`; the shift of the batches that the laboratory has is luck of
    these, and no part of what is expected of the design.
    """
    campaign = belief.campaign
    at = latent(encode(campaign, [design]), belief.n_common)
    means = model.mean(at)[:, 0] + log_normal_shift(belief, model)
    own = belief.own_variance
    finite = _finite(belief, design, stock) * (model.h.noise[:, TARGET] + own)
    sd = (model.variance(at)[:, 0].clamp_min(1e-12) + finite).sqrt()
    draws = _mixture(means, sd, model.weight)
    low, middle, high = (
        belief.natural(float(draws.quantile(q)))
        for q in ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
    )
    noise = float(model.average(model.h.spread(TARGET) + own).sqrt())
    natural = [belief.natural(float(draws.median()) + k * noise) for k in (-1.0, 1.0)]
    middle_s = float(model.average(means))
    spread = model.variance(at)[:, 0] + (means - middle_s).square()
    epistemic = float(model.average(spread).sqrt())
    around = [belief.natural(middle_s + k * epistemic) for k in (-1.0, 1.0)]
    observable = campaign.objective.observable
    return Recommendation(
        design=design,
        observable=observable,
        unit=campaign.observables[observable].unit,
        mean=middle,
        low=min(low, high),
        high=max(low, high),
        level=LEVEL,
        sd_epistemic=abs(around[1] - around[0]) / 2,
        sd_aleatoric=abs(natural[1] - natural[0]) / 2,
        n_target=belief.count(design, is_estimate=False),
        n_early=belief.count(design, is_estimate=True),
    )


def _finite(belief: Belief, design: Design, stock: Sequence[Stock] | None) -> float:
    """`(n - m) / n^2` of a design; 0 for as many specimens as one likes."""
    n = next((s.specimens for s in stock or () if s.design == design), 0)
    if not n:
        return 0.0
    m = min(n, belief.count(design, is_estimate=False))
    return (n - m) / n**2


def best_tried(belief: Belief, model: SourceModel) -> Design | None:
    """The design with the best posterior mean among those that may be recommended."""
    known = recommendable(belief)
    if not known:
        return None
    designs = list({key_of(design): design for design in known}.values())
    at = latent(encode(belief.campaign, designs), belief.n_common)
    return designs[int(model.average(model.mean(at)).argmax())]


def log_normal_shift(belief: Belief, model: SourceModel) -> Tensor:
    """What the spread of specimens and batches adds to the mean, `s`, model scale."""
    observable = belief.campaign.observables[belief.campaign.objective.observable]
    noise = model.h.spread(TARGET) + belief.own_variance
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
