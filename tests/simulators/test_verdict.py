"""Every check of a simulated cycle, one broken number at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bigloop.simulators.cells import Cycle, Policy, Step, problem

POLICY = Policy(C1=5.0, Q1=0.4, C2=4.0)


def step(name: str, charge: float, end: str) -> Step:
    return Step(name=name, charge=charge, duration_s=100, termination=end)


STEPS = (
    step("C1", 0.4, "Q1 [experiment]"),
    step("C2", 0.4, "Q2 [experiment]"),
    step("CC charge", 0.18, "Voltage > 3.6 [V] [experiment]"),
    step("CV charge", 0.02, "C-rate cut-off [experiment]"),
    step("CC discharge", -0.94, "Voltage < 2.0 [V] [experiment]"),
    step("CV discharge", -0.06, "C-rate cut-off [experiment]"),
)
FIRST = Cycle(
    steps=STEPS,
    lost_percent=0.01,
    sei_nm=5.1,
    plated_Ah=1e-5,
    live_mol_m3=0.0,
    lost_by_particles_mol=1e-6,
    taken_by_reactions_mol=1e-6,
)
SECOND = replace(FIRST, lost_percent=0.02, sei_nm=5.2)


def with_step(cycle: Cycle, index: int, **change: Any) -> Cycle:
    steps = list(cycle.steps)
    steps[index] = replace(steps[index], **change)
    return replace(cycle, steps=tuple(steps))


def test_a_good_result() -> None:
    assert problem(POLICY, [FIRST, SECOND], 2) is None


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (replace(SECOND, steps=STEPS[:4], reason="no luck"), "4 of 6 steps (no luck)"),
        (with_step(SECOND, 3, termination="final time"), "CV charge ended by 'final"),
        (with_step(SECOND, 4, termination="skipped"), "CC discharge ended by 'skip"),
        (with_step(SECOND, 2, termination="skipped"), "CC charge ended by 'skipped'"),
        (with_step(SECOND, 0, termination="Maximum voltage [V]"), "C1 ended by"),
        (with_step(SECOND, 0, charge=0.45), "C1 passed 0.4500, more than 0.4000"),
        (with_step(SECOND, 0, charge=0.35), "C1 passed 0.3500, not 0.4000"),
        (with_step(SECOND, 1, charge=0.35), "C2 passed 0.3500, not 0.4000"),
        (with_step(SECOND, 4, charge=-0.8), "1.0000 was charged, but 0.8600"),
        (replace(SECOND, sei_nm=float("nan")), "not finite"),
        (with_step(SECOND, 5, charge=float("nan")), "not finite"),
        (replace(SECOND, live_mol_m3=-1.07), "-1.07 mol/m3, below 0"),
        (replace(SECOND, taken_by_reactions_mol=2e-6), "not conserved"),
        (replace(SECOND, lost_percent=0.005), "gained lithium"),
        (replace(SECOND, sei_nm=5.1), "did not grow"),
        (with_step(SECOND, 4, charge=-0.941), "capacity rose"),
    ],
)
def test_what_is_wrong(second: Cycle, says: str) -> None:
    found = problem(POLICY, [FIRST, second], 2)
    assert found is not None
    assert says in found


def test_cycles_that_are_missing() -> None:
    assert problem(POLICY, [FIRST], 2) == "1 of 2 cycles were run"


@pytest.mark.parametrize("loss", [0.0, -0.01])
def test_a_loss_is_above_0(loss: float) -> None:
    found = problem(POLICY, [replace(FIRST, lost_percent=loss), SECOND], 2)
    assert found is not None
    assert "not above 0" in found


def test_the_voltage_limit_may_end_the_fast_steps() -> None:
    limit = "Voltage > 3.6 [V] [experiment]"
    limited = with_step(FIRST, 0, termination=limit, charge=0.3)
    limited = with_step(limited, 1, termination="skipped", charge=0.0)
    limited = with_step(limited, 2, charge=0.68)
    grown = replace(limited, lost_percent=0.02, sei_nm=5.2)
    assert problem(POLICY, [limited, grown], 2) is None
