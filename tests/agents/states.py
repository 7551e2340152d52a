"""States of small campaigns, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bigloop.contracts import (
    Account,
    Campaign,
    CampaignState,
    Design,
    Observation,
    Outcome,
    Proposal,
    Trial,
    TrialState,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Values = Mapping[str, float]
Result = tuple[str, Design, Values | None]
"""Source, design, and what was observed; none is a failure."""


class States:
    """Makes campaigns by changing one, and their states."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    def campaign(self, **changes: Any) -> Campaign:
        return Campaign.model_validate({**self.spec, **changes})

    def after(
        self,
        campaign: Campaign,
        results: Sequence[Result],
        pending: Sequence[tuple[str, Design]] = (),
    ) -> CampaignState:
        """All results taken in, in order; what is pending runs."""
        trials: list[Trial] = []
        observations: list[Observation] = []
        for number, (source, design, values) in enumerate(results):
            trial = self.ended(campaign, number, source, design, values is not None)
            trials.append(trial)
            observations += [
                self.observed(campaign, len(observations) + k, trial, name, value)
                for k, (name, value) in enumerate((values or {}).items())
            ]
        for source, design in pending:
            trials.append(_trial(campaign, len(trials), source, design))
        accounts = {
            currency: Account(
                currency=currency,
                limit=limit,
                reserved=0.0,
                spent=sum(t.spent.get(currency, 0.0) for t in trials),
            )
            for currency, limit in campaign.budget.items()
        }
        return CampaignState(
            campaign=campaign,
            trials=tuple(trials),
            seen=tuple(t.id for t in trials[: len(results)]),
            observations=tuple(observations),
            accounts=accounts,
        )

    def ended(
        self,
        campaign: Campaign,
        number: int,
        source: str,
        design: Design,
        is_good: bool = True,
    ) -> Trial:
        """A trial that was paid for; one that is not good failed."""
        outcome = {"status": "success"}
        if not is_good:
            outcome = {"status": "failure", "failure": "solver"}
        changes = {
            "state": TrialState.COMPLETED if is_good else TrialState.FAILED,
            "outcome": Outcome.model_validate(outcome),
            "spent": campaign.sources[source].cost,
        }
        return _trial(campaign, number, source, design).model_copy(update=changes)

    def observed(
        self, campaign: Campaign, index: int, trial: Trial, name: str, value: float
    ) -> Observation:
        """What a trial found of one observable."""
        return Observation(
            id=index,
            campaign=trial.campaign,
            trial=trial.id,
            source=trial.proposal.source,
            design=trial.proposal.design,
            specimen=None,
            batch=None,
            observable=name,
            value=value,
            unit=campaign.observables[name].unit,
            sd=None,
            age=None,
            censored=False,
            recorded_at=NOW,
        )


def _trial(campaign: Campaign, number: int, source: str, design: Design) -> Trial:
    proposal = Proposal(
        campaign=campaign.name, number=number, source=source, design=design
    )
    return Trial(
        id=proposal.id,
        campaign=campaign.name,
        proposal=proposal,
        state=TrialState.RUNNING,
        created_at=NOW,
        updated_at=NOW,
    )
