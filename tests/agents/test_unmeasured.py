from __future__ import annotations

from typing import Any

import pytest

from bigloop.agents import MultiFidelityAgent
from bigloop.agents.actions import Free
from bigloop.agents.belief import believe
from bigloop.agents.judge import Judge
from bigloop.agents.opening import opening
from bigloop.agents.pool import anywhere
from bigloop.agents.unmeasured import by_prior, is_unmeasured


def test_the_first_action_is_the_one_that_a_model_would_give(build: Any) -> None:
    """Of what to expect nothing is said, since no scale is known."""
    campaign = build.campaign()
    state = build.state(campaign, [])
    belief, left = believe(state), {"EUR": 300.0}
    assert is_unmeasured(state, belief)
    first = opening(state, anywhere(state), Free(state, None))
    assert first
    (said,) = by_prior(state, first, left)
    (valued,) = Judge(campaign, 0.1).opening(state, belief, first, left).ranked
    for name in ("action", "until_age", "reserve", "expected", "share", "p_success"):
        assert getattr(said, name) == getattr(valued, name)
    assert said.gain == pytest.approx(valued.gain, abs=1e-12)
    assert by_prior(state, first, {"EUR": 0.5}) == []
    (suggestion,) = MultiFidelityAgent(campaign).propose(state, ["cheap"])
    assert not {"mean", "sd_epistemic", "sd_aleatoric"} & set(suggestion.decision.terms)


@pytest.mark.parametrize("value", [0.4, None])
def test_a_result_or_a_failure_asks_for_a_model(build: Any, value: float) -> None:
    here = {"x": 0.2, "z": 0.3}
    campaign = build.campaign()
    for state in (
        build.state(campaign, [("dear", here, value)]),
        build.state(campaign, [], pending=[("dear", here)]),
    ):
        assert not is_unmeasured(state, believe(state))


def test_the_opening_waits_for_its_source(build: Any) -> None:
    """Scouts come first; the target, though it is free, has to wait for them."""
    campaign = build.campaign()
    agent = MultiFidelityAgent(campaign)
    assert agent.propose(build.state(campaign, []), ["dear"]) == []
