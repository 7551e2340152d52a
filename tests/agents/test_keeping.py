"""Compositions and linear constraints in search: moves keep them, optima are found."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from bigloop.agents import MultiFidelityAgent, RandomAgent, from_ax, to_ax
from bigloop.agents.keeping import composed, kept
from bigloop.agents.scouting import n_scouts
from bigloop.agents.space import decode, encode, moved
from bigloop.contracts import Design
from bigloop.contracts.drawing import draw

NAMES = ("EC", "DMC", "FEC", "PC")
ONE = {"dear": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 10}}}
MIXTURE: dict[str, Any] = {
    "parameters": {
        **{name: {"low": 0, "high": 1} for name in NAMES},
        "salt": {"low": 0.5, "high": 2, "unit": "mol/l", "log": True},
        "additive": {"choices": ["none", "VC"]},
    },
    "compositions": {"solvent": {"components": NAMES}},
    "sources": ONE,
}
CUT = {"viscous": {"expression": "EC + 2*PC - 0.1*FEC", "at_most": 0.6}}


@pytest.mark.parametrize("d", [2, 4, 8])
def test_the_nearest_composition_is_the_least_squares_one(d: int) -> None:
    rng = np.random.default_rng(d)
    low, span = rng.random(d) * 0.1, 0.2 + rng.random(d)
    ranges = list(zip(low.tolist(), (low + span).tolist(), strict=True))
    total = float(low.sum() + 0.4 * span.sum())
    points = low + span * (rng.random((5, d)) * 1.4 - 0.2)
    found = composed(points, total, ranges)
    assert np.abs(found.sum(axis=1) - total).max() < 1e-9
    for point, near in zip(points, found, strict=True):
        exact = minimize(
            lambda x, p=point: float(np.sum(((x - p) / span) ** 2)),
            low + 0.4 * span,
            bounds=ranges,
            constraints={"type": "eq", "fun": lambda x: x.sum() - total},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert near == pytest.approx(exact.x, abs=1e-5)


@pytest.mark.parametrize("constraints", [{}, CUT])
@pytest.mark.parametrize("scale", [0.3, 0.004])
def test_moves_keep_compositions_and_linear_constraints(
    build: Any, constraints: dict[str, Any], scale: float
) -> None:
    campaign = build.campaign(**MIXTURE, constraints=constraints)
    start = encode(campaign, draw(campaign, 8, 0))
    near = moved(campaign, start, 24, scale, 1)
    near = kept(campaign, start.repeat_interleave(24, dim=0), near)
    designs = decode(campaign, near)
    assert [campaign.why_infeasible(design) for design in designs] == [None] * 192
    for design in designs:
        assert math.fsum(float(design[n]) for n in NAMES) == pytest.approx(1, abs=1e-9)
    assert len({tuple(row) for row in near.tolist()}) > 150


def test_where_nothing_is_linear_moves_stay_as_they_are(build: Any) -> None:
    campaign = build.campaign(
        constraints={"ring": {"expression": "x**2 + z**2", "at_most": 1}}
    )
    x = torch.rand(3, 2, dtype=torch.float64)
    assert kept(campaign, x, x + 0.1) is not x
    assert torch.equal(kept(campaign, x, x + 0.1), x + 0.1)


def test_a_composition_has_one_degree_of_freedom_less(build: Any) -> None:
    plain = {k: v for k, v in MIXTURE.items() if k not in ("compositions", "sources")}
    budget = {"EUR": 3000}
    free, mixed = (
        build.campaign(**plain, budget=budget, **more)
        for more in ({}, {"compositions": MIXTURE["compositions"]})
    )
    assert n_scouts(free, "cheap") - n_scouts(mixed, "cheap") == 10


Peak = dict[str, float]
INSIDE: Peak = {"EC": 0.3, "DMC": 0.45, "FEC": 0.1, "PC": 0.15}
CORNER: Peak = {"EC": 0.0, "DMC": 1.0, "FEC": 0.0, "PC": 0.0}


def towards(peak: Peak) -> Callable[[Design], float]:
    return lambda design: math.exp(
        -3 * sum((float(design[n]) - peak[n]) ** 2 for n in NAMES)
    )


@pytest.mark.parametrize("peak", [INSIDE, CORNER])
def test_the_agent_finds_the_best_mixture(build: Any, peak: Peak) -> None:
    parameters = {name: {"low": 0, "high": 1} for name in NAMES}
    campaign = build.campaign(
        **{**MIXTURE, "parameters": parameters}, budget={"EUR": 200}
    )
    agent, value = MultiFidelityAgent(campaign), towards(peak)
    results: list[tuple[str, Design, float]] = []
    while found := agent.propose(build.state(campaign, results), ["dear"], 1):
        design = found[0].proposal.design
        assert campaign.why_infeasible(design) is None
        results.append(("dear", design, value(design)))
    assert len(results) == 20
    best = agent.recommend(build.state(campaign, results))
    assert best is not None
    assert value(best.design) > 0.98


def test_random_search_keeps_the_composition(build: Any) -> None:
    campaign = build.campaign(**MIXTURE, constraints=CUT)
    agent = RandomAgent(campaign)
    for found in agent.propose(build.state(campaign, []), ["dear"], 5):
        assert campaign.why_infeasible(found.proposal.design) is None


def test_ax_is_given_one_component_less_and_gives_it_back(build: Any) -> None:
    campaign = build.campaign(**MIXTURE, constraints=CUT)
    rng = random.Random(0)
    designs = draw(campaign, 6, 3)
    results = [("dear", design, rng.random()) for design in designs]
    state = build.state(campaign, results)
    experiment = to_ax(campaign, state.trials, state.observations)
    assert "PC" not in experiment.search_space.parameters
    assert len(experiment.search_space.parameter_constraints) == 3
    assert experiment._properties["bigloop"]["left_out"] == []
    again, rows = from_ax(experiment)
    assert again == campaign
    assert [row.design for row in rows] == designs
    arms = [arm.parameters for arm in experiment.arms_by_name.values()]
    assert all(experiment.search_space.check_membership(arm) for arm in arms)


def test_what_ax_proposes_is_a_composition(build: Any) -> None:
    from ax.adapter.registry import Generators

    from bigloop.agents.ax_space import completed

    campaign = build.campaign(**MIXTURE, constraints=CUT)
    experiment = to_ax(campaign, (), ())
    drawn = Generators.SOBOL(experiment=experiment, seed=0).gen(n=8)
    for arm in drawn.arms:
        design = completed(campaign, arm.parameters)
        assert campaign.why_infeasible(design) is None


def test_an_equality_of_ax_is_a_composition() -> None:
    from ax.core.experiment import Experiment
    from ax.core.parameter import ParameterType, RangeParameter
    from ax.core.parameter_constraint import ParameterConstraint
    from ax.core.search_space import SearchSpace

    from bigloop.agents.ax_space import compositions_of

    axes = [RangeParameter(n, ParameterType.FLOAT, 0.0, 1.0) for n in ("a", "b", "c")]
    whole = ParameterConstraint(equality="2*a + 2*b + 2*c == 1.8")
    experiment = Experiment(SearchSpace(axes, parameter_constraints=[whole]))
    (found,) = compositions_of(experiment.search_space).values()
    assert found["components"] == ["a", "b", "c"]
    assert found["total"] == pytest.approx(0.9)
