"""States of campaigns whose target has given results, made by hand for benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bigloop.contracts import (
    Account,
    Campaign,
    CampaignState,
    Design,
    Observation,
    Outcome,
    Proposal,
    Stock,
    Trial,
    TrialState,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
Result = tuple[Design, float, str | None]
"""A design, what was measured of it, and the batch of its specimen."""


def taken_in(
    campaign: Campaign,
    results: Sequence[Result],
    stock: tuple[Stock, ...] | None = None,
) -> CampaignState:
    """All results taken in, in order, each of a specimen of its own."""
    price = campaign.target.cost
    trials = [_trial(campaign, n, *result) for n, result in enumerate(results)]
    return CampaignState(
        campaign=campaign,
        trials=tuple(trials),
        seen=tuple(trial.id for trial in trials),
        observations=tuple(
            _observation(campaign, n, trial, results[n][1])
            for n, trial in enumerate(trials)
        ),
        accounts={
            currency: Account(
                currency=currency,
                limit=limit,
                reserved=0.0,
                spent=price.get(currency, 0.0) * len(trials),
            )
            for currency, limit in campaign.budget.items()
        },
        stock=stock,
    )


def _trial(
    campaign: Campaign, number: int, design: Design, _: float, batch: str | None
) -> Trial:
    proposal = Proposal(
        campaign=campaign.name,
        number=number,
        source=campaign.objective.source,
        design=design,
    )
    price = campaign.target.cost
    return Trial(
        id=proposal.id,
        campaign=campaign.name,
        proposal=proposal,
        state=TrialState.COMPLETED,
        outcome=Outcome(
            status="success", specimen=proposal.id, batch=batch, cost=price
        ),
        spent=price,
        created_at=AT,
        updated_at=AT,
    )


def _observation(
    campaign: Campaign, number: int, trial: Trial, value: float
) -> Observation:
    goal = campaign.objective.observable
    assert trial.outcome is not None
    return Observation(
        id=number,
        campaign=campaign.name,
        trial=trial.id,
        source=trial.proposal.source,
        design=trial.proposal.design,
        specimen=trial.id,
        batch=trial.outcome.batch,
        observable=goal,
        value=value,
        unit=campaign.observables[goal].unit,
        sd=None,
        age=None,
        censored=False,
        recorded_at=AT,
    )
