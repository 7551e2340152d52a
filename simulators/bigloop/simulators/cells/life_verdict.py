"""Whether solved cycles of a life can be believed; each doubt has its class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from bigloop.contracts import FailureClass
from bigloop.simulators.cells.lifecycle import LifeCycle
from bigloop.simulators.cells.protocol import Protocol
from bigloop.simulators.cells.states import Reading

Doubt = tuple[FailureClass, str]
ENDS = {
    "C": ("voltage", "charge", "skipped"),
    "hold": ("taper", "skipped"),
    "rest": ("final time",),
    "discharge": ("voltage",),
}
"""What may end each kind of step."""
LITHIUM_ERROR = 2e-3
"""Relative, between what the particles lost and what the side reactions took."""
BALANCE_ERROR = 0.02
"""Of the charge of a cycle, between in and out: a cell that leaks more is none, apart
from what ageing took."""
LEAST_CHARGE = 0.01
"""Of the nominal capacity: below it the cell was not cycled."""
VOLTAGE_ERROR_V = 5e-3
NOISE = 1e-6
"""Relative fall that the solver's tolerance explains in what can only grow."""
LIVE_MOL_M3 = -0.05
"""Smallest live plated lithium: at equilibrium it is stripped to 0, which the solver
meets within its absolute tolerance times the scale of the variable."""


def cycle_doubt(
    cycle: LifeCycle, protocol: Protocol, nominal_Ah: float
) -> Doubt | None:
    """What is wrong with one cycle; none: nothing is."""
    steps = _steps(cycle)
    if steps:
        return FailureClass.SOLVER, steps
    for step in cycle.steps:
        if wrong := _state(step.last) or _state(step.first):
            return FailureClass.SOLVER, f"step {step.name}: {wrong}"
    return _charge(cycle, protocol, nominal_Ah)


def life_doubt(cycles: Sequence[tuple[int, LifeCycle]]) -> Doubt | None:
    """What is wrong with the order of cycles; `cycles` with their numbers."""
    for (_, before), (number, after) in pairwise(cycles):
        for what, old, new in _growing(before.end, after.end):
            if new < old - NOISE * max(abs(old), abs(new)):
                return (
                    FailureClass.SOLVER,
                    f"cycle {number}: {what} fell from {old:.6g} to {new:.6g}",
                )
    return None


def _steps(cycle: LifeCycle) -> str:
    for step in cycle.steps:
        kind = step.name.split(" ")[0].rstrip("0123456789")
        if step.termination not in ENDS[kind]:
            return f"step {step.name} ended by {step.termination!r}"
    return ""


def _state(reading: Reading) -> str:
    import numpy as np

    for name in Reading.__slots__:
        if not np.isfinite(getattr(reading, name)).all():
            return f"{name} is not finite"
    for name, values in (("electrolyte", reading.electrolyte), ("SEI", reading.sei)):
        if values.min() < 0:
            return f"{name} is negative: {values.min():.3g}"
    if not 0 < reading.porosity.min() <= reading.porosity.max() < 1:
        return f"porosity is {reading.porosity.min():.3g}, not between 0 and 1"
    for name in ("negative", "positive"):
        values = getattr(reading, name)
        if not (values.min() > 0 and values.max() < 1):
            return f"{name} stoichiometry is not between 0 and 1"
    if reading.live.min() < LIVE_MOL_M3:
        return f"live plated lithium is {reading.live.min():.3g} mol/m3, below 0"
    lost, taken = float(reading.lost[0]), float(reading.taken[0])
    if not math.isclose(lost, taken, rel_tol=LITHIUM_ERROR, abs_tol=1e-9):
        return (
            f"lithium is not conserved: the particles lost {lost:.4g} mol, the side "
            f"reactions took {taken:.4g} mol"
        )
    return ""


def _charge(cycle: LifeCycle, protocol: Protocol, nominal_Ah: float) -> Doubt | None:
    charged, discharged = cycle.charged_Ah, cycle.capacity_Ah
    if min(charged, discharged) < LEAST_CHARGE * nominal_Ah:
        return (
            FailureClass.CHEMISTRY,
            f"{charged:.3g} A.h were charged and {discharged:.3g} A.h discharged: with "
            "these rates and cut-offs the cell is not cycled",
        )
    for step in cycle.steps:
        voltage = float(step.last.voltage[0])
        if not (
            protocol.lower_voltage - VOLTAGE_ERROR_V
            <= voltage
            <= protocol.upper_voltage + VOLTAGE_ERROR_V
        ):
            return FailureClass.SOLVER, f"step {step.name} ended at {voltage:.4g} V"
    return None


def _growing(before: Reading, after: Reading) -> list[tuple[str, float, float]]:
    """What ageing can only increase, before and after."""
    pairs = {
        "SEI thickness": (before.sei.mean(), after.sei.mean()),
        "lithium lost to the SEI": (before.sei_lithium[0], after.sei_lithium[0]),
        "lithium lost to SEI on cracks": (
            before.crack_lithium[0],
            after.crack_lithium[0],
        ),
        "lithium lost": (before.taken[0], after.taken[0]),
        "dead lithium": (before.dead.mean(), after.dead.mean()),
        "crack length": (before.crack.mean(), after.crack.mean()),
    }
    return [(name, float(a), float(b)) for name, (a, b) in pairs.items()]
