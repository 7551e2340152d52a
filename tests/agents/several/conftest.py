"""States of campaigns with several outputs, made by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bigloop.agents import MultiFidelityAgent
from bigloop.contracts import (
    Account,
    Campaign,
    CampaignState,
    Design,
    Observation,
    Outcome,
    Proposal,
    Suggestion,
    Trial,
    TrialState,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "name": "both",
    "parameters": {"x": {"low": 0, "high": 1}, "z": {"low": 0, "high": 1}},
    "observables": {"y": {"unit": "volt"}, "w": {"unit": "gram"}},
    "sources": {
        "dear": {"simulator": "s", "observes": ["y", "w"], "cost": {"EUR": 10}}
    },
    "budget": {"EUR": 400},
}
FRONT = [
    {"observable": "y", "goal": "maximize", "source": "dear"},
    {"observable": "w", "goal": "minimize", "source": "dear"},
]
Values = Mapping[str, float]
Truth = Callable[[Design], Values]


def truth(d: Design) -> Values:
    """A hill at (0.7, 0.3) and a bowl at (0.2, 0.6): between them they conflict."""
    x, z = float(d["x"]), float(d["z"])
    return {
        "y": 1 - 3 * ((x - 0.7) ** 2 + (z - 0.3) ** 2),
        "w": 5 + 4 * ((x - 0.2) ** 2 + (z - 0.6) ** 2),
    }


class Both:
    """Makes campaigns and states, and runs an agent on them."""

    def campaign(self, **changes: Any) -> Campaign:
        return Campaign.model_validate({**SPEC, **changes})

    def front(self, **changes: Any) -> Campaign:
        return self.campaign(objectives=FRONT, **changes)

    def bounded(self, bound: dict[str, Any], **changes: Any) -> Campaign:
        return self.campaign(objective=FRONT[0], requirements={"w": bound}, **changes)

    def state(
        self,
        campaign: Campaign,
        results: Sequence[tuple[str, Design]],
        pending: Sequence[tuple[str, Design]] = (),
        truth: Truth = truth,
    ) -> CampaignState:
        trials: list[Trial] = []
        observations: list[Observation] = []
        spent = 0.0
        for number, (source, design) in enumerate([*results, *pending]):
            is_done = number < len(results)
            proposal = Proposal(
                campaign=campaign.name, number=number, source=source, design=design
            )
            cost = campaign.sources[source].cost
            spent += cost["EUR"]
            trials.append(
                Trial(
                    id=proposal.id,
                    campaign=campaign.name,
                    proposal=proposal,
                    state=TrialState.COMPLETED if is_done else TrialState.RUNNING,
                    outcome=Outcome(status="success") if is_done else None,
                    spent=cost if is_done else {},
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
            found = truth(design) if is_done else {}
            for name in campaign.sources[source].observes:
                if name in found:
                    observations.append(
                        Observation(
                            id=len(observations),
                            campaign=campaign.name,
                            trial=proposal.id,
                            source=source,
                            design=design,
                            specimen=None,
                            batch=None,
                            observable=name,
                            value=found[name],
                            unit=campaign.observables[name].unit,
                            sd=None,
                            age=None,
                            censored=False,
                            recorded_at=NOW,
                        )
                    )
        limit = campaign.budget["EUR"]
        return CampaignState(
            campaign=campaign,
            trials=tuple(trials),
            seen=tuple(t.id for t in trials[: len(results)]),
            observations=tuple(observations),
            accounts={
                "EUR": Account(currency="EUR", limit=limit, reserved=0.0, spent=spent)
            },
        )

    def run(
        self, campaign: Campaign, n: int, truth: Truth = truth
    ) -> tuple[CampaignState, list[Suggestion]]:
        """The state after `n` proposals, each measured at once, and the proposals."""
        agent = MultiFidelityAgent(campaign)
        results: list[tuple[str, Design]] = []
        made = []
        for _ in range(n):
            state = self.state(campaign, results, truth=truth)
            (found,) = agent.propose(state, list(campaign.sources), 1)
            made.append(found)
            results.append((found.proposal.source, found.proposal.design))
        return self.state(campaign, results, truth=truth), made

    def spread(self, n: int, seed: int = 0) -> list[tuple[str, Design]]:
        rng = random.Random(seed)
        return [("dear", {"x": rng.random(), "z": rng.random()}) for _ in range(n)]


@pytest.fixture
def both() -> Both:
    return Both()
