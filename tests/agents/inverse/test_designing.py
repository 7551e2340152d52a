from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from bigloop.agents.inverse.designing import Design, Plan, design
from bigloop.agents.inverse.runs import Grower, properties_of
from bigloop.agents.inverse.target import Target
from bigloop.contracts import SpecError
from bigloop.models.prvae.data import SeiData
from bigloop.models.prvae.model import PrVAE

SMALL = Plan(budget=60, rounds=2, runs_per_round=3, replicates=4)


def _target(data: SeiData) -> Target:
    return Target.of({"thickness": 3.0, "volume_fraction": 0.4}, data.names)


@pytest.mark.parametrize("route", ["gradient", "genetic", "direct"])
def test_a_design_is_run_and_says_so(
    route: str, model: PrVAE, data: SeiData, grower: Grower
) -> None:
    found = design(model, _target(data), grower, route=route, plan=SMALL, seed=2)
    assert found.runs.shape == (4, 4)
    assert found.n_runs <= 2 * 3 + 4
    assert found.picture.shape == found.lattice.shape == (14, 12)
    assert properties_of(found.lattice[None], data.names)[0] in found.runs
    document = json.loads(json.dumps(found.document()))
    assert document["properties"]["density"]["target"] is None
    assert document["lands"] == found.lands()
    assert set(document["barriers_eV"]) == {f"e{i}" for i in range(1, 16)}
    again = design(model, _target(data), grower, route=route, plan=SMALL, seed=2)
    np.testing.assert_array_equal(again.runs, found.runs)
    assert again.barriers == found.barriers


def test_the_model_alone(model: PrVAE, data: SeiData, grower: Grower) -> None:
    plan = dataclasses.replace(SMALL, rounds=0)
    assert design(model, _target(data), grower, plan=plan).n_runs == 4


def test_landing_is_by_the_worst_property_that_is_wanted() -> None:
    names = ("thickness", "density")
    runs = np.array([[1.0, 5.0], [3.0, 5.0]])
    fields = {
        "route": "direct",
        "barriers": (0.5,) * 15,
        "expected": (0.0, 0.0),
        "expected_sd": (1.0, 1.0),
        "runs": runs,
        "picture": np.zeros((3, 3), np.uint8),
        "lattice": np.zeros((3, 3), np.uint8),
        "n_evaluations": 1,
        "n_runs": 2,
    }
    near = Design(target=Target.of({"thickness": 4.0}, names), **fields)  # type: ignore[arg-type]
    np.testing.assert_allclose(near.distance(), [2 / np.sqrt(2), np.nan])
    assert near.lands()
    assert not near.lands(within=1.0)
    assert not near.lands(sd=np.array([0.9, 1.0]))
    # Runs that do not scatter land where they are, and nowhere else.
    at = Design(target=Target.of({"density": 5.0}, names), **fields)  # type: ignore[arg-type]
    off = Design(target=Target.of({"density": 5.1}, names), **fields)  # type: ignore[arg-type]
    assert at.lands()
    assert not off.lands()


def test_plans_that_cannot_be() -> None:
    with pytest.raises(SpecError, match="replicates: 1: give 2 or more"):
        Plan(replicates=1)


def test_properties_that_cannot_be_measured() -> None:
    with pytest.raises(SpecError, match="'charm' cannot be measured"):
        properties_of(np.zeros((1, 5, 5), np.uint8), ("charm",))
