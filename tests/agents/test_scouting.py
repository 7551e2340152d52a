"""Sources that show the objective are sent ahead, each for the next dearer one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from bigloop.agents.multi_fidelity import MultiFidelityAgent
from bigloop.agents.scouting import is_waiting, ladder, n_scouts
from bigloop.contracts import Campaign, CampaignState, Design, Stock, Suggestion

Hill = Callable[[Design], float]


def priced(build: Any, budget: float = 600, **prices: float) -> Campaign:
    """A campaign with sources at these prices; the last one is the target."""
    sources = {
        name: {"simulator": "s", "observes": ["y"], "cost": {"EUR": price}}
        for name, price in prices.items()
    }
    goal = {"observable": "y", "source": list(prices)[-1]}
    made: Campaign = build.campaign(
        sources=sources, objective=goal, budget={"EUR": budget}
    )
    return made


def ask(agent: MultiFidelityAgent, state: CampaignState) -> Suggestion:
    (found,) = agent.propose(state, list(state.campaign.sources), 1)
    return found


def test_each_rung_costs_a_quarter_of_the_next(build: Any) -> None:
    assert ladder(priced(build, a=1, b=5, c=30, dear=40)) == ["a", "b"]
    assert ladder(priced(build, a=1, b=2, dear=40)) == ["a"]
    assert ladder(priced(build, budget=400, a=1, b=5, dear=40)) == ["a"]
    assert ladder(priced(build, a=20, dear=40)) == []


def test_the_best_of_a_rung_is_where_the_next_begins(build: Any, hill: Hill) -> None:
    campaign = priced(build, a=1, b=5, dear=40)
    assert (n_scouts(campaign, "a"), n_scouts(campaign, "b")) == (30, 6)
    agent = MultiFidelityAgent(campaign)
    results: list[tuple[str, Design, float]] = []
    while "dear" not in (s for s, _, _ in results):
        found = ask(agent, build.state(campaign, results)).proposal
        results.append((found.source, found.design, hill(found.design)))
    sources = [source for source, _, _ in results]
    assert sources[:31] == ["a"] * 30 + ["b"]
    assert 1 <= sources.count("b") <= 6
    assert sources.count("a") + 5 * sources.count("b") <= 2 * 0.05 * 600
    assert results[30][1] == max((d for _, d, _ in results[:30]), key=hill)
    best = max((d for s, d, _ in results if s == "b"), key=hill)
    assert results[-1][:2] == ("dear", best)


def test_a_stock_that_is_looked_through_holds_nothing_up(
    build: Any, hill: Hill
) -> None:
    campaign = priced(build, a=1, dear=40)
    designs: list[Design] = [{"x": x, "z": 0.4} for x in (0.2, 0.5, 0.9)]
    results = [("a", d, hill(d)) for d in designs]
    stock = tuple(Stock(design=d, specimens=2) for d in designs)
    state = build.state(campaign, results).model_copy(update={"stock": stock})
    found = ask(MultiFidelityAgent(campaign), state).proposal
    assert (found.source, found.design) == ("dear", max(designs, key=hill))


def rugged(design: Design) -> float:
    x, z = (float(value) for value in design.values())
    return math.sin(9 * x) * math.cos(7 * z) + 0.6 * math.sin(17 * x + 5 * z)


@pytest.mark.parametrize(("since", "is_full"), [(14, False), (15, True)])
def test_a_source_has_its_turn_between_two_runs_of_the_target(
    build: Any, since: int, is_full: bool
) -> None:
    campaign = priced(build, a=1, b=5, dear=40)
    designs: list[Design] = [{"x": i / 50, "z": 0.5} for i in range(40)]
    before = [("a", d, 0.0) for d in designs[:20]] + [("dear", designs[0], 0.0)]
    after = [("a", d, 0.0) for d in designs[20 : 20 + since]]
    state = build.state(campaign, before + after)
    assert is_waiting(state, "a") is is_full
    assert not is_waiting(state, "b")
    assert not is_waiting(state, "dear")


def test_a_source_with_a_purse_of_its_own_waits_for_the_target(build: Any) -> None:
    sources = {
        "crumb": {"simulator": "s", "observes": ["y"], "cost": {"core_second": 1}},
        "dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 40}},
    }
    budget = {"EUR": 600, "core_second": 1e6}
    campaign = build.campaign(sources=sources, budget=budget)
    agent = MultiFidelityAgent(campaign)
    results: list[tuple[str, Design, float]] = []
    runs = [0]
    while len(runs) < 3 and runs[-1] <= 15:
        found = ask(agent, build.state(campaign, results)).proposal
        value = rugged(found.design)
        if found.source == "dear":
            runs.append(0)
        else:
            runs[-1] += 1
            value += 0.3 * math.sin(5 * float(found.design["x"]))
        results.append((found.source, found.design, value))
    assert runs == [0, 15, 0]
