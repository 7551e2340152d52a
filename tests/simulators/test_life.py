"""The long-life cell: real PyBaMM throughout."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from bigloop.contracts import FailureClass, Outcome, Request, SpecError
from bigloop.simulators.cells import CellLifeSimulator

DESIGN: dict[str, float | str] = {
    "C1": 1.0,
    "discharge_rate": 1.0,
    "temperature": 298.15,
}
FAST_SEI = {"SEI solvent diffusivity [m2.s-1]": 2.5e-21}


def ask(until_age: float | None = None, **design: float) -> Request:
    return Request(trial="1", design={**DESIGN, **design}, until_age=until_age)


def values(outcome: Outcome) -> dict[str, float]:
    assert outcome.status == "success", outcome.message
    return {m.observable: m.value for m in outcome.measurements}


@pytest.fixture(scope="module")
def spme() -> CellLifeSimulator:
    return CellLifeSimulator("SPMe", overrides=FAST_SEI)


def test_a_jumped_life_is_the_full_life() -> None:
    """Half a per cent of the loss, and a third of the cycles."""
    whole, jumped = (
        CellLifeSimulator("SPM", overrides=FAST_SEI, jump_tolerance=t).evaluate(
            ask(100)
        )
        for t in (0.0, 1e-2)
    )
    assert whole.provenance["cycles_solved"] == 100
    assert jumped.provenance["cycles_solved"] < 30
    for name in ("capacity_loss", "lithium_loss"):
        assert values(jumped)[name] == pytest.approx(values(whole)[name], rel=5e-3)
    assert values(jumped)["capacity"] == pytest.approx(values(whole)["capacity"], 1e-4)
    assert all(m.age == 100 for m in jumped.measurements)


def test_the_film_grows_as_the_root_of_time(spme: CellLifeSimulator) -> None:
    """Diffusion through a film: thickness^2 is linear in time [Single2018]."""
    life = spme.run(DESIGN, [50, 100, 200])
    assert life.failure is None
    square = {age: life.values(age)["sei_thickness"] ** 2 for age in (50, 100, 200)}
    early, late = square[100] - square[50], square[200] - square[100]
    assert late / early == pytest.approx(2.0, rel=0.02)


def test_lithium_is_conserved_over_jumps(spme: CellLifeSimulator) -> None:
    life = spme.run(DESIGN, [200])
    end = life.cycles[-1][1].end
    assert end.lost[0] == pytest.approx(end.taken[0], rel=1e-6)


def test_the_same_request_gives_the_same_bits(spme: CellLifeSimulator) -> None:
    first = spme.evaluate(ask(20))
    spme.evaluate(ask(15, C1=2.0))
    assert spme.evaluate(ask(20)).measurements == first.measurements
    fresh = CellLifeSimulator("SPMe", overrides=FAST_SEI)
    assert fresh.evaluate(ask(20)).measurements == first.measurements


def test_hotter_and_longer_costs_more(spme: CellLifeSimulator) -> None:
    cool, warm = (values(spme.evaluate(ask(30, temperature=t))) for t in (298, 318))
    late = values(spme.evaluate(ask(60)))
    assert cool["sei_thickness"] < warm["sei_thickness"]
    assert cool["lithium_loss"] < late["lithium_loss"]
    assert late["porosity"] < cool["porosity"]


def test_phases_of_one_protocol_are_one_life() -> None:
    """A phase begins its jumps anew; lives agree within the jump tolerance."""
    cells = CellLifeSimulator("SPM", overrides=FAST_SEI)
    whole = cells.run(DESIGN, [100])
    parts = cells.run_through([(60, DESIGN), (100, DESIGN)], [60, 100], DESIGN)
    for name in ("sei_thickness", "lithium_loss", "capacity"):
        assert parts.values(100)[name] == pytest.approx(whole.values(100)[name], 1e-2)
    assert [number for number, _ in parts.checks] == [0, 60, 100]


def test_heat_in_mid_life_speeds_the_film_up() -> None:
    """Arrhenius on the square of the thickness, at equal time [Single2018]."""
    cells = CellLifeSimulator("SPM", overrides=FAST_SEI)
    gained = {}
    for kelvin in (298.15, 318.15):
        late = {**DESIGN, "temperature": kelvin}
        life = cells.run_through([(50, DESIGN), (150, late)], [50, 150], DESIGN)
        before, after = (life.values(age)["sei_thickness"] for age in (50, 150))
        hours = np.mean(
            [sum(s.duration_s for s in c.steps) for n, c in life.cycles if n > 50]
        )
        gained[kelvin] = (after**2 - before**2) / hours
    arrhenius = np.exp(38000 / 8.314462618 * (1 / 298.15 - 1 / 318.15))
    assert gained[318.15] / gained[298.15] == pytest.approx(arrhenius, rel=0.02)


def test_a_phase_that_fails_leaves_what_came_before(spme: CellLifeSimulator) -> None:
    """The SPMe knows no empty electrolyte: such a rate empties it, and is refused."""
    cold = {**DESIGN, "temperature": 273.15, "C1": 4.0, "discharge_rate": 4.0}
    life = spme.run_through([(20, DESIGN), (40, cold)], [20, 40], DESIGN)
    assert life.failure is FailureClass.SOLVER
    assert "cycle 21" in life.reason
    assert life.values(20)["capacity_loss"] > 0
    with pytest.raises(KeyError):
        life.values(40)


@pytest.mark.parametrize(
    ("phases", "ages", "says"),
    [
        ([(20, DESIGN), (10, DESIGN)], [10], "let them rise"),
        ([(20, DESIGN)], [30], "let them rise"),
        ([(20, DESIGN)], [], "let them rise"),
        ([(20, DESIGN)], [0.5], "ages: 0.5"),
        ([(20, {**DESIGN, "film": 6e-9}), (30, DESIGN)], [30], "keeps them for life"),
    ],
)
def test_absurd_phases(phases: Any, ages: Any, says: str) -> None:
    cells = CellLifeSimulator(
        "SPM", free_parameters={"film": "Initial SEI thickness [m]"}
    )
    phases = [(until, {"film": 5e-9, **design}) for until, design in phases]
    with pytest.raises(SpecError, match=says):
        cells.run_through(phases, ages, {"film": 5e-9, **DESIGN})


def test_a_late_timeout_is_told(spme: CellLifeSimulator) -> None:
    outcome = spme.evaluate(ask(100).model_copy(update={"timeout_s": 1e-6}))
    assert outcome.failure is FailureClass.TIMEOUT
    assert "before the step C1 of cycle 1" in outcome.message
    assert outcome.measurements == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"design": {**DESIGN, "C1": 1e6}}, "C1: 1000000"),
        ({"design": {**DESIGN, "C1": -1.0}}, "C1: -1"),
        ({"design": {**DESIGN, "C1": float("nan")}}, "C1: nan"),
        ({"design": {**DESIGN, "temperature": 10.0}}, "temperature: 10"),
        ({"design": {**DESIGN, "temperature": float("inf")}}, "temperature: inf"),
        ({"design": {**DESIGN, "C1": "fast"}}, "C1: 'fast'"),
        ({"until_age": 0.5}, "until_age: 0.5"),
        ({"until_age": 1e9}, "until_age: 1000000000"),
        ({"specimen": "a", "from_age": 10.0}, "specimen: 'a'"),
    ],
)
def test_absurd_requests(
    spme: CellLifeSimulator, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        spme.evaluate(ask().model_copy(update=changes))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"model": "SPMx"}, "SPM, SPMe, DFN"),
        ({"cycles": 0}, "cycles: 0"),
        ({"jump_tolerance": -1.0}, "jump_tolerance"),
        ({"sei": "magic"}, "sei: 'magic'"),
        ({"plating": "magic"}, "plating: 'magic'"),
        ({"sei_on_cracks": True}, "needs mechanics"),
        ({"protocol": {"C9": 1.0}}, "'C9' is not known"),
        ({"protocol": {"C1": 1.0}}, "fixed and free"),
        ({"protocol": {"charge_steps": 2}}, "C2, Q1 missing"),
        ({"protocol": {"rest": -1.0}}, "protocol.rest: -1"),
    ],
)
def test_absurd_options(options: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        CellLifeSimulator(**options)


def test_absurd_parameters() -> None:
    for options, says in (
        ({"parameters": "Chen2021"}, "did you mean 'Chen2020'"),
        ({"overrides": {"SEI resistivty [Ohm.m]": 1.0}}, "did you mean 'SEI resist"),
        ({"overrides": {"SEI resistivity [Ohm.m]": float("nan")}}, "finite"),
    ):
        with pytest.raises(SpecError, match=says) as caught:
            CellLifeSimulator(**options).evaluate(ask())
        assert "\n" not in str(caught.value)


def test_import_is_light() -> None:
    code = (
        "import sys\n"
        "from bigloop.simulators.cells import CellLifeSimulator\n"
        "CellLifeSimulator().capabilities()\n"
        "assert not {'pybamm', 'pandas', 'numpy', 'torch'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
