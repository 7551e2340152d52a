"""Small campaigns with one objective, and states of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bigloop.contracts import Campaign, CampaignState, Design

from .states import States

SPEC: dict[str, Any] = {
    "name": "two",
    "parameters": {"x": {"low": 0, "high": 1}, "z": {"low": 0, "high": 1}},
    "observables": {"y": {"unit": "volt"}},
    "objective": {"observable": "y", "source": "dear"},
    "sources": {
        "dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}},
        "cheap": {"simulator": "t", "observes": ["y"], "cost": {"EUR": 1}},
    },
    "budget": {"EUR": 300},
}


class Build(States):
    """Results are (source, design, value); none is a failure."""

    def state(
        self,
        campaign: Campaign,
        results: Sequence[tuple[str, Design, float | None]],
        pending: Sequence[tuple[str, Design]] = (),
    ) -> CampaignState:
        found = [(s, d, None if v is None else {"y": v}) for s, d, v in results]
        return self.after(campaign, found, pending)


@pytest.fixture
def states() -> type[States]:
    """Makes states of campaigns that are changes of a given one."""
    return States


@pytest.fixture
def build() -> Build:
    return Build(SPEC)


@pytest.fixture
def hill() -> Callable[[Design], float]:
    """A smooth hill with its top of 1 at (0.7, 0.3)."""
    return lambda d: 1 - 3 * ((float(d["x"]) - 0.7) ** 2 + (float(d["z"]) - 0.3) ** 2)
