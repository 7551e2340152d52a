from __future__ import annotations

import pytest
import torch

from bigloop.agents.space import encode
from bigloop.contracts import Campaign, Design
from bigloop.contracts.drawing import draw
from bigloop.dashboard.landscape import coordinates
from bigloop.dashboard.nearest import distance, nearest
from bigloop.db import Store

MIXED = {
    "temperature": {"low": 250, "high": 350, "unit": "kelvin"},
    "rate": {"low": 0.01, "high": 10, "unit": "1/hour", "log": True},
    "salt": {"choices": ["LiPF6", "LiFSI", "LiTFSI"]},
}


@pytest.fixture
def mixed(spec: Campaign) -> Campaign:
    return Campaign.model_validate(
        {**spec.model_dump(mode="json"), "parameters": MIXED}
    )


def test_distance_is_that_of_the_agents_model(mixed: Campaign) -> None:
    a, b = draw(mixed, 2, 3)
    x = encode(mixed, [a, b])
    assert distance(mixed, a, b) == pytest.approx(float(torch.dist(x[0], x[1])))
    flat = [c for n, p in mixed.parameters.items() for c in coordinates(p, a[n])]
    assert flat == pytest.approx(x[0].tolist())


def test_nearest_come_first_and_fidelities_apart(store: Store, spec: Campaign) -> None:
    design: Design = {"rate": 3.5, "soc": 0.4}
    observations = store.observations("demo")
    found = nearest(spec, observations, design, 3)
    target = [n for n in found if n.is_target]
    assert found[: len(target)] == target
    assert target[0].distance == 0
    values = [
        o.value
        for o in observations
        if o.design == design and o.source == "full" and o.observable == "life"
    ]
    assert sorted(target[0].values) == sorted(values)
    assert target[0].sd == pytest.approx(
        float(torch.tensor(values, dtype=torch.float64).std())
    )
    keys = {(n.source, n.observable) for n in found}
    assert keys == {("full", "life"), ("full", "early"), ("quick", "early")}
    for key in keys:
        near = [n.distance for n in found if (n.source, n.observable) == key]
        assert near == sorted(near)
        assert len(near) <= 3


def test_nothing_measured_has_no_neighbours(spec: Campaign) -> None:
    assert nearest(spec, [], {"rate": 2.0, "soc": 0.1}) == []
