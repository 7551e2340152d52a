from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bigloop.agents import MultiFidelityAgent, RandomAgent
from bigloop.contracts import (
    Agent,
    CampaignState,
    Design,
    Recommendation,
    Suggestion,
)
from bigloop.contracts.dominance import hypervolume


def truth(d: Design) -> Mapping[str, float]:
    x, z = float(d["x"]), float(d["z"])
    return {
        "y": 1 - 3 * ((x - 0.7) ** 2 + (z - 0.3) ** 2),
        "w": 5 + 4 * ((x - 0.2) ** 2 + (z - 0.6) ** 2),
    }


def ask(state: CampaignState) -> Suggestion:
    agent = MultiFidelityAgent(state.campaign)
    (found,) = agent.propose(state, list(state.campaign.sources), 1)
    return found


def volume(state: CampaignState) -> float:
    points = []
    for trial in state.trials:
        found = truth(trial.proposal.design)
        points.append((found["y"], -found["w"]))
    return hypervolume(points, (-0.5, -6.5))


def best_volume() -> float:
    """By the line between hill and bowl, on which the front of circles lies."""
    line = [i / 2000 for i in range(2001)]
    designs: list[Design] = [{"x": 0.7 - 0.5 * s, "z": 0.3 + 0.3 * s} for s in line]
    found = [truth(d) for d in designs]
    return hypervolume([(v["y"], -v["w"]) for v in found], (-0.5, -6.5))


def test_it_is_a_pure_function_of_the_state(both: Any) -> None:
    state = both.state(both.front(), both.spread(6), pending=both.spread(1, seed=3))
    used = MultiFidelityAgent(state.campaign)
    used.propose(both.state(both.front(), both.spread(3)), ["dear"])
    (again,) = used.propose(state, ["dear"])
    assert again == ask(state)
    assert isinstance(used, Agent)


def test_two_objectives_fill_the_front(both: Any) -> None:
    """Twenty designs gain what three times as many random ones do not."""
    state, made = both.run(both.front(), 20)
    drawn = [volume(both.state(both.front(), both.spread(60, seed))) for seed in (0, 1)]
    assert volume(state) > max(drawn)
    assert volume(state) > 0.9 * best_volume()
    assert "hypervolume" in made[-1].decision.agent


def test_the_recommendation_is_what_none_beats(both: Any) -> None:
    campaign = both.front()
    state = both.state(campaign, both.spread(12))
    best = MultiFidelityAgent(campaign).recommend(state)
    assert best is not None
    shown = [[e.mean for e in c.expected] for c in best.front]
    for i, (y, w) in enumerate(shown):
        assert not any(b[0] >= y and b[1] <= w for j, b in enumerate(shown) if j != i)
    (chosen,) = [c for c in best.front if c.is_compromise]
    assert chosen.design == best.design
    assert set(best.reference) == {"y", "w"}
    assert best.hypervolume is not None
    assert [e.observable for e in chosen.expected] == ["y", "w"]
    for e in chosen.expected:
        assert e.low <= e.mean <= e.high


def test_scales_and_units_decide_nothing(both: Any) -> None:
    """A gram told as a thousand milligrams, and volts shifted: the same designs."""

    def scaled(d: Design) -> Mapping[str, float]:
        return {"y": truth(d)["y"] + 40, "w": 1000 * truth(d)["w"]}

    plain = both.state(both.front(), both.spread(8))
    other = both.state(both.front(), both.spread(8), truth=scaled)
    a, b = ask(plain).proposal.design, ask(other).proposal.design
    assert a == pytest.approx(b, abs=1e-6)


def test_a_stated_reference_bounds_the_search(both: Any) -> None:
    """Below y = 0.9 nothing is gained, so more designs are better than that."""
    goals = both.front().model_dump()["objectives"]
    goals[0]["reference"] = 0.9
    _, made = both.run(both.campaign(objectives=goals), 14)
    _, free = both.run(both.front(), 14)
    good, usual = (
        sum(truth(s.proposal.design)["y"] >= 0.9 for s in found)
        for found in (made, free)
    )
    assert good > usual
    terms = made[-1].decision.terms
    assert terms["reference_y"].value == pytest.approx(0.9)
    assert "stated" in terms["reference_y"].note
    assert "inferred" in terms["reference_w"].note


def test_a_requirement_moves_the_best(both: Any) -> None:
    """The best with w of at most 5.5 lies on the circle around the bowl."""
    campaign = both.bounded({"at_most": 5.5})
    state, _ = both.run(campaign, 18)
    best = MultiFidelityAgent(campaign).recommend(state)
    assert best is not None
    found = truth(best.design)
    assert found["w"] <= 5.5
    radius, apart = (0.5 / 4) ** 0.5, (0.5**2 + 0.3**2) ** 0.5
    optimum = 1 - 3 * (apart - radius) ** 2
    assert found["y"] > optimum - 0.05
    assert best.p_feasible >= 0.9
    (kept,) = best.requirements
    assert kept.observable == "w"
    assert kept.bound == "w <= 5.5 gram"


def test_units_of_a_bound_are_converted(both: Any) -> None:
    states = [
        both.state(both.bounded(bound), both.spread(8))
        for bound in ({"at_most": 5.5}, {"at_most": 5500, "unit": "milligram"})
    ]
    a, b = (ask(state) for state in states)
    assert a.proposal == b.proposal


def test_nothing_feasible_is_said_and_searched_for(both: Any) -> None:
    campaign = both.bounded({"at_most": 5.02})
    results = [("dear", {"x": 0.9, "z": 0.1 * i}) for i in range(5)]
    state = both.state(campaign, results)
    agent = MultiFidelityAgent(campaign)
    assert agent.recommend(state) is None
    found = ask(state)
    assert "search for a feasible design" in found.decision.agent
    assert found.decision.terms["score"].note.startswith("p_found")
    assert "gain" not in found.decision.terms
    after, _ = both.run(campaign, 20)
    best = agent.recommend(after)
    assert best is not None
    assert truth(best.design)["w"] <= 5.02


def test_what_breaks_a_requirement_is_never_recommended(both: Any) -> None:
    campaign = both.bounded({"at_most": 5.5})
    results = [("dear", {"x": 0.7, "z": 0.3}), *both.spread(9)]
    best = MultiFidelityAgent(campaign).recommend(both.state(campaign, results))
    assert best is None or truth(best.design)["w"] <= 5.5


def test_a_requirement_on_the_objective_itself(both: Any) -> None:
    campaign = both.campaign(
        objective={"observable": "w", "goal": "minimize", "source": "dear"},
        requirements={"w": {"at_least": 5.4}},
    )
    state, _ = both.run(campaign, 12)
    best = MultiFidelityAgent(campaign).recommend(state)
    assert best is not None
    assert 5.4 <= truth(best.design)["w"] < 5.6


def test_what_is_on_its_way_is_not_asked_for_again(both: Any) -> None:
    campaign = both.front()
    results = both.spread(8)
    first = ask(both.state(campaign, results))
    pending = [("dear", first.proposal.design)]
    second = ask(both.state(campaign, results, pending=pending))
    apart = sum(
        abs(float(first.proposal.design[k]) - float(second.proposal.design[k]))
        for k in ("x", "z")
    )
    assert apart > 0.02


CHEAP = {
    "dear": {"simulator": "s", "observes": ["y", "w"], "cost": {"EUR": 10}},
    "cheap": {"simulator": "t", "observes": ["y", "w"], "cost": {"EUR": 1}},
}


def test_a_proven_cheap_source_is_used_and_explained(both: Any) -> None:
    campaign = both.front(sources=CHEAP)
    results = both.spread(6) + [("cheap", d) for _, d in both.spread(6)]
    state = both.state(campaign, results)
    found = ask(state)
    terms = found.decision.terms
    assert found.proposal.source == "cheap"
    assert terms["guard_log_odds_y"].value > 3
    assert terms["guard_log_odds_w"].value > 3


@pytest.mark.parametrize("n_cheap", [6, 0])
@pytest.mark.parametrize(("left", "is_on"), [(11, True), (10.5, False)])
def test_no_cheap_run_when_none_of_the_target_can_follow(
    both: Any, n_cheap: int, left: float, is_on: bool
) -> None:
    """Neither for what it would tell nor as a proof: nobody could act on it."""
    results = both.spread(6) + [("cheap", d) for _, d in both.spread(n_cheap)]
    campaign = both.front(sources=CHEAP, budget={"EUR": 60 + n_cheap + left})
    state = both.state(campaign, results)
    assert state.accounts["EUR"].left == pytest.approx(left)
    made = MultiFidelityAgent(campaign).propose(state, ["dear", "cheap"], 4)
    found = [s.proposal.source for s in made]
    assert ("cheap" in found) <= is_on
    assert found.count("dear") == 1


def test_a_misleading_source_is_not_used(both: Any) -> None:
    campaign = both.front(sources=CHEAP)
    paired = both.spread(6)
    state = both.state(campaign, paired)
    (proof,) = MultiFidelityAgent(campaign).propose(state, ["dear", "cheap"])
    assert "proof" in proof.decision.agent
    results = paired + [("cheap", d) for _, d in paired]
    lies = iter([0.3, -1.2, 0.9, -0.1, 1.4, -0.7] * 4)

    honest = both.state(campaign, results)
    values = [
        o.model_copy(update={"value": next(lies)}) if o.source == "cheap" else o
        for o in honest.observations
    ]
    state = honest.model_copy(update={"observations": tuple(values)})
    assert ask(state).proposal.source == "dear"


def test_random_search_recommends_likewise(both: Any) -> None:
    campaign = both.front()
    state = both.state(campaign, both.spread(8))
    ours = MultiFidelityAgent(campaign).recommend(state)
    theirs = RandomAgent(campaign).recommend(state)
    assert ours is not None
    assert theirs is not None
    assert _rounded(ours) == _rounded(theirs)


def _rounded(found: Recommendation) -> Any:
    """To 12 digits: on some processors a sum ends in other bits the second time."""
    return json.loads(
        found.model_dump_json(), parse_float=lambda text: f"{float(text):.12g}"
    )
