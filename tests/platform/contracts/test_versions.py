"""What an older version of a source's model said, or will say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bigloop.contracts import (
    Campaign,
    CampaignState,
    Proposal,
    Trial,
    TrialState,
    is_superseded,
)

SPEC: dict[str, Any] = {
    "name": "c",
    "parameters": {"x": {"low": 0, "high": 1}},
    "observables": {"y": {}},
    "objective": {"observable": "y", "goal": "minimize", "source": "bench"},
    "sources": {"bench": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 1}}},
    "budget": {"EUR": 9},
}


def proposal(model: str | None, source: str = "model") -> Proposal:
    return Proposal(campaign="c", number=0, source=source, design={}, model=model)


@pytest.mark.parametrize(
    ("model", "versions", "is_old"),
    [
        ("one", {"model": "one"}, False),
        ("one", {"model": "two"}, True),
        (None, {"model": "two"}, True),
        ("one", {}, False),
        (None, {}, False),
        (None, {"": "predictor"}, False),
        ("one", {"other": "two"}, False),
    ],
)
def test_what_another_version_says_is_superseded(
    model: str | None, versions: dict[str, str], is_old: bool
) -> None:
    """Also what nobody knows the version of: it is from before there were any."""
    assert is_superseded(proposal(model), versions) is is_old


def test_a_state_says_the_same_and_asks_the_version_in_use() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = proposal(None)
    trial = Trial(
        id=made.id,
        campaign="c",
        proposal=made,
        state=TrialState.RUNNING,
        created_at=now,
        updated_at=now,
    )
    state = CampaignState(
        campaign=Campaign.model_validate(SPEC),
        trials=(trial,),
        seen=(),
        observations=(),
        accounts={},
        versions={"model": "two"},
    )
    assert state.is_superseded(trial)
    assert state.pending == ()
    assert state.asked(made).model == "two"
    assert not is_superseded(state.asked(made), state.versions)
    assert state.asked(proposal(None, "bench")).model is None
