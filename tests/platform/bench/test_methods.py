"""What every method must do, over all that are installed; and what two must not see."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from bigloop.bench import methods
from bigloop.bench.methods import METHODS, Brief, build, find, why_not
from bigloop.bench.problem import Problem, campaign, load
from bigloop.bench.run import run
from bigloop.contracts import Design, NotFoundError

FUNCTION = """kind: benchmark
name: tiny
problem: Branin
sources:
  exact: {function: "true", cost: 1}
  cheap: {function: low, cost: 0.5}
budget: {trials: 7}
"""
SLOW = {"ax", "baybe", "botorch-mf-kg", "botorch-mf-mes"}
"""Seconds a run and more: they are asked in the slow tests."""
EACH = [pytest.param(m, marks=[pytest.mark.slow] * (m in SLOW)) for m in METHODS]


def skip_unless_able(name: str, problem: Problem) -> None:
    reason = why_not(name, campaign(problem, 0))
    if reason is not None:
        pytest.skip(f"{name}: {reason}")


@pytest.mark.parametrize("name", EACH)
def test_a_method_searches_a_pool(name: str, smoke: Path) -> None:
    problem = load(smoke)
    skip_unless_able(name, problem)
    found = run(problem, name, 1)
    assert found.error == ""
    assert found.cost[-1] <= problem.spec.limit
    assert "cycler" in found.source
    assert found.recommended is not None
    again = run(problem, name, 1)
    assert (again.source, again.regret) == (found.source, found.regret)


@pytest.mark.parametrize("name", EACH)
def test_a_method_searches_a_box(name: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(FUNCTION)
    problem = load(path)
    skip_unless_able(name, problem)
    found = run(problem, name, 0)
    assert found.error == ""
    assert found.recommended is not None
    assert found.recommended < 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EACH)
def test_a_method_searches_mixtures(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mixture.yaml"
    path.write_text(
        "kind: benchmark\nname: mixed\nproblem: MixtureCorner3\nbudget: {trials: 7}\n"
    )
    problem = load(path)
    spec = campaign(problem, 0)
    skip_unless_able(name, problem)
    method = build(name, Brief(campaign=spec, stock=None))
    for trial in range(7):
        asked = method.ask(7.0 - trial)
        assert asked is not None
        assert spec.why_infeasible(asked.design) is None
        method.tell(asked, problem.sampler(0).measure(asked.source, asked.design))
    assert method.recommend() is not None


def test_who_keeps_no_compositions_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mixture.yaml"
    path.write_text(
        "kind: benchmark\nname: mixed\nproblem: MixtureInside3\nbudget: {cost: 3}\n"
        "sources:\n  exact: {function: 'true', cost: 1}\n"
        "  cheap: {function: low, cost: 0.1}\n"
    )
    said = why_not("botorch-mf-kg", campaign(load(path), 0))
    assert said == "it keeps no compositions"


@pytest.mark.parametrize("name", EACH)
def test_a_method_takes_batches(name: str, smoke: Path) -> None:
    smoke.write_text(smoke.read_text() + "batch: 2\n")
    problem = load(smoke)
    skip_unless_able(name, problem)
    found = run(problem, name, 0)
    assert found.error == ""
    assert len(found.cost) >= 4


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EACH)
def test_a_pool_is_never_asked_for_more_than_it_has(name: str, smoke: Path) -> None:
    smoke.write_text(smoke.read_text().replace("trials: 6", "trials: 40"))
    problem = load(smoke)
    skip_unless_able(name, problem)
    method = build(name, Brief(campaign=campaign(problem, 0), stock=problem.stock))
    sampler, asked_for = problem.sampler(0), set[tuple[str, str]]()
    while (asked := method.ask(40.0)) is not None:
        key = asked.source, str(asked.design)
        assert key not in asked_for
        asked_for.add(key)
        method.tell(asked, sampler.measure(asked.source, asked.design))
    assert len(asked_for) <= 24


def sequence(path: Path, name: str, seed: int = 3) -> list[tuple[str, Design]]:
    """What a method asks for."""
    problem = load(path)
    method = build(name, Brief(campaign=campaign(problem, seed), stock=problem.stock))
    sampler, left, found = problem.sampler(seed), problem.spec.limit, []
    while (asked := method.ask(left)) is not None:
        cost = problem.spec.priced[asked.source].cost
        if cost > left + 1e-9:
            break
        left -= cost
        found.append((asked.source, asked.design))
        method.tell(asked, sampler.measure(asked.source, asked.design))
    return found


@pytest.mark.parametrize("name", ["bigloop", "random"])
def test_order_names_and_units_decide_nothing(
    name: str, smoke: Path, tmp_path: Path
) -> None:
    """Rows shuffled; columns renamed; rates in another unit, lives in another one.

    Powers of two leave every rounding as it is, so that the sequences are equal and
    not just alike.
    """
    before = sequence(smoke, name)
    lines = (tmp_path / "smoke.csv").read_text().splitlines()[1:]
    other = tmp_path / "other"
    other.mkdir()
    text = "guess,speed,ion,end\n"
    for line in lines[::-1]:
        rate, salt, life, guess = line.split(",")
        numbers = float(guess) / 16, float(rate) * 8, float(life) / 16
        text += f"{numbers[0]!r},{numbers[1]!r},{salt},{numbers[2]!r}\n"
    (other / "smoke.csv").write_text(text)
    document = smoke.read_text()
    for old, new in (
        ("rate: {column: rate", "speed: {column: speed"),
        ("salt: {column: salt", "ion: {column: ion"),
        ("column: life", "column: end"),
    ):
        document = document.replace(old, new)
    (other / "smoke.yaml").write_text(document)
    after = sequence(other / "smoke.yaml", name)
    assert [
        (source, {"rate": float(x["speed"]) / 8, "salt": x["ion"]})
        for source, x in after
    ] == before


def test_a_method_that_does_not_exist_is_named() -> None:
    with pytest.raises(NotFoundError, match="there are bigloop, random, ax"):
        find("bogotorch")


def test_a_peer_that_is_not_installed_is_said(
    monkeypatch: pytest.MonkeyPatch, smoke: Path
) -> None:
    def version(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(methods, "version", version)
    reason = why_not("baybe", campaign(load(smoke), 0))
    assert reason is not None
    assert reason.startswith("baybe is not installed")


def test_a_method_of_many_sources_needs_two(smoke: Path) -> None:
    text = smoke.read_text()
    head, rest = text.split("sources:")
    smoke.write_text(head + "budget:" + rest.split("budget:")[1])
    reason = why_not("botorch-mf-kg", campaign(load(smoke), 0))
    assert reason == "it needs a second source, and there is one"
