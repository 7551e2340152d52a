"""The simulated cell: executed, checked, reproducible; real PyBaMM throughout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bigloop.contracts import FailureClass, Outcome, Request, SpecError
from bigloop.simulators.cells import AgeingSimulator


def ask(
    C1: float = 5.4, Q1: float = 0.4, C2: float = 3.6, timeout_s: float = 60
) -> Request:
    design: dict[str, float | str] = {"C1": C1, "Q1": Q1, "C2": C2}
    return Request(trial="1", design=design, timeout_s=timeout_s)


def values(outcome: Outcome) -> dict[str, float]:
    assert outcome.status == "success", outcome.message
    return {m.observable: m.value for m in outcome.measurements}


@pytest.fixture(scope="module")
def spme() -> AgeingSimulator:
    return AgeingSimulator("SPMe", cycles=3)


@pytest.fixture(scope="module")
def dfn() -> AgeingSimulator:
    return AgeingSimulator("DFN", cycles=3)


def test_ageing(spme: AgeingSimulator) -> None:
    outcome = spme.evaluate(ask())
    found = values(outcome)
    assert set(found) == set(spme.capabilities().observables)
    # Three cycles cost far below a per cent, and the film is that of a new cell.
    assert 0 < found["simulated_fade"] < found["simulated_loss"] < 0.1
    assert 5.0 < found["sei_thickness"] < 6.0
    assert found["plated_lithium"] > 0
    assert outcome.executed == {"C1": 5.4, "Q1": 0.4, "C2": 3.6}
    assert outcome.cost["core_second"] > 0
    assert outcome.message == ""
    assert outcome.provenance["cycles"] == 3
    assert outcome.provenance["pybamm"]


def test_the_same_request_gives_the_same_bits(spme: AgeingSimulator) -> None:
    first = spme.evaluate(ask())
    spme.evaluate(ask(C1=8, Q1=0.15))
    assert spme.evaluate(ask()).measurements == first.measurements
    fresh = AgeingSimulator("SPMe", cycles=3)
    assert fresh.evaluate(ask()).measurements == first.measurements


def test_full_and_reduced_model_agree(
    spme: AgeingSimulator, dfn: AgeingSimulator
) -> None:
    """Both resolve the electrolyte; averages cost a few per cent."""
    full = values(dfn.evaluate(ask()))
    reduced = values(spme.evaluate(ask()))
    assert reduced["simulated_loss"] == pytest.approx(full["simulated_loss"], rel=0.05)
    assert reduced["sei_thickness"] == pytest.approx(full["sei_thickness"], rel=1e-3)


@pytest.mark.parametrize(
    ("C1", "Q1", "C2"),
    [(5.0, 0.0, 4.0), (5.0, 0.8, 4.0), (4.8, 0.8, 4.8), (1.0, 0.02, 6.0)],
)
def test_policies_with_an_empty_step(
    spme: AgeingSimulator, C1: float, Q1: float, C2: float
) -> None:
    outcome = spme.evaluate(ask(C1, Q1, C2))
    assert values(outcome)["simulated_loss"] > 0
    assert outcome.executed == {"C1": C1, "Q1": Q1, "C2": C2}


def test_one_rate_is_one_policy(spme: AgeingSimulator) -> None:
    """With C1 = C2 the switch at Q1 does nothing."""
    losses = [values(spme.evaluate(ask(4.5, q, 4.5))) for q in (0.2, 0.6)]
    for name, one in losses[0].items():
        assert one == pytest.approx(losses[1][name], rel=1e-3)


def test_the_voltage_limit_is_told(spme: AgeingSimulator) -> None:
    outcome = spme.evaluate(ask(C1=15, Q1=0.6, C2=15))
    assert outcome.status == "success"
    executed = outcome.executed["Q1"]
    assert isinstance(executed, float)
    assert 0 < executed < 0.55
    assert "3.6 V was met in the fast charge: C1 ended at 16" in outcome.message


def test_faster_growth_of_the_film_costs_more() -> None:
    name = "SEI solvent diffusivity [m2.s-1]"
    losses = [
        values(AgeingSimulator("SPM", cycles=2, overrides={name: d}).evaluate(ask()))
        for d in (2.5e-22, 2.5e-21)
    ]
    assert losses[0]["sei_thickness"] < losses[1]["sei_thickness"]
    assert losses[0]["simulated_loss"] < losses[1]["simulated_loss"]


def test_nonsense_is_not_a_number() -> None:
    """PyBaMM takes a negative rate constant; lithium is gained, and nobody is told."""
    wrong = {"SEI solvent diffusivity [m2.s-1]": -2.5e-21}
    outcome = AgeingSimulator("SPM", cycles=2, overrides=wrong).evaluate(ask())
    assert outcome.failure is FailureClass.SOLVER
    assert outcome.measurements == ()
    assert outcome.message
    assert "\n" not in outcome.message


@pytest.mark.parametrize(
    "wrong",
    [{"Negative particle radius [m]": 1e-4}, {"SEI resistivity [Ohm.m]": 1e12}],
    ids=["error test fails on the way", "nothing can be started"],
)
def test_a_solver_that_gives_up_is_an_outcome(wrong: dict[str, float]) -> None:
    outcome = AgeingSimulator("SPM", cycles=2, overrides=wrong).evaluate(ask())
    assert outcome.failure is FailureClass.SOLVER
    assert outcome.message.startswith("cycle 1: ")
    assert "\n" not in outcome.message
    assert "Traceback" not in outcome.message


def test_time_is_up(spme: AgeingSimulator) -> None:
    outcome = spme.evaluate(ask(timeout_s=1e-6))
    assert outcome.failure is FailureClass.TIMEOUT
    assert "after" in outcome.message


@pytest.mark.parametrize(
    ("design", "says"),
    [
        ({"C1": -1.0, "Q1": 0.4, "C2": 3.6}, "C1: -1"),
        ({"C1": 0.0, "Q1": 0.4, "C2": 3.6}, "C1: 0"),
        ({"C1": 5.0, "Q1": 0.4, "C2": 1e6}, "C2: 1e"),
        ({"C1": 5.0, "Q1": 40.0, "C2": 3.6}, "Q1: 40"),
        ({"C1": 5.0, "Q1": -0.1, "C2": 3.6}, "Q1: -0.1"),
        ({"C1": "fast", "Q1": 0.4, "C2": 3.6}, "give a number"),
        ({"C1": 5.0, "Q1": 0.4}, "C2 missing"),
    ],
)
def test_absurd_requests(
    spme: AgeingSimulator, design: dict[str, float | str], says: str
) -> None:
    with pytest.raises(SpecError, match=says):
        spme.evaluate(Request(trial="1", design=design))


def test_absurd_options() -> None:
    with pytest.raises(SpecError, match="SPM, SPMe, DFN"):
        AgeingSimulator("SPMx")
    with pytest.raises(SpecError, match="cycles"):
        AgeingSimulator(cycles=1)
    with pytest.raises(SpecError, match="kelvin"):
        AgeingSimulator(temperature_K=30)
    with pytest.raises(SpecError, match="did you mean 'SEI resistivity"):
        AgeingSimulator(overrides={"SEI resistivty [Ohm.m]": 1.0}).evaluate(ask())


def test_import_is_light_and_nobody_is_asked(tmp_path: Path) -> None:
    """Also when PyBaMM is imported: no question, and nothing written into the home."""
    code = (
        "import sys\n"
        "from bigloop.simulators.cells import AgeingSimulator\n"
        "AgeingSimulator().capabilities()\n"
        "assert not {'pybamm', 'pandas', 'numpy', 'torch'} & set(sys.modules)\n"
        "from bigloop.simulators.cells.engine import engine\n"
        "assert engine().telemetry._posthog.disabled\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={"HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    written = [p for p in tmp_path.rglob("*") if "pybamm" in p.name.lower()]
    assert written == []


@pytest.mark.slow
@pytest.mark.parametrize("model", ["SPMe", "DFN"])
@pytest.mark.timeout(1800)  # 68 policies of DFN: minutes on a busy machine
def test_no_policy_of_the_study_runs_away(model: str) -> None:
    """The false solutions that the checks are for do not occur on the real policies."""
    from bigloop.simulators.table import TableLaboratory

    simulator = AgeingSimulator(model)
    for stock in TableLaboratory("severson2019").stock():
        outcome = simulator.evaluate(Request(trial="1", design=stock.design))
        assert outcome.status == "success", (stock.design, outcome.message)
