from __future__ import annotations

import gzip
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigloop.bench.pool import PoolProblem
from bigloop.bench.problem import LEVELS, campaign
from bigloop.bench.spec import Benchmark
from bigloop.contracts import SpecError

Made = Callable[..., PoolProblem]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    def make(text: str, name: str = "t.csv", **changes: Any) -> PoolProblem:
        content = text.encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
        given: dict[str, Any] = {
            "name": "t",
            "data": {"file": name},
            "parameters": {"x": {"column": "x"}},
            "objective": {"column": "y"},
            "budget": {"trials": 5},
        }
        spec = Benchmark.model_validate(given | changes)
        return PoolProblem.read(spec, tmp_path / "t.yaml")

    return make


def test_truth_is_the_mean_and_regret_a_share_of_the_range(made: Made) -> None:
    problem = made("x,y\n1,10\n1,20\n2,5\n3,25\n")
    # Means 15, 5, 25: the range is 20.
    assert [problem.regret({"x": x}) for x in (1.0, 2.0, 3.0)] == [0.5, 1.0, 0.0]
    assert [s.specimens for s in problem.stock] == [2, 1, 1]


def test_results_come_with_their_batch(made: Made) -> None:
    text = "x,y,lot\n1,10,a\n1,20,b\n2,5,a\n2,6,a\n3,25,\n"
    problem = made(text, data={"file": "t.csv", "batch": "lot"})
    assert [s.batch for s in problem.stock] == [None, "a", None]
    plain = made(text)
    for seed in range(4):
        sampler, same = problem.sampler(seed), plain.sampler(seed)
        for x, lots in ((1.0, {10: "a", 20: "b"}), (3.0, {25: None})):
            for _ in range(3):
                value = sampler.measure("experiment", {"x": x})
                assert value == same.measure("experiment", {"x": x})
                assert sampler.batch("experiment", {"x": x}) == lots[int(value)]
                assert same.batch("experiment", {"x": x}) is None
    averaged = made(text, data={"file": "t.csv", "batch": "lot"}, replicates="mean")
    assert [s.batch for s in averaged.stock] == [None, "a", None]


def test_a_batch_column_must_be_there(made: Made) -> None:
    with pytest.raises(SpecError, match=r"data\.batch: column 'lot' is not in t\.csv"):
        made("x,y\n1,10\n2,20\n", data={"file": "t.csv", "batch": "lot"})


def test_a_logarithmic_objective_has_regret_on_its_scale(made: Made) -> None:
    problem = made(
        "x,y\n1,1\n2,10\n3,1000\n",
        objective={"column": "y", "goal": "minimize", "log": True},
    )
    found = [problem.regret({"x": x}) for x in (1.0, 2.0, 3.0)]
    assert found == pytest.approx([0.0, 1 / 3, 1.0])
    assert campaign(problem, 0).observables["y"].log


def test_the_top_is_a_share_of_the_designs_and_at_least_one(made: Made) -> None:
    text = "x,y\n" + "".join(f"{x},{x}\n" for x in range(100))
    one, five = made(text).thresholds
    assert LEVELS == (0.01, 0.05)
    assert one == 0.0
    assert five == pytest.approx(4 / 99)
    small = made("x,y\n1,1\n2,2\n3,5\n")
    assert small.thresholds == (0.0, 0.0)


def test_replicates_come_once_each_in_an_order_of_the_seed(made: Made) -> None:
    text = "x,y\n" + "".join(f"1,{y}\n" for y in range(6)) + "2,9\n"
    problem = made(text)
    orders = set()
    for seed in range(20):
        sampler = problem.sampler(seed)
        found = [sampler.measure("experiment", {"x": 1.0}) for _ in range(6)]
        assert sorted(found) == list(range(6))
        orders.add(tuple(found))
        again = problem.sampler(seed)
        assert [again.measure("experiment", {"x": 1.0}) for _ in range(6)] == found
    assert len(orders) > 15


def test_replicates_can_be_averaged(made: Made) -> None:
    problem = made("x,y\n1,1\n1,3\n2,9\n", replicates="mean")
    assert problem.sampler(0).measure("experiment", {"x": 1.0}) == 2.0
    assert campaign(problem, 0).target.simulator == "bench"


def test_a_target_with_specimens_is_a_laboratory(made: Made) -> None:
    problem = made("x,y\n1,1\n1,3\n2,9\n")
    spec = campaign(problem, 3)
    assert spec.target.is_physical
    assert spec.seed == 3
    assert spec.budget == {"specimen": 5.0}


def test_rows_are_picked_filtered_and_counted(made: Made) -> None:
    problem = made(
        "policy,T,y\n3C(40%)-1C,20,1\n4C(50%)-2C,20,2\n5C(60%)-2C,90,9\nno,20,NA\n",
        name="t.csv.gz",
        data={"file": "t.csv.gz", "where": {"T": {"at_most": 50}}},
        parameters={
            "rate": {"column": "policy", "pattern": r"^(\d+)C", "otherwise": 0},
            "state": {"column": "policy", "pattern": r"\((\d+)%", "otherwise": 0},
        },
    )
    assert [s.design for s in problem.stock] == [
        {"rate": 3.0, "state": 40.0},
        {"rate": 4.0, "state": 50.0},
    ]
    assert "1 rows left out: data.where.T" in problem.notes
    assert "1 rows left out: y is missing" in problem.notes


def test_rows_outside_a_constraint_are_left_out(made: Made) -> None:
    problem = made(
        "x,z,y\n60,1,1\n90,2,2\n30,3,99\n",
        parameters={
            "x": {"column": "x", "unit": "minute"},
            "z": {"column": "z", "unit": "hour"},
        },
        constraints={"total": {"expression": "x + z", "unit": "hour", "at_least": 2}},
    )
    assert len(problem.stock) == 3
    strict = made(
        "x,z,y\n60,1,1\n90,2,2\n30,3,99\n",
        parameters={
            "x": {"column": "x", "unit": "minute"},
            "z": {"column": "z", "unit": "hour"},
        },
        constraints={"total": {"expression": "x + z", "unit": "hour", "at_least": 3}},
    )
    assert [s.design for s in strict.stock] == [
        {"x": 30.0, "z": 3.0},
        {"x": 90.0, "z": 2.0},
    ]
    assert "1 rows left out: constraints.total" in strict.notes
    assert set(campaign(strict, 0).constraints) == {"total"}


def test_limits_are_refused_dropped_or_taken(made: Made) -> None:
    text = "x,y\n1,<1e-3\n2,1\n3,2\n"
    with pytest.raises(SpecError, match=r"line 2: column 'y': '<1e-3' is a limit"):
        made(text)
    dropped = made(text, objective={"column": "y", "limits": "drop"})
    assert len(dropped.stock) == 2
    taken = made(text, objective={"column": "y", "limits": "value"})
    assert taken.sampler(0).measure("experiment", {"x": 1.0}) == 1e-3


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        ("x,z\n1,2\n", {}, "objective.column: column 'y' is not in t.csv"),
        ("x,y\n1,2\n", {}, "1 rows are left"),
        ("x,y\n1,2\n1,3\n", {}, "parameters.x: column 'x' is 1.0 in every"),
        ("x,y\n1,2\n2,2\n", {}, "is the same for every design"),
        ("x,y\n1,2\n2,nix\n", {}, "line 3: column 'y': 'nix' is not a finite"),
        ("x,y\n1,2\n2\n", {}, "line 3: 1 cells under 2 columns"),
        ("x,y\n1,inf\n2,1\n", {}, "'inf' is not a finite number"),
        ("x,y\n1,0\n2,1\n", {"objective": {"column": "y", "log": True}}, "logarithm"),
        (
            "a,b,y\n0.5,0.5,1\n0.5,0.1,2\n",
            {
                "parameters": {
                    "a": {"column": "a", "role": "composition"},
                    "b": {"column": "b", "role": "composition"},
                }
            },
            "line 3: the shares a, b add up to 0.6",
        ),
        (
            "x,y\nab,1\ncd,2\n",
            {"parameters": {"x": {"column": "x", "pattern": r"(\d)"}}},
            r"pattern '(\\d)' is not in 'ab'",
        ),
    ],
)
def test_a_wrong_table_is_one_line(
    made: Made, text: str, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        made(text, **changes)
    assert said in str(caught.value)
    assert "t.yaml: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(made: Made) -> None:
    with pytest.raises(SpecError, match=r"none\.csv: No such file"):
        made("x,y\n", data={"file": "none.csv"})


def test_order_of_rows_names_and_units_decide_nothing(made: Made) -> None:
    a = made("x,y\n1,10\n2,5\n2,7\n4,25\n")
    b = made(
        "w,v\n4e3,0.025\n2e3,0.007\n1e3,0.010\n2e3,0.005\n",
        parameters={"W": {"column": "w"}},
        objective={"column": "v"},
    )
    assert [s.specimens for s in a.stock] == [s.specimens for s in b.stock]
    for one, other in zip(a.stock, b.stock, strict=True):
        assert a.regret(one.design) == pytest.approx(b.regret(other.design))
        values = [
            problem.sampler(7).measure("experiment", stock.design)
            for problem, stock in ((a, one), (b, other))
        ]
        assert math.isclose(values[0], 1000 * values[1])
