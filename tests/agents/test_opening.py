from __future__ import annotations

from typing import Any

import pytest

from bigloop.agents.belief import believe
from bigloop.agents.guard import fit
from bigloop.agents.multi_fidelity import MultiFidelityAgent
from bigloop.agents.scouting import n_scouts


@pytest.mark.parametrize(
    ("budget", "n"), [(1000, 30), (600, 30), (160, 8), (100, 5), (80, 0)]
)
def test_scouting_leaves_most_of_the_budget(build: Any, budget: int, n: int) -> None:
    """Two parameters, 1 EUR a run: thirty designs, if a twentieth pays for them."""
    campaign = build.campaign(budget={"EUR": budget})
    assert n_scouts(campaign, "cheap") == n


def test_the_first_designs_stand_for_the_space_until_a_result_is_back(
    build: Any,
) -> None:
    sources = {"dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}}}
    campaign = build.campaign(sources=sources)
    agent = MultiFidelityAgent(campaign)
    (first,) = agent.propose(build.state(campaign, []), ["dear"])
    assert first.proposal.design == {
        name: pytest.approx(0.5, abs=0.15) for name in ("x", "z")
    }
    here = first.proposal.design
    waiting = build.state(campaign, [], pending=[("dear", here)])
    (second,) = agent.propose(waiting, ["dear"])
    assert second.decision.agent.endswith("opening")
    assert second.proposal.design != here
    for value in (0.4, None):
        back = build.state(campaign, [("dear", here, value)])
        (third,) = agent.propose(back, ["dear"])
        assert third.decision.agent.endswith("knowledge gradient")
        assert third.proposal.design != here


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e9])
def test_the_unit_of_the_values_changes_no_decision(build: Any, factor: float) -> None:
    """Also with two results, from which there is little to tell a scale by."""
    sources = {"dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}}}
    campaign = build.campaign(sources=sources)
    results = [("dear", {"x": 0.5, "z": 0.5}, 0.2), ("dear", {"x": 0.9, "z": 0.2}, 0.5)]
    scaled = [(source, design, value * factor) for source, design, value in results]
    agent = MultiFidelityAgent(campaign)
    plain = agent.propose(build.state(campaign, results), ["dear"])[0].proposal
    other = agent.propose(build.state(campaign, scaled), ["dear"])[0].proposal
    assert other.design == {
        name: pytest.approx(value, abs=1e-6) for name, value in plain.design.items()
    }


def test_two_pairs_prove_nothing_even_of_a_source_that_fits_them(build: Any) -> None:
    """Noise that went along twice was taken for a proof once."""
    campaign = build.campaign()
    low, high = {"x": 0.1, "z": 0.1}, {"x": 0.9, "z": 0.8}
    cheap = [
        ("cheap", low, 0.0),
        ("cheap", high, 1.0),
        ("cheap", {"x": 0.5, "z": 0.5}, 0.2),
    ]
    results = [*cheap, ("dear", low, 0.0), ("dear", high, 1.0)]
    guard = fit(believe(build.state(campaign, results)))
    assert not guard.is_proven
    assert not guard.is_refuted
