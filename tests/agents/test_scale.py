"""What is stated while few results tell how much the objective varies."""

from __future__ import annotations

from typing import Any

import pytest

from bigloop.agents import MultiFidelityAgent
from bigloop.agents.belief import believe
from bigloop.contracts import Recommendation

ONE = {"dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}}}
HERE = {"x": 0.2, "z": 0.3}


def advice(build: Any, values: list[float], unit: float = 1.0) -> Recommendation:
    campaign = build.campaign(sources=ONE)
    places = ({"x": 0.1 + 0.2 * k, "z": 0.9 - 0.2 * k} for k in range(len(values)))
    results = [("dear", d, unit * v) for d, v in zip(places, values, strict=True)]
    found = MultiFidelityAgent(campaign).recommend(build.state(campaign, results))
    assert found is not None
    return found


@pytest.mark.parametrize("values", [[3.0], [3.0, 4.0], [3.0, 3.0, 3.0]])
def test_an_interval_follows_a_change_of_unit(build: Any, values: list[float]) -> None:
    """Also of one value or of equal ones, which tell no scale."""
    volts, millivolts = advice(build, values), advice(build, values, 1000.0)
    assert volts.low < volts.mean < volts.high
    for name in ("low", "mean", "high", "sd_epistemic", "sd_aleatoric"):
        assert getattr(millivolts, name) == pytest.approx(1000 * getattr(volts, name))


def test_one_value_tells_next_to_nothing_of_what_may_come(build: Any) -> None:
    """As much as the value itself is not ruled out."""
    campaign = build.campaign(sources=ONE)
    state = build.state(campaign, [("dear", HERE, 3.0)])
    (found,) = MultiFidelityAgent(campaign).propose(state, ["dear"])
    assert found.decision.terms["sd_epistemic"].value > 3.0


def test_a_cheap_source_tells_the_scale_of_a_single_value(build: Any) -> None:
    """Where the same observable varies by 0.01 elsewhere, 3 V is no measure of it."""
    campaign = build.campaign()
    cheap = [("cheap", {"x": k / 9, "z": 0.5}, 3 + 0.01 * (-1) ** k) for k in range(8)]
    belief = believe(build.state(campaign, [*cheap, ("dear", HERE, 3.0)]))
    assert belief.scale[0] == pytest.approx(0.01, rel=0.2)
