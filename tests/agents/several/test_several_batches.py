"""Batches where several observables decide: each output has shifts of its own."""

from __future__ import annotations

from typing import Any

import pytest

from bigloop.agents import MultiFidelityAgent
from bigloop.agents.belief import believe
from bigloop.agents.several.outputs import outputs
from bigloop.contracts import CampaignState, Proposal, Stock


def shifted(both: Any, batches: list[str | None]) -> CampaignState:
    """Where `y` alone has 0.8 more in batch `b`, and `w` is as it is."""
    designs = both.spread(len(batches))
    state: CampaignState = both.state(both.front(), designs)
    named = []
    for o in state.observations:
        number = designs.index(("dear", dict(o.design)))
        batch = batches[number]
        more = 0.8 * (batch == "b") * (o.observable == "y")
        change = {"batch": batch, "specimen": f"s{number}", "value": o.value + more}
        named.append(o.model_copy(update=change))
    return state.model_copy(update={"observations": tuple(named)})


def test_every_output_says_what_batches_share(both: Any) -> None:
    state = shifted(both, ["a", "b"] * 6)
    agent = MultiFidelityAgent(state.campaign)
    (found,) = agent.propose(state, ["dear"])
    terms = found.decision.terms
    assert terms["sd_batch_y"].value > terms["sd_batch_w"].value > 0
    assert terms["sd_aleatoric_y"].value > terms["sd_batch_y"].value
    best = agent.recommend(state)
    assert best is not None
    assert len(best.front) > 1


@pytest.mark.parametrize("name", [None, "a"])
def test_one_batch_changes_nothing(both: Any, name: str | None) -> None:
    state = shifted(both, [name] * 7)
    for output in outputs(state.campaign):
        assert not believe(output.of(state)).batches.channels
    plain = shifted(both, [None] * 7)
    found, same = (
        MultiFidelityAgent(s.campaign).propose(s, ["dear"]) for s in (state, plain)
    )
    assert found == same


def test_what_a_specimen_tells_depends_on_its_lot(both: Any) -> None:
    """Of a lot that shows one design alone it tells less of it than of any lot."""
    batches: list[str | None] = ["a", "b"] * 6
    batches[4] = "c"
    state = shifted(both, batches)
    again = [
        o.model_copy(update={"id": 90 + k, "specimen": "again"})
        for k, o in enumerate(o for o in state.observations if o.batch == "c")
    ]
    state = state.model_copy(update={"observations": (*state.observations, *again)})
    design = again[0].design
    proposal = Proposal(
        campaign=state.campaign.name, number=50, source="dear", design=design
    )
    gains = {}
    for lot in ("c", None, "a"):
        stock = tuple(
            Stock(design=d, specimens=3, batch=lot if d == design else None)
            for _, d in both.spread(12)
        )
        known = state.model_copy(update={"stock": stock})
        (found,) = MultiFidelityAgent(state.campaign).appraise(known, [proposal])
        assert found is not None
        gains[lot] = found.score
    assert gains["c"] < gains[None] < gains["a"]
