"""One run, checked by hand with a method that follows a script."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bigloop.bench import run as module
from bigloop.bench.figures import cost_to, figures, quantile, regret_at, spread
from bigloop.bench.methods.base import Asked, Brief
from bigloop.bench.problem import load
from bigloop.bench.run import Run, StoppedError, key_of, run
from bigloop.contracts import Design


def d(rate: int, salt: str = "FSI") -> Design:
    return {"rate": float(rate), "salt": salt}


class Script:
    """Asks what it is told to; expects each result within 1 of 105."""

    def __init__(self, lines: list[tuple[str, Design]], advice: Design | None) -> None:
        self._lines, self._advice = list(lines), advice
        self.told: list[float] = []

    def ask(self, left: float) -> Asked | None:
        if not self._lines:
            return None
        source, design = self._lines.pop(0)
        return Asked(source=source, design=design, interval=(104.0, 106.0))

    def tell(self, asked: Asked, value: float) -> None:
        self.told.append(value)

    def recommend(self) -> Design | None:
        return self._advice


def follow(
    monkeypatch: pytest.MonkeyPatch,
    path: Path,
    lines: list[tuple[str, Design]],
    advice: Design | None = None,
    goal: float = -math.inf,
) -> tuple[Run, Script]:
    script = Script(lines, advice)

    def build(name: str, brief: Brief) -> Script:
        return script

    monkeypatch.setattr(module, "build", build)
    return run(load(path), "random", 0, goal=goal), script


def test_a_run_by_hand(monkeypatch: pytest.MonkeyPatch, smoke: Path) -> None:
    """Truth: 100 - (rate - 3)^2, +10 with FSI; best 110, worst (0, TFSI) 91: range 19.

    Only the target finds: the model's look at the best design counts for nothing.
    """
    found, script = follow(
        monkeypatch,
        smoke,
        [
            ("model", d(3)),
            ("cycler", d(0, "TFSI")),
            ("cycler", d(5)),
            ("cycler", d(1, "TFSI")),
            ("cycler", d(3)),
        ],
        advice=d(2),
    )
    assert script.told == [110 - 1.5, 91.0, 106.0, 96.0, 110.0]
    assert found.cost == (0.25, 1.25, 2.25, 3.25, 4.25)
    assert found.source == ("model", "cycler", "cycler", "cycler", "cycler")
    first, *rest = found.regret
    assert first is None
    assert rest == pytest.approx([1.0, 4 / 19, 4 / 19, 0.0])
    # Of four results of the target, 106 alone lies in [104, 106].
    assert (found.n_inside, found.n_predicted) == (1, 4)
    assert found.recommended == pytest.approx(1 / 19)
    assert cost_to(found, 0.0) == 4.25
    assert cost_to(found, 0.5) == 2.25
    assert regret_at(found, 1.0) == float("inf")
    assert regret_at(found, 3.0) == pytest.approx(4 / 19)
    assert regret_at(found, 99.0) == 0.0


def test_a_run_ends_at_its_goal(monkeypatch: pytest.MonkeyPatch, smoke: Path) -> None:
    lines = [("model", d(3)), ("cycler", d(0, "TFSI")), ("cycler", d(5))]
    _, script = follow(monkeypatch, smoke, [*lines, ("cycler", d(3))], goal=0.25)
    assert script.told == [110 - 1.5, 91.0, 106.0]


def test_what_is_not_affordable_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, smoke: Path
) -> None:
    lines = [("cycler", d(rate, salt)) for salt in ("TFSI", "FSI") for rate in range(6)]
    found, script = follow(monkeypatch, smoke, lines)
    assert found.cost[-1] == 6.0
    assert len(script.told) == 6
    assert cost_to(found, 0.0) == float("inf")
    assert found.recommended is None


def test_a_batch_is_asked_before_it_is_told(
    monkeypatch: pytest.MonkeyPatch, smoke: Path
) -> None:
    smoke.write_text(smoke.read_text() + "batch: 3\n")
    told_when_asked = []

    class Watch(Script):
        def ask(self, left: float) -> Asked | None:
            told_when_asked.append(len(self.told))
            return super().ask(left)

    script = Watch([("cycler", d(rate)) for rate in range(6)], None)
    monkeypatch.setattr(module, "build", lambda name, brief: script)
    run(load(smoke), "random", 0)
    assert told_when_asked == [0, 0, 0, 3, 3, 3, 6]


def test_a_method_that_breaks_down_is_kept_as_such(
    monkeypatch: pytest.MonkeyPatch, smoke: Path
) -> None:
    found, _ = follow(monkeypatch, smoke, [("cycler", {"rate": 77.0, "salt": "FSI"})])
    assert found.error.startswith("KeyError")
    (method,) = figures(load(smoke), [found]).methods
    assert (method.n_seeds, method.n_failed, method.reached) == (0, 1, ())


def test_a_run_can_be_stopped(smoke: Path) -> None:
    with pytest.raises(StoppedError):
        run(load(smoke), "random", 0, lambda: True)


def test_equal_content_has_an_equal_key(smoke: Path, tmp_path: Path) -> None:
    problem = load(smoke)
    key = key_of(problem, "random", 0)
    assert key_of(load(smoke), "random", 0) == key
    assert key_of(problem, "random", 1) != key
    assert key_of(problem, "bigloop", 0) != key
    table = tmp_path / "smoke.csv"
    table.write_text(table.read_text().replace("110", "111"))
    assert key_of(load(smoke), "random", 0) != key


def made(method: str, seed: int, regret: tuple[float, ...]) -> Run:
    n = len(regret)
    return Run(
        key=f"{method}{seed}",
        benchmark="smoke",
        method=method,
        version="1",
        seed=seed,
        cost=tuple(float(i + 1) for i in range(n)),
        source=("cycler",) * n,
        regret=regret,
        core_s=(0.1,) * n,
        n_predicted=10,
        n_inside=9,
        recommended=regret[-1],
    )


def test_who_was_best_by_hand(smoke: Path) -> None:
    """The thresholds of 12 designs are 0 and 0: the best one.

    Seed 0: a finds at 2, b at 3. Seed 1: both at 1, shared. Seed 2: neither finds; b
    ends lower. Seed 3 is of a alone, and is not compared.
    """
    problem = load(smoke)
    assert problem.thresholds == (0.0, 0.0)
    runs = [
        made("a", 0, (0.5, 0.0, 0.0)),
        made("b", 0, (0.5, 0.5, 0.0)),
        made("a", 1, (0.0, 0.0, 0.0)),
        made("b", 1, (0.0, 0.0, 0.0)),
        made("a", 2, (0.5, 0.4, 0.4)),
        made("b", 2, (0.5, 0.5, 0.3)),
        made("a", 3, (0.0,)),
    ]
    a, b = figures(problem, runs).methods
    assert (a.n_best, b.n_best) == (1.5, 1.5)
    assert (a.n_compared, b.n_compared) == (3, 3)
    assert (a.n_seeds, b.n_seeds) == (4, 3)
    assert a.reached[0].n_reached == 3
    # Costs of b: 3, 1, never.
    assert b.reached[0].cost.median == 3.0
    assert b.reached[0].cost.low == 2.0
    assert b.reached[0].cost.high is None
    assert b.coverage is not None
    assert (b.coverage.n, b.coverage.n_inside) == (30, 27)
    # Wilson's interval of 27 of 30: 0.744 to 0.965.
    assert b.coverage.low == pytest.approx(0.744, abs=5e-4)
    assert b.coverage.high == pytest.approx(0.965, abs=5e-4)


def test_the_curve_by_hand(smoke: Path) -> None:
    runs = [made("a", seed, (0.8, 0.2 * seed)) for seed in range(3)]
    (a,) = figures(load(smoke), runs).methods
    curve = {round(cost, 9): rest for cost, *rest in a.curve}
    assert curve[0.5] == [None, None, None]
    assert curve[1.0] == [0.8, 0.8, 0.8]
    assert curve[6.0] == pytest.approx([0.1, 0.2, 0.3])


def test_quantiles_know_what_was_never_reached() -> None:
    inf = float("inf")
    assert quantile([4.0], 0.9) == 4.0
    assert quantile([1.0, 2.0, 3.0, inf], 0.5) == 2.5
    assert quantile([1.0, inf, inf], 0.5) == inf
    assert spread([inf, inf]).median is None
