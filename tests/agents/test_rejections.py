"""What people turn down, and what the agent makes of it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from bigloop.agents import MultiFidelityAgent, RandomAgent
from bigloop.agents.actions import Action, Free, continued
from bigloop.agents.failures import RANGE, failures
from bigloop.contracts import (
    Because,
    Campaign,
    CampaignState,
    Design,
    Limit,
    Stock,
    TrialState,
    key_of,
)

Hill = Callable[[Design], float]
HERE: Design = {"x": 0.5, "z": 0.5}
ONE = {"dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}}}
BENCHES = {
    "dear": {"lab": "table", "observes": ["y"], "cost": {"EUR": 10}},
    "other": {"lab": "table", "observes": ["y"], "cost": {"EUR": 9}},
    "model": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 5}},
}


def spread(n: int, seed: int = 0) -> list[Design]:
    rng = random.Random(seed)
    return [{"x": rng.random(), "z": rng.random()} for _ in range(n)]


def rejected(
    state: CampaignState,
    design: Design,
    because: Because,
    source: str = "dear",
    build: Any = None,
) -> CampaignState:
    """The state in which one more trial has been rejected by a person."""
    asked = build.state(state.campaign, [], pending=[(source, design)]).trials[0]
    number = {"number": len(state.trials)}
    proposal = asked.proposal.model_copy(update=number)
    change = {
        "id": proposal.id,
        "proposal": proposal,
        "state": TrialState.REJECTED,
        "because": because,
    }
    trial = asked.model_copy(update=change)
    return state.model_copy(update={"trials": (*state.trials, trial)})


@pytest.mark.parametrize("distance", [0.0, 0.1, 0.2, 0.45])
def test_a_neighbourhood_loses_what_the_formula_says(
    build: Any, hill: Hill, distance: float
) -> None:
    """One failure, one success and one rejection, each weighed by its distance."""
    good: Design = {"x": 0.5, "z": 0.9}
    bad: Design = {"x": 0.1, "z": 0.5}
    campaign = build.campaign(sources=ONE)
    state = build.state(campaign, [("dear", good, 1.0), ("dear", bad, None)])
    state = rejected(state, HERE, Because.DESIGN, build=build)
    at: Design = {"x": 0.5 + distance, "z": 0.5}
    odds = failures(state).odds(Action(source="dear", design=at))
    weight = {
        name: math.exp(
            -0.5
            * ((float(d["x"]) - float(at["x"])) ** 2 + (float(d["z"]) - 0.5) ** 2)
            / RANGE**2
        )
        for name, d in (("good", good), ("bad", bad), ("no", HERE))
    }
    total = 1 + sum(weight.values())
    assert odds.rejections == pytest.approx(weight["no"] / total)
    assert odds.failures == pytest.approx(weight["bad"] / total)
    assert odds.p_success == pytest.approx(1 - (weight["no"] + weight["bad"]) / total)
    assert odds.n_rejections == (int(distance <= 0.3), 1)
    if distance > 0.3:
        assert odds.p_success > 0.98


def test_the_score_falls_by_it_and_a_far_design_wins(build: Any, hill: Hill) -> None:
    """The same model, gains and costs: the label alone changes the scores."""
    campaign = build.campaign(sources=ONE)
    results = [("dear", d, hill(d)) for d in spread(6)]
    before = build.state(campaign, results)
    agent = MultiFidelityAgent(campaign)
    (first,) = agent.propose(before, ["dear"], 1)
    near = dict(first.proposal.design)
    near["x"] = min(max(float(near["x"]) + 0.02, 0.0), 1.0)
    edge = 0.0 if float(near["x"]) > 0.5 else 1.0
    proposals = [
        first.proposal.model_copy(update={"design": d})
        for d in (near, {"x": edge, "z": 1 - float(near["z"])})
    ]
    after = rejected(before, first.proposal.design, Because.DESIGN, build=build)
    old = agent.appraise(before, proposals)
    new = agent.appraise(after, proposals)
    for was, now, design in zip(old, new, (near, proposals[1].design), strict=True):
        assert was is not None
        assert now is not None
        p = failures(after).odds(Action(source="dear", design=design)).p_success
        assert was.terms["p_success"].value == 1.0
        assert now.terms["p_success"].value == p
    assert new[0] is not None
    assert new[0].terms["p_success"].value < 0.6
    assert (
        new[0].terms["p_lost_to_rejections"].note.startswith("of p_success, by 1 rej")
    )
    assert new[1] is not None
    assert new[1].terms["p_success"].value > 0.95
    (second,) = agent.propose(after, ["dear"], 1)
    terms = second.decision.terms
    lost = terms["p_lost_to_rejections"]
    assert terms["p_success"].value + lost.value == pytest.approx(1)
    assert lost.note.endswith("of 1 in all")


def test_once_says_nothing_of_neighbours(build: Any, hill: Hill) -> None:
    campaign = build.campaign(sources=ONE)
    state = build.state(campaign, [("dear", d, hill(d)) for d in spread(6)])
    state = rejected(state, HERE, Because.ONCE, build=build)
    assert failures(state).odds(Action(source="dear", design=HERE)).p_success == 1.0
    assert not Free(state, None).has("dear", key_of(HERE))


@pytest.mark.parametrize(
    ("where", "concerned"),
    [("dear", {"dear", "other"}), ("model", {"model"})],
)
def test_benches_share_a_no_and_simulators_keep_theirs(
    build: Any, where: str, concerned: set[str]
) -> None:
    campaign = build.campaign(sources=BENCHES)
    state = build.state(campaign, [])
    state = rejected(state, HERE, Because.DESIGN, where, build=build)
    free, labels = Free(state, None), failures(state)
    for name in BENCHES:
        odds = labels.odds(Action(source=name, design=HERE))
        assert (odds.p_success < 1.0) == (name in concerned)
        assert free.has(name, key_of(HERE)) == (name not in concerned)


def edited(state: CampaignState, design: Design, build: Any) -> CampaignState:
    """The state in which a person gave its last trial another design."""
    *before, old = state.trials
    new = old.proposal.model_copy(
        update={"design": design, "number": len(state.trials), "replaces": old.id}
    )
    gone = old.model_copy(update={"state": TrialState.CANCELLED})
    trial = old.model_copy(update={"id": new.id, "proposal": new})
    return state.model_copy(update={"trials": (*before, gone, trial)})


def test_what_was_edited_away_counts_as_rejected_once(build: Any, hill: Hill) -> None:
    """Not proposed again, and no label; an edit of the age leaves the design free."""
    campaign: Campaign = build.campaign(sources=BENCHES)
    stock = tuple(Stock(design=d, specimens=2) for d in (HERE, *spread(8)))
    results = [("dear", s.design, hill(s.design)) for s in stock[1:6]]
    asked = build.state(campaign, results, pending=[("dear", HERE)])
    fresh = {key_of(s.design): s.specimens for s in stock}
    other = edited(asked, stock[7].design, build)
    assert not Free(other, fresh).has("dear", key_of(HERE))
    assert failures(other).odds(Action(source="dear", design=HERE)).p_success == 1.0
    same = edited(asked, HERE, build)
    assert Free(same, fresh).has("dear", key_of(HERE))


def bounded(campaign: Campaign, state: CampaignState | None = None) -> Any:
    """A campaign, or the state in it, once `x <= 0.4` has been set."""
    limit = Limit(expression="x", at_most=0.4, trial="t", by="ada", description="hot")
    spec = campaign.model_copy(update={"limits": {"limit_0": limit}})
    return spec if state is None else state.model_copy(update={"campaign": spec})


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("make", [MultiFidelityAgent, RandomAgent])
def test_no_proposal_breaks_a_limit(
    build: Any, hill: Hill, listed: bool, make: Any
) -> None:
    """The hill's top is beyond it; opening, scouting and model, space and stock.

    The agent was made before the limit was set, as that of a loop that runs.
    """
    campaign = build.campaign()
    agent = make(campaign)
    stock = tuple(Stock(design=d, specimens=1) for d in spread(80))
    results: list[Any] = [("cheap", {"x": 0.7, "z": 0.3}, 1.0)]
    n = 0
    while n < 16:
        state = bounded(campaign, build.state(campaign, results))
        if listed:
            state = state.model_copy(update={"stock": stock})
        found = agent.propose(state, ["dear", "cheap"], 1)
        if not found:
            break
        proposal = found[0].proposal
        assert float(proposal.design["x"]) <= 0.4 + 1e-9
        results.append((proposal.source, proposal.design, hill(proposal.design)))
        n += 1
    assert n == 16
    best = agent.recommend(bounded(campaign, build.state(campaign, results)))
    assert best is not None
    assert float(best.design["x"]) <= 0.4 + 1e-9


def test_where_a_limit_leaves_nothing_the_agent_waits(build: Any, hill: Hill) -> None:
    campaign = build.campaign()
    far: list[Design] = [{"x": 0.9, "z": k / 10} for k in range(8)]
    stock = tuple(Stock(design=d, specimens=1) for d in far)
    state = build.state(campaign, [("dear", d, hill(d)) for d in far[:6]])
    state = bounded(campaign, state).model_copy(update={"stock": stock})
    agent = MultiFidelityAgent(campaign)
    assert agent.propose(state, ["dear", "cheap"], 1) == []
    assert agent.recommend(state) is None


def test_a_living_specimen_beyond_a_limit_is_not_gone_on_with(build: Any) -> None:
    bench = {"lab": "table", "observes": ["y"], "cost_per_age": {"EUR": 1}}
    campaign = build.campaign(sources={"dear": {**bench, "longest_age": 50}})
    state = build.state(campaign, [])
    trials = [alive(build, campaign, n, x) for n, x in enumerate((0.2, 0.8))]
    change = {"trials": tuple(trials), "seen": tuple(t.id for t in trials)}
    state = state.model_copy(update=change)
    assert len(continued(state)) == 2
    (left,) = continued(bounded(campaign, state))
    assert left.design["x"] == 0.2
    assert continued(rejected(state, left.design, Because.DESIGN, build=build)) == [
        a for a in continued(state) if a.design != left.design
    ]


def alive(build: Any, campaign: Campaign, number: int, x: float) -> Any:
    """A trial whose specimen has been stopped at age 10 and can go on."""
    trial = build.ended(campaign, number, "dear", {"x": x, "z": 0.5})
    going = {"ended": False, "age": 10.0, "specimen": f"s{number}"}
    return trial.model_copy(update={"outcome": trial.outcome.model_copy(update=going)})
