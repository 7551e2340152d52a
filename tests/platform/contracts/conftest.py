"""A small campaign to spoil, and the refusal that it then meets."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from bigloop.contracts import Campaign, SpecError, parse

SPEC: dict[str, Any] = {
    "name": "small",
    "parameters": {
        "x": {"low": 0.0, "high": 1.0, "unit": "hour"},
        "salt": {"choices": ["LiPF6", "LiFSI"]},
    },
    "constraints": {"limit": {"expression": "2*x", "unit": "minute", "at_most": 90.0}},
    "observables": {"y": {"unit": "volt"}, "early": {}},
    "objective": {"observable": "y", "source": "cell"},
    "sources": {
        "cell": {"lab": "table", "observes": ["y", "early"], "cost": {"EUR": 10.0}},
        "model": {"simulator": "s", "observes": ["early"], "cost": {"core_second": 1}},
    },
    "budget": {"EUR": 100.0, "core_second": 10.0},
}

Spoil = Callable[..., str]


@pytest.fixture
def spec() -> dict[str, Any]:
    return copy.deepcopy(SPEC)


@pytest.fixture
def refusal(spec: dict[str, Any]) -> Spoil:
    """The message with which a campaign is refused after a change at a dotted path."""

    def spoil(path: str, value: Any) -> str:
        node = spec
        *parents, last = path.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
        with pytest.raises(SpecError) as error:
            parse(Campaign, spec, "small.yaml")
        return str(error.value)

    return spoil
