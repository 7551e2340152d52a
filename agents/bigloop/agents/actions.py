"""What can be done next: new specimens, going on with one, simulations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bigloop.agents.belief import specimen_of
from bigloop.agents.pool import Pool
from bigloop.agents.rejections import ruled_out_at, turned_down
from bigloop.contracts import (
    CALLED_OFF,
    Campaign,
    CampaignState,
    Cost,
    Design,
    Key,
    Proposal,
    Source,
    Stock,
    Trial,
    TrialState,
    key_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a source could do now."""

    source: str
    design: Design
    specimen: str | None = None
    from_age: float = 0.0

    @classmethod
    def of(cls, proposal: Proposal) -> Action:
        """What a proposal would have a source do."""
        return cls(
            source=proposal.source,
            design=proposal.design,
            specimen=proposal.specimen,
            from_age=proposal.from_age,
        )


Plan = tuple[float | None, Cost, Cost]
"""Until which age to run, what is reserved, and what it is expected to cost."""


def is_early(campaign: Campaign, name: str) -> bool:
    """Whether a source gives a predictor's early observables and not the target."""
    if campaign.predictor is None or name == campaign.objective.source:
        return False
    return set(campaign.predictor.early) <= set(campaign.sources[name].observes)


class Free:
    """What may still be begun: fresh specimens of a stock, simulations not yet run.

    What people have turned down (`turned_down`) is not proposed again, and what is
    beyond a limit not at all.

    Args:
        state: of the campaign.
        specimens: fresh ones by design, as `specimens` counts them; none: unlimited.
    """

    def __init__(
        self, state: CampaignState, specimens: Mapping[Key, int] | None
    ) -> None:
        self._campaign = state.campaign
        self._stock = specimens
        self._begun: Counter[Key] = Counter()
        self._done: set[tuple[str, Key]] = set()
        self._rejected = turned_down(state)
        self._within: dict[Key, bool] = {}
        for trial in state.trials:
            # What an older model said may be asked of the present one.
            if trial.state in CALLED_OFF or state.is_superseded(trial):
                continue
            proposal = trial.proposal
            key = key_of(proposal.design)
            self._done.add((proposal.source, key))
            source = self._campaign.sources[proposal.source]
            if source.is_physical and proposal.specimen is None:
                self._begun[key] += 1

    def has(self, source: str, key: Key) -> bool:
        """Whether a source may begin with the design of this key."""
        if (source, key) in self._rejected or not self._is_within(key):
            return False
        if not self._campaign.sources[source].is_physical:
            return (source, key) not in self._done
        return self._stock is None or self._stock.get(key, 0) > self._begun[key]

    def _is_within(self, key: Key) -> bool:
        """Whether a design keeps the limits that people set; asked once a design."""
        if not self._campaign.limits:
            return True
        if key not in self._within:
            self._within[key] = self._campaign.beyond_limit(dict(key)) is None
        return self._within[key]


def specimens(stock: Sequence[Stock] | None) -> dict[Key, int] | None:
    """Fresh specimens of a stock by design."""
    if stock is None:
        return None
    return {key_of(item.design): item.specimens for item in stock}


def living(state: CampaignState) -> dict[str, tuple[Trial, float]]:
    """Specimens that can go on: the latest trial and the age of each."""
    seen = set(state.seen)
    found: dict[str, tuple[Trial, float]] = {}
    busy: set[str] = set()
    for trial in state.trials:
        name = specimen_of(trial)
        if trial.id not in seen:
            if trial.state not in CALLED_OFF:
                busy.add(name)
        elif trial.outcome is not None and trial.outcome.status == "success":
            if trial.outcome.ended or trial.outcome.age is None:
                found.pop(name, None)
                busy.add(name)
            else:
                found[name] = (trial, trial.outcome.age)
    return {name: found[name] for name in found if name not in busy}


def possible(state: CampaignState, pool: Pool, free: Free) -> dict[str, list[Action]]:
    """Actions by source; only those that the stock and the campaign allow."""
    campaign = state.campaign
    found: dict[str, list[Action]] = {}
    for name in campaign.sources:
        actions = []
        if not _is_opened_early(campaign, name):
            actions = [
                Action(source=name, design=design)
                for design, key in zip(pool.designs, pool.keys, strict=True)
                if free.has(name, key)
            ]
        if name == campaign.objective.source:
            actions += continued(state)
        found[name] = actions
    return found


def _is_opened_early(campaign: Campaign, name: str) -> bool:
    """Whether new specimens of a source are better opened by an early source.

    Both run the same specimens at the same cost per age, so that looking early and
    going on costs no more than going through, and leaves the choice.
    """
    source = campaign.sources[name]
    return name == campaign.objective.source and any(
        is_early(campaign, other)
        and _same_lab(source, early)
        and early.cost_per_age == source.cost_per_age
        and not early.cost
        for other, early in campaign.sources.items()
    )


def continued(state: CampaignState) -> list[Action]:
    """Living specimens that the target could go on with, and nobody said no.

    A limit holds for these, too: what it bounds is done to the specimen.
    """
    name = state.campaign.objective.source
    source = state.campaign.sources[name]
    rejected = {
        t.proposal.specimen
        for t in state.trials
        if t.state is TrialState.REJECTED and t.proposal.source == name
    }
    out = ruled_out_at(state)
    return [
        Action(
            source=name, design=trial.proposal.design, specimen=specimen, from_age=age
        )
        for specimen, (trial, age) in living(state).items()
        if specimen not in rejected
        and (name, key_of(trial.proposal.design)) not in out
        and state.campaign.beyond_limit(trial.proposal.design) is None
        and _same_lab(source, state.campaign.sources[trial.proposal.source])
    ]


def _same_lab(a: Source, b: Source) -> bool:
    return a.lab == b.lab and a.options == b.options


def horizon(
    source: Source, action: Action, left: Cost, expected_age: float, upper_age: float
) -> Plan | None:
    """Until which age to run, what to reserve, what to expect to pay.

    An open-ended trial is planned to outlive `upper_age` only by a planned stop: its
    reservation is the most that it may cost, so a budget is never overrun.

    Returns:
        None when what is left does not pay for a meaningful trial.
    """
    if source.until_age is not None or not source.cost_per_age:
        until = source.until_age
        cost = source.cost_of(action.from_age, until or 0.0)
        return (until, cost, cost) if _affords(left, cost) else None
    longest = source.longest_age or upper_age
    until = min(longest, math.ceil(upper_age))
    for currency, rate in source.cost_per_age.items():
        room = left[currency] - source.cost.get(currency, 0.0)
        until = min(until, action.from_age + math.floor(room / rate))
    if until < expected_age or until <= action.from_age:
        return None
    reserve = source.cost_of(action.from_age, until)
    expected = source.cost_of(action.from_age, min(expected_age, until))
    return until, reserve, expected


def _affords(left: Cost, cost: Cost) -> bool:
    return all(amount <= left[currency] + 1e-9 for currency, amount in cost.items())
