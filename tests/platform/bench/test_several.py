"""Benchmarks in which more than one output decides."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from botorch.acquisition.multi_objective import logei

from bigloop.bench.methods import METHODS, why_not
from bigloop.bench.problem import campaign, load
from bigloop.bench.run import run
from bigloop.bench.several.function import FrontFunction
from bigloop.contracts import SpecError
from bigloop.contracts.dominance import hypervolume

DOCUMENT = """\
kind: benchmark
version: 1
name: small
data: {file: small.csv}
parameters:
  rate: {column: rate}
  salt: {column: salt, role: choice}
budget: {trials: 8}
"""
FRONT = """\
objectives:
  - {column: life, goal: maximize}
  - {column: price, goal: minimize}
"""
BOUND = """\
objective: {column: life, goal: maximize}
requirements:
  - {column: price, at_most: 4}
"""
CHEAP = """\
sources:
  long: {cost: 1}
  short: {cost: 0.1, columns: {life: guess}}
"""
OURS = "bigloop"
PEERS = ("random", "optuna-tpe", "optuna-nsga2", "botorch-nehvi")


def design(rate: float, salt: str) -> dict[str, Any]:
    return {"rate": rate, "salt": salt}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """A document over 12 designs: life 110 - (rate-5)^2, price rate + 1 for FSI."""

    def writer(goals: str) -> Path:
        lines = ["rate,salt,life,price,guess"]
        for rate in range(6):
            for salt, more in (("FSI", 1.0), ("TFSI", 0.0)):
                life = 100 + 5 * more - (rate - 5) ** 2
                lines.append(f"{rate},{salt},{life},{rate + more},{life - 1}")
        (tmp_path / "small.csv").write_text("\n".join(lines))
        path = tmp_path / "small.yaml"
        path.write_text(DOCUMENT + goals)
        return path

    return writer


def test_regret_is_the_lacking_share_of_the_true_hypervolume(write: Any) -> None:
    problem = load(write(FRONT))
    every = [s.design for s in problem.stock or ()]
    assert problem.regret_of(every) == 0.0
    points = []
    for rate in range(6):
        points += [(105.0 - (rate - 5) ** 2, -(rate + 1.0))]
        points += [(100.0 - (rate - 5) ** 2, -float(rate))]
    at = (75 - 0.1 * 30, -6 - 0.1 * 6)
    whole = hypervolume(points, at)
    some = [design(5.0, "FSI"), design(0.0, "TFSI")]
    part = hypervolume([(105.0, -6.0), (75.0, 0.0)], at)
    assert problem.regret_of(some) == pytest.approx(1 - part / whole)


def test_what_breaks_a_requirement_counts_for_nothing(write: Any) -> None:
    problem = load(write(BOUND))
    assert problem.regret_of([design(5.0, "FSI")]) is None
    assert problem.regret(design(5.0, "FSI")) == 1.0
    best = 105 - 4
    worst = 75
    found = problem.regret_of([design(5.0, "FSI"), design(4.0, "TFSI")])
    assert found == pytest.approx((best - 99) / (best - worst))
    assert problem.regret_of([design(3.0, "FSI")]) == 0.0


def test_the_campaign_has_all_that_decides(write: Any) -> None:
    made = campaign(load(write(FRONT + CHEAP)), 3)
    assert [g.observable for g in made.goals] == ["y1", "y2"]
    assert made.sources["long"].observes == ("y1", "y2")
    assert made.sources["short"].observes == ("y1",)
    bounded = campaign(load(write(BOUND)), 3)
    assert bounded.requirements["c1"].at_most == 4.0
    assert bounded.objectives == ()


@pytest.mark.parametrize("goals", [FRONT, BOUND, FRONT + CHEAP])
def test_ours_finds_and_repeats(write: Any, goals: str) -> None:
    problem = load(write(goals))
    first, second = run(problem, OURS, 0), run(problem, OURS, 0)
    assert first.error == ""
    assert first.regret == second.regret
    assert first.source == second.source
    assert first.regret[-1] is not None


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """BoTorch's own Python in place of its kernel, which compiles for a minute."""
    monkeypatch.setattr(logei, "_load_attempted", True)


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("method", PEERS)
@pytest.mark.parametrize("goals", [FRONT, BOUND])
def test_peers_run_where_they_can(write: Any, method: str, goals: str) -> None:
    problem = load(write(goals))
    reason = why_not(method, campaign(problem, 0))
    if reason is not None:
        pytest.skip(reason)
    found = run(problem, method, 0)
    assert found.error == ""
    assert len(found.cost) == 8


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no compiler")
def test_the_kernel_of_botorch_is_compiled_apart(write: Any) -> None:
    assert run(load(write(FRONT)), "botorch-nehvi", 0).error == ""
    assert logei._C is not None
    folder = os.environ["TORCH_EXTENSIONS_DIR"]
    assert "bigloop-botorch-" in folder
    assert Path(logei._C.__file__).is_relative_to(folder)


def test_others_say_that_they_cannot(write: Any) -> None:
    made = campaign(load(write(FRONT)), 0)
    for name in METHODS:
        if name not in (OURS, *PEERS):
            reason = why_not(name, made)
            assert reason is not None
            assert "alone" in reason or "not installed" in reason


REFUSED = [
    (FRONT + BOUND, "exactly one of objective and objectives"),
    ("objectives: [{column: life}]\n", "write it as objective"),
    (FRONT + "sources: {a: {cost: 1}, b: {cost: 2}}\n", "exactly one"),
    (FRONT + CHEAP.replace("guess}", "guess, salt: guess}"), "decides nothing"),
    (BOUND.replace("at_most: 4", "at_most: -9"), "keep all of them"),
    (BOUND.replace("column: price", "column: cost"), "requirements.0.column"),
]


@pytest.mark.parametrize(("goals", "said"), REFUSED)
def test_what_does_not_fit_is_refused(write: Any, goals: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        load(write(goals))


@pytest.mark.parametrize("name", ["BraninCurrin", "ConstrainedBraninCurrin"])
def test_a_function_of_botorch_brings_all(tmp_path: Path, name: str) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(
        f"kind: benchmark\nversion: 1\nname: f\nproblem: {name}\nbudget: {{trials: 6}}"
    )
    problem = load(path)
    assert isinstance(problem, FrontFunction)
    found = run(problem, OURS, 0)
    assert found.error == ""
    made = campaign(problem, 0)
    assert [g.reference for g in made.goals] == [
        pytest.approx(float(v)) for v in problem.function.ref_point
    ]
    assert bool(made.requirements) == name.startswith("Constrained")


def test_a_constrained_function_has_a_range(tmp_path: Path) -> None:
    """The best of Gramacy's problem is 0.5998 where its constraints meet."""
    path = tmp_path / "f.yaml"
    text = "kind: benchmark\nversion: 1\nname: f\nproblem: ConstrainedGramacy\n"
    path.write_text(text + "budget: {trials: 6}")
    problem = load(path)
    assert problem.regret_of([{"x1": 0.0, "x2": 0.0}]) is None
    near = problem.regret_of([{"x1": 0.1955, "x2": 0.4050}])
    assert near is not None
    assert near < 0.01
