"""What the agent makes of a campaign's state: data for the multi-source model."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bigloop.agents.batches import Batches, gather, of_specimens
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Design,
    Estimate,
    Observation,
    Trial,
)

# Without data there is no model, and a campaign opens without torch.
if TYPE_CHECKING:
    from torch import Tensor

    from bigloop.agents.items import Items

TARGET = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Datum:
    """One value on the model scale, higher is better for channel 0."""

    design: Design
    channel: int
    specimen: str
    value: float
    noise: float = 0.0
    common: tuple[float, ...] = ()
    is_estimate: bool = False
    batch: str | None = None


def channels(campaign: Campaign) -> dict[tuple[str, str], int]:
    """Number of every modelled (source, observable); 0 is the target.

    Early observables of a predictor are no channels: they speak through estimates.
    """
    early = set(campaign.predictor.early) if campaign.predictor else set()
    found = {(campaign.objective.source, campaign.objective.observable): TARGET}
    for name, source in campaign.sources.items():
        for observable in source.observes:
            is_target = name == campaign.objective.source
            if not is_target and observable not in early:
                found.setdefault((name, observable), len(found))
    return found


def alike(campaign: Campaign) -> set[int]:
    """Channels of other sources that show the objective itself."""
    goal = campaign.objective.observable
    numbers = channels(campaign).items()
    return {n for (_, name), n in numbers if name == goal and n != TARGET}


def recommendable(belief: Belief) -> list[Design]:
    """Designs measured or estimated at the target, once a value, within the limits."""
    return [
        d.design
        for d in belief.data
        if d.channel == TARGET and not belief.campaign.beyond_limit(d.design)
    ]


def to_model(campaign: Campaign, observable: str, value: float) -> float:
    """A value on the model scale: logarithm when declared, sign for the objective."""
    if campaign.observables[observable].log:
        value = math.log(max(value, sys.float_info.min))
    if observable == campaign.objective.observable and is_minimised(campaign):
        value = -value
    return value


def is_minimised(campaign: Campaign) -> bool:
    """Whether small values of the objective are wanted."""
    return campaign.objective.goal == "minimize"


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """Data of a state with the scales that standardise them.

    Attributes:
        campaign: the specification.
        data: one entry per observed or estimated value.
        core: which of the data settle scales and hyper-parameters.
        center: mean of each channel on the model scale.
        scale: standard deviation of each channel on the model scale.
        specimens: index of every specimen.
        batches: where batches are told apart, and which are known.
        n_common: number of error terms that estimates share.
        own_noise: aleatoric variance of a predictor, by which measured ends scatter
            about estimates, on the model scale.
    """

    campaign: Campaign
    data: tuple[Datum, ...]
    core: tuple[bool, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    specimens: dict[str, int]
    n_common: int
    own_noise: float = 0.0
    batches: Batches = field(default_factory=Batches)

    def items(self, data: Sequence[Datum] | None = None) -> Items:
        """Data as items of the model (known noise and loadings standardised)."""
        import torch

        from bigloop.agents.items import Items
        from bigloop.agents.space import encode

        data = self.data if data is None else data
        scale = torch.tensor([self.scale[d.channel] for d in data], dtype=torch.float64)
        common = torch.zeros(len(data), self.n_common, dtype=torch.float64)
        for row, datum in enumerate(data):
            for column, loading in enumerate(datum.common):
                common[row, column] = loading / self.scale[datum.channel]
        known = torch.tensor([d.noise for d in data], dtype=torch.float64)
        return Items(
            x=encode(self.campaign, [d.design for d in data]),
            channel=torch.tensor([d.channel for d in data], dtype=torch.long),
            specimen=torch.tensor([self.specimens[d.specimen] for d in data]),
            batch=torch.tensor(
                [
                    self.batches.number(d.channel, d.batch, self.specimens[d.specimen])
                    for d in data
                ],
                dtype=torch.long,
            ),
            is_estimate=torch.tensor([d.is_estimate for d in data], dtype=torch.bool),
            noise=known / scale.square(),
            common=common,
        )

    def asked(self, data: Sequence[Datum]) -> Items:
        """Data that are asked for as items; their specimens may not be begun yet."""
        names = dict(self.specimens)
        for datum in data:
            names.setdefault(datum.specimen, len(names))
        return replace(self, specimens=names).items(data)

    def values(self, data: Sequence[Datum] | None = None) -> Tensor:
        """Standardised values, `n`."""
        import torch

        data = self.data if data is None else data
        return torch.tensor(
            [(d.value - self.center[d.channel]) / self.scale[d.channel] for d in data],
            dtype=torch.float64,
        )

    @property
    def is_told(self) -> bool:
        """Whether anything is known of the target."""
        return any(d.channel == TARGET for d in self.data)

    @property
    def own_variance(self) -> float:
        """`own_noise`, standardised."""
        return self.own_noise / self.scale[TARGET] ** 2

    def natural(self, standardised: float) -> float:
        """A standardised target value in the unit of the objective."""
        value = self.center[TARGET] + self.scale[TARGET] * standardised
        if is_minimised(self.campaign):
            value = -value
        observable = self.campaign.observables[self.campaign.objective.observable]
        return math.exp(value) if observable.log else value

    def count(self, design: Design, is_estimate: bool) -> int:
        """Values of the target channel on a design."""
        return sum(
            d.design == design and d.channel == TARGET and d.is_estimate == is_estimate
            for d in self.data
        )


def specimen_of(trial: Trial) -> str:
    """A name for the specimen of a trial, also before the laboratory has given one."""
    if trial.outcome is not None and trial.outcome.specimen is not None:
        return trial.outcome.specimen
    return trial.proposal.specimen or f"new:{trial.id}"


def believe(state: CampaignState) -> Belief:
    """Collect what is known; estimates give way to measurements of their specimen."""
    campaign = state.campaign
    numbers = channels(campaign)
    aleatoric = [e.sd_aleatoric**2 for e in state.estimates]
    own_noise = sum(aleatoric) / len(aleatoric) if aleatoric else 0.0
    homes = of_specimens(state.observations)
    data = [
        Datum(
            design=o.design,
            channel=numbers[o.source, o.observable],
            specimen=o.specimen or f"obs:{o.id}",
            value=to_model(campaign, o.observable, o.value),
            noise=_model_noise(campaign, o.observable, o.value, o.sd)
            + (own_noise if numbers[o.source, o.observable] == TARGET else 0.0),
            batch=_batch(o, homes),
        )
        for o in state.observations
        if (o.source, o.observable) in numbers and not o.censored
    ]
    data += _estimates(state, homes)
    data += _censored(state, data, homes)
    core = _core(data)
    settling = [d for d, keep in zip(data, core, strict=True) if keep]
    pairs = [_standard(campaign, settling, c) for c in range(len(numbers))]
    names = [d.specimen for d in data] + [specimen_of(t) for t in state.trials]
    return Belief(
        campaign=campaign,
        data=tuple(data),
        core=core,
        center=tuple(center for center, _ in pairs),
        scale=tuple(scale for _, scale in pairs),
        specimens={name: index for index, name in enumerate(dict.fromkeys(names))},
        n_common=max((len(d.common) for d in data), default=0),
        own_noise=own_noise,
        batches=gather(((d.channel, d.batch) for d in data), homes, state.stock),
    )


def _batch(observation: Observation, homes: Mapping[str, str]) -> str | None:
    """Its own, or that of its specimen."""
    return observation.batch or homes.get(observation.specimen or "")


def _core(data: Sequence[Datum]) -> tuple[bool, ...]:
    """All data where estimates are among them: these change with every training."""
    if not data or any(d.is_estimate for d in data):
        return (True,) * len(data)
    import torch

    from bigloop.agents.inference import fitted

    return tuple(fitted(torch.tensor([d.channel for d in data])).tolist())


def _model_noise(
    campaign: Campaign, observable: str, value: float, sd: float | None
) -> float:
    if not sd:
        return 0.0
    is_log = campaign.observables[observable].log
    return (sd / max(value, sys.float_info.min)) ** 2 if is_log else sd**2


def _estimates(state: CampaignState, homes: Mapping[str, str]) -> list[Datum]:
    campaign = state.campaign
    by_id = {trial.id: trial for trial in state.trials}
    if campaign.predictor is None:
        return []
    sign = -1.0 if is_minimised(campaign) else 1.0
    return [
        Datum(
            design=by_id[e.trial].proposal.design,
            channel=TARGET,
            specimen=specimen_of(by_id[e.trial]),
            value=sign * e.mean,
            noise=own,
            common=common,
            is_estimate=True,
            batch=homes.get(specimen_of(by_id[e.trial])),
        )
        for e in state.estimates
        if e.trial in by_id and e.observable == campaign.objective.observable
        for own, common in [_split(e)]
    ]


def _censored(
    state: CampaignState, data: Sequence[Datum], homes: Mapping[str, str]
) -> list[Datum]:
    """Specimens that outlived their test, of which nothing better is known.

    Each becomes a value with the moments of a normal truncated at the age it reached;
    the normal is that of all other values, so the result leans to caution.
    """
    campaign = state.campaign
    target = campaign.objective
    known = {d.specimen for d in data if d.channel == TARGET}
    latest = {
        o.specimen or f"obs:{o.id}": o
        for o in state.observations
        if o.censored and (o.source, o.observable) == (target.source, target.observable)
    }
    center, scale = _standard(campaign, data, TARGET)
    found = []
    for name, o in latest.items():
        if name in known:
            continue
        value, variance = _truncated(
            to_model(campaign, o.observable, o.value), center, scale
        )
        found.append(
            Datum(
                design=o.design,
                channel=TARGET,
                specimen=name,
                value=value,
                noise=variance,
                is_estimate=True,
                batch=_batch(o, homes),
            )
        )
    return found


def _truncated(bound: float, center: float, scale: float) -> tuple[float, float]:
    """Mean and variance of a normal, given that it is above `bound`."""
    from scipy.stats import norm

    a = (bound - center) / scale
    hazard = math.exp(norm.logpdf(a) - norm.logsf(a))
    variance = 1 + a * hazard - hazard**2
    return center + scale * hazard, scale**2 * max(float(variance), 1e-6)


def _split(estimate: Estimate) -> tuple[float, tuple[float, ...]]:
    """Epistemic variance of one estimate alone, and what it shares with the others."""
    shared = sum(loading**2 for loading in estimate.common)
    return max(0.0, estimate.sd_epistemic**2 - shared), estimate.common


def _standard(
    campaign: Campaign, data: Sequence[Datum], channel: int
) -> tuple[float, float]:
    found = [d.value for d in data if d.channel == channel]
    if not found:
        return 0.0, 1.0
    import torch

    values = torch.tensor(found, dtype=torch.float64)
    spread = _spread(values) or _guessed(campaign, data, channel)
    return float(values.mean()), spread


def _spread(values: Tensor) -> float:
    """Standard deviation; 0 of one value, and of values equal but for rounding."""
    if len(values) < 2:
        return 0.0
    spread = float(values.std())
    return spread if spread > 1e-12 * float(values.abs().max()) else 0.0


def _guessed(campaign: Campaign, data: Sequence[Datum], channel: int) -> float:
    """A spread where none can be told.

    That of the observable elsewhere, or as large as the value: it has to follow a
    change of unit.
    """
    import torch

    numbers = channels(campaign)
    name = next(o for (_, o), number in numbers.items() if number == channel)
    same = {number for (_, o), number in numbers.items() if o == name}
    shown = [d.value for d in data if d.channel in same]
    if elsewhere := _spread(torch.tensor(shown, dtype=torch.float64)):
        return elsewhere
    if campaign.observables[name].log:
        return 0.5
    return max(abs(d.value) for d in data if d.channel == channel) or 1.0
