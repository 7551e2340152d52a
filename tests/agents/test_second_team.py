"""Where the first run of the target is as its scout said, others are sent out anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from bigloop.agents.multi_fidelity import MultiFidelityAgent
from bigloop.agents.scouting import n_scouts, n_sent, second_team, sent_ahead
from bigloop.contracts import Campaign, CampaignState, Design

Results = list[tuple[str, Design, float | None]]


def two_hills(design: Design) -> float:
    """The broad hill is 1 high, the narrow one 1.5."""
    x, z = float(design["x"]), float(design["z"])
    broad = math.exp(-((x - 0.3) ** 2 + (z - 0.3) ** 2) / 0.1)
    return broad + 1.5 * math.exp(-((x - 0.85) ** 2 + (z - 0.8) ** 2) / 0.01)


def campaign_of(build: Any) -> Campaign:
    sources = {
        name: {"simulator": "s", "observes": ["y"], "cost": {"EUR": price}}
        for name, price in (("cheap", 1), ("dear", 40))
    }
    goal = {"observable": "y", "source": "dear"}
    made: Campaign = build.campaign(
        sources=sources, objective=goal, budget={"EUR": 240}
    )
    return made


def drive(
    build: Any, dear: Callable[[Design], float | None], n_dear: int
) -> tuple[Campaign, Results]:
    campaign, results = campaign_of(build), Results()
    agent = MultiFidelityAgent(campaign)
    while [s for s, _, _ in results].count("dear") < n_dear:
        (found,) = agent.propose(build.state(campaign, results), ["cheap", "dear"], 1)
        design = found.proposal.design
        is_dear = found.proposal.source == "dear"
        value = dear(design) if is_dear else two_hills(design)
        results.append((found.proposal.source, design, value))
    return campaign, results


def test_a_second_team_looks_as_if_nothing_were_known(build: Any) -> None:
    campaign, results = drive(build, two_hills, 1)
    n = n_scouts(campaign, "cheap")
    assert [source for source, _, _ in results] == ["cheap"] * n + ["dear"]
    agent, first = MultiFidelityAgent(campaign), list(results)
    for number in range(n):
        state = build.state(campaign, results)
        ahead = sent_ahead(state)
        assert len(ahead.trials) == len(ahead.observations) == number
        (found,) = agent.propose(state, ["cheap", "dear"], 1)
        assert found.proposal.source == "cheap"
        design = found.proposal.design
        assert design not in [d for _, d, _ in results]
        results.append(("cheap", design, two_hills(design)))
    state = build.state(campaign, results)
    assert sent_ahead(state) is state
    assert n_sent(state, "cheap") == 2 * n
    (found,) = agent.propose(state, ["cheap", "dear"], 1)
    best = max((d for s, d, _ in results if s == "cheap"), key=two_hills)
    is_better = best not in [d for _, d, _ in first]
    opened = ("dear", best) == (found.proposal.source, found.proposal.design)
    assert opened == is_better
    assert found.decision.agent.endswith("opening") == is_better


@pytest.mark.parametrize(
    "says", [lambda _: -3.0, lambda design: two_hills(design) - 0.15, lambda _: None]
)
def test_no_second_team_where_the_first_was_wrong(
    build: Any, says: Callable[[Design], float | None]
) -> None:
    campaign, results = drive(build, says, 1)
    state: CampaignState = build.state(campaign, results)
    assert second_team(state, "cheap") is None
    assert sent_ahead(state) is state


def test_there_is_no_third_team(build: Any) -> None:
    campaign, results = drive(build, two_hills, 2)
    state = build.state(campaign, results)
    assert sent_ahead(state) is state
    assert n_sent(state, "cheap") <= 2 * n_scouts(campaign, "cheap")
