from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from bigloop.agents import MultiFidelityAgent, RandomAgent
from bigloop.agents.belief import believe
from bigloop.agents.guard import fit
from bigloop.agents.items import latent
from bigloop.agents.judge import purses
from bigloop.contracts import (
    Agent,
    Campaign,
    Design,
    Stock,
    Suggestion,
    TrialState,
)

Hill = Callable[[Design], float]


def spread(n: int, seed: int = 0) -> list[Design]:
    rng = random.Random(seed)
    return [{"x": rng.random(), "z": rng.random()} for _ in range(n)]


ONE = {"dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}}}


def ask(
    agent: Agent, state: Any, sources: Sequence[str] = ("dear", "cheap")
) -> Suggestion:
    (suggestion,) = agent.propose(state, sources, 1)
    return suggestion


def test_an_agent_is_a_pure_function_of_the_state(build: Any, hill: Hill) -> None:
    campaign = build.campaign()
    results = [("dear", d, hill(d)) for d in spread(6)]
    state = build.state(campaign, results, pending=[("cheap", {"x": 0.1, "z": 0.9})])
    used = MultiFidelityAgent(campaign)
    used.propose(build.state(campaign, results[:3]), ["dear", "cheap"])
    fresh = MultiFidelityAgent(campaign)
    assert ask(used, state) == ask(fresh, state)
    assert isinstance(fresh, Agent)


def test_the_opening_spreads_designs(build: Any, hill: Hill) -> None:
    campaign = build.campaign(sources=ONE)
    agent = MultiFidelityAgent(campaign)
    results: list[tuple[str, Design, float]] = []
    for _ in range(3):
        found = ask(agent, build.state(campaign, results), ["dear"])
        design = found.proposal.design
        results.append(("dear", design, hill(design)))
    points = [(float(d["x"]), float(d["z"])) for _, d, _ in results]
    apart = min(
        abs(a[0] - b[0]) + abs(a[1] - b[1])
        for i, a in enumerate(points)
        for b in points[:i]
    )
    assert apart > 0.3


def test_a_cheap_source_is_sent_ahead(build: Any, hill: Hill) -> None:
    """Fifteen designs by it, where it looks for its best; the dear one runs that."""
    campaign = build.campaign(budget={"EUR": 300})
    agent = MultiFidelityAgent(campaign)
    results: list[tuple[str, Design, float]] = []
    for number in range(15):
        found = ask(agent, build.state(campaign, results))
        assert found.proposal.source == "cheap"
        assert found.decision.agent.endswith("scouting" if number else "opening")
        design = found.proposal.design
        results.append(("cheap", design, hill(design)))
    assert max(hill(d) for _, d, _ in results[3:]) > hill(results[0][1])
    last, *before = reversed(results)
    waiting = build.state(campaign, before[::-1], pending=[last[:2]])
    assert agent.propose(waiting, ["dear", "cheap"], 1) == []
    best = max((d for _, d, _ in results), key=hill)
    found = ask(agent, build.state(campaign, results))
    assert found.proposal.source == "dear"
    assert found.proposal.design == best


def test_a_scout_that_fails_holds_nothing_up(build: Any) -> None:
    campaign = build.campaign(budget={"EUR": 300})
    agent = MultiFidelityAgent(campaign)
    results: list[tuple[str, Design, float | None]] = []
    for _ in range(15):
        found = ask(agent, build.state(campaign, results))
        assert found.proposal.source == "cheap"
        results.append(("cheap", found.proposal.design, None))
    assert ask(agent, build.state(campaign, results)).proposal.source == "dear"


def test_a_source_of_half_the_price_is_not_sent_ahead(build: Any) -> None:
    sources = {**ONE, "cheap": {**ONE["dear"], "cost": {"EUR": 5}}}
    campaign = build.campaign(sources=sources)
    found = ask(MultiFidelityAgent(campaign), build.state(campaign, []))
    assert found.proposal.source == "dear"


def test_it_finds_the_top_of_a_hill(build: Any, hill: Hill) -> None:
    campaign = build.campaign(sources=ONE, budget={"EUR": 150})
    agent = MultiFidelityAgent(campaign)
    results: list[tuple[str, Design, float]] = []
    while found := agent.propose(build.state(campaign, results), ["dear"], 1):
        design = found[0].proposal.design
        results.append(("dear", design, hill(design)))
    assert len(results) == 15
    best = agent.recommend(build.state(campaign, results))
    assert best is not None
    assert hill(best.design) > 0.98
    assert best.low <= hill(best.design) <= best.high


def test_a_pending_trial_is_not_proposed_again(build: Any, hill: Hill) -> None:
    campaign = build.campaign()
    agent = MultiFidelityAgent(campaign)
    results = [("dear", d, hill(d)) for d in spread(8)]
    first = ask(agent, build.state(campaign, results)).proposal
    state = build.state(campaign, results, pending=[(first.source, first.design)])
    second = ask(agent, state).proposal
    assert second.design != first.design
    two = agent.propose(build.state(campaign, results), ["dear", "cheap"], 2)
    assert two[1].proposal.design != two[0].proposal.design
    assert [s.proposal.number for s in two] == [8, 9]


def test_what_was_rejected_is_not_proposed_again(build: Any, hill: Hill) -> None:
    """Not by its source; the other source may still run the design."""
    campaign = build.campaign()
    stock = tuple(Stock(design=d, specimens=2) for d in spread(9))
    results = [("dear", s.design, hill(s.design)) for s in stock[:6]]
    state = build.state(campaign, results).model_copy(update={"stock": stock})
    agent = MultiFidelityAgent(campaign)
    first = ask(agent, state, ["dear"]).proposal
    asked = build.state(campaign, results, pending=[("dear", first.design)])
    *before, trial = asked.trials
    rejected = trial.model_copy(update={"state": TrialState.REJECTED})
    after = state.model_copy(update={"trials": (*before, rejected)})
    second = ask(agent, after, ["dear"]).proposal
    assert (second.source, second.design) != (first.source, first.design)
    assert ask(MultiFidelityAgent(campaign), after, ["dear"]).proposal == second


def test_a_reservation_never_exceeds_what_is_left(build: Any, hill: Hill) -> None:
    campaign = build.campaign(budget={"EUR": 41.5})
    agent = MultiFidelityAgent(campaign)
    results = [("dear", d, hill(d)) for d in spread(3)]
    state = build.state(campaign, results)
    made = agent.propose(state, ["dear", "cheap"], 9)
    assert sum(s.cost["EUR"] for s in made) <= state.accounts["EUR"].left
    assert [s.proposal.source for s in made].count("dear") == 1
    results = [*results, *[("cheap", d, hill(d)) for d in spread(2, 1)]]
    state = build.state(campaign, results)
    assert agent.propose(state, ["dear", "cheap"]) == [], "9.5 EUR are left, not 10"


def test_what_failed_is_avoided(build: Any, hill: Hill) -> None:
    campaign = build.campaign(sources=ONE)
    agent = MultiFidelityAgent(campaign)
    results = [("dear", d, hill(d)) for d in spread(6)]
    wanted = ask(agent, build.state(campaign, results)).proposal.design
    failed = [*results, *[("dear", wanted, None)] * 2]
    terms = ask(agent, build.state(campaign, failed))
    design = terms.proposal.design
    far = abs(float(design["x"]) - float(wanted["x"])) + abs(
        float(design["z"]) - float(wanted["z"])
    )
    assert far > 0.05
    assert terms.decision.terms["p_success"].value < 1.0


def cheap_source(kind: str, hill: Hill, seed: int) -> Hill:
    """A cheap source that is a little off, turned round, or nothing but noise."""
    rng = random.Random(seed)
    kinds: dict[str, Hill] = {
        "good": lambda d: hill(d) + 0.05,
        "opposite": lambda d: hill({k: 1 - float(v) for k, v in d.items()}),
        "noise": lambda d: rng.gauss(0, 1),
    }
    return kinds[kind]


@pytest.mark.parametrize("kind", ["good", "opposite", "noise"])
def test_the_guard_proves_a_good_source_and_no_misleading_one(
    build: Any, hill: Hill, kind: str
) -> None:
    """5 seeds; an unproven source leaves the target's model as if it did not exist."""
    for seed in range(5):
        cheap = cheap_source(kind, hill, seed)
        designs = spread(12, seed)
        dear: list[Any] = [("dear", d, hill(d)) for d in designs[:6]]
        campaign = build.campaign(seed=seed)
        results = dear + [("cheap", d, cheap(d)) for d in designs]
        guard = fit(believe(build.state(campaign, results)))
        relation = float(guard.model.average(guard.model.h.relation[:, 1]))
        if kind == "good":
            assert guard.is_proven
            assert relation > 0.3
        if kind == "noise":
            assert not guard.is_proven


def test_a_refuted_source_is_as_if_it_did_not_exist(build: Any, hill: Hill) -> None:
    """Of 10 seeds of noise some are refuted; of these the target's model is its own."""
    refuted = 0
    for seed in range(10):
        noise = cheap_source("noise", hill, seed)
        designs = spread(12, seed)
        dear: list[Any] = [("dear", d, hill(d)) for d in designs[:8]]
        campaign = build.campaign(seed=seed)
        results = dear + [("cheap", d, noise(d)) for d in designs]
        guard = fit(believe(build.state(campaign, results)))
        if not guard.is_refuted:
            continue
        refuted += 1
        alone = fit(believe(build.state(campaign, dear)))
        at = latent(torch.rand(9, 2, dtype=torch.float64), 0)
        own = alone.model.average(alone.model.mean(at))
        seen = guard.model.average(guard.model.mean(at))
        spread_of = alone.model.average(alone.model.variance(at)).sqrt()
        assert float(((seen - own).abs() / spread_of).max()) < 0.1
    assert refuted > 0


@pytest.mark.parametrize("n_cheap", [12, 0])
@pytest.mark.parametrize(("left", "is_on"), [(11, True), (10.5, False)])
def test_no_cheap_run_when_none_of_the_target_can_follow(
    build: Any, hill: Hill, n_cheap: int, left: float, is_on: bool
) -> None:
    """Dear is 10 EUR and cheap is 1: what cheap would tell could be of no use."""
    results: list[Any] = [("dear", d, hill(d)) for d in spread(6)]
    results += [("cheap", d, hill(d) + 0.05) for d in spread(n_cheap)]
    campaign = build.campaign(budget={"EUR": 60 + n_cheap + left})
    state = build.state(campaign, results)
    assert state.accounts["EUR"].left == pytest.approx(left)
    found = [
        s.proposal.source
        for s in MultiFidelityAgent(campaign).propose(state, ["dear", "cheap"], 4)
    ]
    assert ("cheap" in found) <= is_on
    assert found.count("dear") == 1


def test_a_model_is_not_asked_twice_in_one_go(build: Any, hill: Hill) -> None:
    """What was just suggested is on its way, of the version that will answer it."""
    results: list[Any] = [("dear", d, hill(d)) for d in spread(6)]
    results += [("cheap", d, hill(d) + 0.05) for d in spread(12)]
    campaign = build.campaign(budget={"EUR": 150})
    plain = build.state(campaign, results)
    trials = tuple(
        t.model_copy(update={"proposal": t.proposal.model_copy(update={"model": "v1"})})
        if t.proposal.source == "cheap"
        else t
        for t in plain.trials
    )
    state = plain.model_copy(update={"trials": trials, "versions": {"cheap": "v1"}})
    made = [
        [(s.proposal.source, s.proposal.design) for s in found]
        for one in (plain, state)
        for found in [MultiFidelityAgent(campaign).propose(one, ["cheap"], 3)]
    ]
    assert len(made[0]) == 3
    assert made[0] == made[1]


def test_an_unproven_source_of_the_same_purse_has_a_limit(
    build: Any, hill: Hill
) -> None:
    campaign = build.campaign()
    agent = MultiFidelityAgent(campaign, guard_share=0.02)
    results = [("dear", d, hill(d)) for d in spread(3)]
    results += [("cheap", d, hill(d)) for d in spread(15, 1)]
    found = ask(agent, build.state(campaign, results))
    assert found.proposal.source == "dear"


def test_an_unproven_source_is_put_to_the_proof_where_the_target_was_run(
    build: Any, hill: Hill
) -> None:
    campaign = build.campaign()
    agent = MultiFidelityAgent(campaign)
    dear: list[Any] = [("dear", d, hill(d)) for d in spread(4)]
    results = list(dear)
    for _ in dear:
        found = ask(agent, build.state(campaign, results))
        assert found.proposal.source == "cheap"
        assert "proof" in found.decision.agent
        design = found.proposal.design
        results.append(("cheap", design, hill(design)))
    pairs = sorted(str(d) for s, d, _ in results if s == "cheap")
    assert pairs == sorted(str(d) for _, d, _ in dear)
    assert fit(believe(build.state(campaign, results))).log_odds > 0


def test_the_explanation_is_what_decided(build: Any, hill: Hill) -> None:
    """Made dearer by more than the stated factor, the winner loses."""
    campaign = build.campaign()
    results = [("dear", d, hill(d)) for d in spread(6)]
    results += [("cheap", d, hill(d)) for d in spread(6)]
    found = ask(MultiFidelityAgent(campaign), build.state(campaign, results))
    decision = found.decision
    terms = {name: term.value for name, term in decision.terms.items()}
    assert terms["gain"] > 0
    assert terms["sd_epistemic"] > 0
    winner = found.proposal.source
    others = [r for r in decision.runner_ups if r.source != winner]
    assert decision.score >= max(r.score for r in decision.runner_ups)
    assert "would have won" in decision.flips
    if others:
        factor = 1.1 * decision.score / others[0].score
        dearer = _dearer(campaign, winner, factor)
        again = ask(MultiFidelityAgent(dearer), build.state(dearer, results))
        assert again.proposal.source != winner


def _dearer(campaign: Campaign, name: str, factor: float) -> Campaign:
    source = campaign.sources[name]
    cost = {c: amount * factor for c, amount in source.cost.items()}
    sources = {**campaign.sources, name: source.model_copy(update={"cost": cost})}
    return campaign.model_copy(update={"sources": sources})


def test_sources_that_share_a_currency_share_a_purse(build: Any) -> None:
    sources = {
        "dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}},
        "cheap": {"simulator": "s", "observes": ["y"], "cost": {"core_second": 1}},
        "both": {
            "simulator": "s",
            "observes": ["y"],
            "cost": {"EUR": 1, "specimen": 1},
        },
    }
    campaign = build.campaign(
        sources=sources, budget={"EUR": 300, "core_second": 9, "specimen": 2}
    )
    assert sorted(map(sorted, purses(campaign))) == [["both", "dear"], ["cheap"]]


def test_a_minimum_is_found_too(build: Any, hill: Hill) -> None:
    campaign = build.campaign(
        objective={"observable": "y", "source": "dear", "goal": "minimize"}
    )
    top: Design = {"x": 0.7, "z": 0.3}
    results = [("dear", d, -hill(d)) for d in [*spread(10), top]]
    best = MultiFidelityAgent(campaign).recommend(build.state(campaign, results))
    assert best is not None
    assert best.design == {"x": 0.7, "z": 0.3}
    assert best.low < best.mean < best.high


def test_choices_are_searched(build: Any, hill: Hill) -> None:
    campaign = build.campaign(
        parameters={"x": {"low": 0, "high": 1}, "z": {"choices": ["a", "b", "c"]}}
    )
    agent = MultiFidelityAgent(campaign)
    level = {"a": 0.0, "b": 1.0, "c": 0.5}
    rng = random.Random(0)
    results = []
    for _ in range(12):
        design: Design = {"x": rng.random(), "z": rng.choice(["a", "b", "c"])}
        value = level[str(design["z"])] - (float(design["x"]) - 0.4) ** 2
        results.append(("dear", design, value))
    best = agent.recommend(build.state(campaign, results))
    assert best is not None
    assert best.design["z"] == "b"


def test_random_search_stays_within_the_budget(build: Any, hill: Hill) -> None:
    campaign = build.campaign(budget={"EUR": 25})
    agent = RandomAgent(campaign)
    found = agent.propose(build.state(campaign, []), ["dear"], 5)
    assert len(found) == 2
    assert isinstance(agent, Agent)
    assert agent.recommend(build.state(campaign, [])) is None
