"""States of small campaigns, made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

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
SPEC: dict[str, Any] = {
    "name": "two",
    "parameters": {"x": {"low": 0, "high": 1}, "z": {"low": 0, "high": 1}},
    "observables": {"y": {"unit": "volt"}},
    "objective": {"observable": "y", "source": "dear"},
    "sources": {
        "dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}},
        "cheap": {"simulator": "t", "observes": ["y"], "cost": {"EUR": 1}},
    },
    "budget": {"EUR": 300},
}

Result = tuple[str, Design, float | None]


class Build:
    """Makes states: results are (source, design, value); none is a failure."""

    def campaign(self, **changes: Any) -> Campaign:
        return Campaign.model_validate({**SPEC, **changes})

    def state(
        self,
        campaign: Campaign,
        results: Sequence[Result],
        pending: Sequence[tuple[str, Design]] = (),
    ) -> CampaignState:
        trials: list[Trial] = []
        observations: list[Observation] = []
        spent = 0.0
        for number, (source, design, value) in enumerate(results):
            trial = self.trial(campaign, number, source, design, value)
            spent += trial.spent["EUR"]
            trials.append(trial)
            if value is not None:
                observations.append(self.observation(len(observations), trial, value))
        for source, design in pending:
            proposal = Proposal(
                campaign=campaign.name, number=len(trials), source=source, design=design
            )
            trials.append(
                Trial(
                    id=proposal.id,
                    campaign=campaign.name,
                    proposal=proposal,
                    state=TrialState.RUNNING,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
        limit = campaign.budget["EUR"]
        account = Account(currency="EUR", limit=limit, reserved=0.0, spent=spent)
        return CampaignState(
            campaign=campaign,
            trials=tuple(trials),
            seen=tuple(t.id for t in trials[: len(results)]),
            observations=tuple(observations),
            accounts={"EUR": account},
        )

    def trial(
        self,
        campaign: Campaign,
        number: int,
        source: str,
        design: Design,
        value: float | None,
    ) -> Trial:
        proposal = Proposal(
            campaign=campaign.name, number=number, source=source, design=design
        )
        is_good = value is not None
        outcome = Outcome.model_validate(
            {
                "status": "success" if is_good else "failure",
                "failure": None if is_good else "solver",
            }
        )
        return Trial(
            id=proposal.id,
            campaign=campaign.name,
            proposal=proposal,
            state=TrialState.COMPLETED if is_good else TrialState.FAILED,
            outcome=outcome,
            spent=campaign.sources[source].cost,
            created_at=NOW,
            updated_at=NOW,
        )

    def observation(self, index: int, trial: Trial, value: float) -> Observation:
        return Observation(
            id=index,
            campaign=trial.campaign,
            trial=trial.id,
            source=trial.proposal.source,
            design=trial.proposal.design,
            specimen=None,
            batch=None,
            observable="y",
            value=value,
            unit="volt",
            sd=None,
            age=None,
            censored=False,
            recorded_at=NOW,
        )


@pytest.fixture
def build() -> Build:
    return Build()


@pytest.fixture
def hill() -> Callable[[Design], float]:
    """A smooth hill with its top of 1 at (0.7, 0.3)."""
    return lambda d: 1 - 3 * ((float(d["x"]) - 0.7) ** 2 + (float(d["z"]) - 0.3) ** 2)
