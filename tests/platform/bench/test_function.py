from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bigloop.bench.function import FunctionProblem
from bigloop.bench.mixture import peak_of
from bigloop.bench.spec import Benchmark
from bigloop.contracts import Design, SpecError

HERE = Path("f.yaml")


def problem(name: str = "Branin", **changes: Any) -> FunctionProblem:
    given = {"name": "f", "problem": name, "budget": {"trials": 5}}
    return FunctionProblem.build(Benchmark.model_validate(given | changes), HERE)


def sources(function: str) -> dict[str, Any]:
    return {
        "exact": {"function": "true", "cost": 1},
        "cheap": {"function": function, "cost": 0.1},
    }


def at(*x: float) -> Design:
    return {f"x{i}": v for i, v in enumerate(x, start=1)}


def test_the_published_minima_have_no_regret() -> None:
    """Dixon, Szego (1978): Branin at (pi, 2.275); Hartmann6 at its listed place."""
    assert problem().regret(at(3.14159265, 2.275)) == pytest.approx(0.0, abs=1e-6)
    best = at(0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)
    assert problem("Hartmann6").regret(best) == pytest.approx(0.0, abs=1e-5)
    assert problem("Ackley5").regret(at(0, 0, 0, 0, 0)) == pytest.approx(0, abs=1e-9)


def test_regret_is_a_share_of_the_range() -> None:
    """Branin is largest at (-5, 0): 308.129; the Sobol points come close."""
    found = problem()
    assert found.regret(at(-5.0, 0.0)) == pytest.approx(1.0, rel=0.03)
    assert found.thresholds == (0.01, 0.05)


def test_a_reversed_source_is_the_function_of_the_mirrored_point() -> None:
    found = problem(sources=sources("reversed")).sampler(0)
    # The box is [-5, 10] x [0, 15]: (1, 2) mirrors to (4, 13).
    assert found.measure("cheap", at(1.0, 2.0)) == found.measure("exact", at(4.0, 13.0))


def test_a_low_source_is_close_and_not_the_same() -> None:
    found = problem("Hartmann6", sources=sources("low")).sampler(0)
    x = at(0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    low, true = found.measure("cheap", x), found.measure("exact", x)
    # The first weight is 1.0 - 0.1 (1 - 0.9): 0.01 of its own term, at most.
    assert 0 < abs(low - true) < 0.01


def test_noise_follows_from_the_seed() -> None:
    found = problem(sources=sources("noise"))
    draws = [
        [sampler.measure("cheap", at(0.0, 0.0)) for _ in range(200)]
        for sampler in (found.sampler(1), found.sampler(1), found.sampler(2))
    ]
    assert draws[0] == draws[1] != draws[2]
    assert found.minimum <= min(draws[0])
    assert max(draws[0]) <= found.minimum + found.span


def test_results_can_be_noisy_and_the_truth_is_not() -> None:
    found = problem(noise_sd=2.0)
    sampler, x = found.sampler(0), at(0.0, 0.0)
    values = [sampler.measure("experiment", x) for _ in range(400)]
    mean = sum(values) / 400
    sd = (sum((v - mean) ** 2 for v in values) / 399) ** 0.5
    truth = found.minimum + found.span * found.regret(x)
    assert abs(mean - truth) < 4 * 2.0 / 400**0.5
    assert sd == pytest.approx(2.0, rel=4 / (2 * 400) ** 0.5)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("Brannin", {}, "is no function of BoTorch"),
        ("Hartmann7", {}, "change the dimension"),
        ("Ackley3", {"sources": sources("low")}, "has no lower fidelity"),
    ],
)
def test_a_wrong_function_is_one_line(
    name: str, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        problem(name, **changes)
    assert said in str(caught.value)
    assert str(caught.value).startswith("f.yaml: ")


@pytest.mark.parametrize("name", ["MixtureInside4", "MixtureCorner4"])
def test_a_mixture_has_its_minimum_where_it_is_said(name: str) -> None:
    found = problem(name)
    assert list(found.compositions) == ["mixture"]
    assert found.regret(at(*peak_of(name))) == 0.0
    rng = random.Random(0)
    for _ in range(200):
        x = [rng.expovariate(1) for _ in range(4)]
        assert 0 < found.regret(at(*(v / sum(x) for v in x))) <= 1


def test_a_mixture_of_one_is_refused() -> None:
    with pytest.raises(SpecError, match=r"f\.yaml: problem: 'MixtureInside1'"):
        problem("MixtureInside1")
