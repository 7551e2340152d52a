"""Campaigns with several outputs, states of them, and an agent that runs on them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from bigloop.agents import MultiFidelityAgent
from bigloop.contracts import Campaign, CampaignState, Design, Suggestion

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
    """Results are (source, design); what they are is by a truth."""

    def __init__(self, states: Any) -> None:
        self._states = states(SPEC)

    def campaign(self, **changes: Any) -> Campaign:
        made: Campaign = self._states.campaign(**changes)
        return made

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
        found = [
            (name, design, {k: v for k, v in truth(design).items() if k in seen})
            for name, design in results
            for seen in [campaign.sources[name].observes]
        ]
        made: CampaignState = self._states.after(campaign, found, pending)
        return made

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
def both(states: Any) -> Both:
    return Both(states)
