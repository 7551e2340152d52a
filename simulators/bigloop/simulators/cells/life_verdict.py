"""Whether solved cycles of a life can be believed; each doubt has its class."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
LEAST_CHARGE = 0.01
"""Of the nominal capacity: below it the cell was not cycled."""
VOLTAGE_ERROR_V = 5e-3
NOISE = 1e-6
"""Relative fall that the solver's tolerance explains in what can only grow."""
RISE_PERCENT = 0.01
"""Rise of the capacity that the settling of the first cycles explains."""
SMALL = {"lithium_loss": 1e-6, "plated_lithium": 1e-6}
"""Below 0 by so much is 0, to the solver's tolerance [percent, A.h]."""
DEPLETED_MOL_M3 = -1e-3
"""Of the salt: a depleted electrolyte is at 0 to the solver's absolute tolerance, which
is 1e-8 of some 1000 mol/m3 a step. The SPMe knows no limit, and goes far below."""
LIVE_MOL_M3 = -1e-2
"""Smallest live plated lithium: at equilibrium it is stripped to 0, which the solver
meets within its absolute tolerance times the scale of the variable."""


def cycle_doubt(
    cycle: LifeCycle, protocol: Protocol, nominal_Ah: float
) -> Doubt | None:
    """What is wrong with one cycle; none: nothing is."""
    if doubt := _steps(cycle):
        return doubt
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


def values_doubt(values: Mapping[str, float]) -> Doubt | None:
    """What is wrong with the observables at an age; none: nothing is."""
    for name, value in values.items():
        lowest = -RISE_PERCENT if name == "capacity_loss" else -SMALL.get(name, 0.0)
        if not (math.isfinite(value) and value >= lowest):
            return FailureClass.QUALITY, f"{name} is {value:.4g}: that is no ageing"
    return None


def _steps(cycle: LifeCycle) -> Doubt | None:
    for step in cycle.steps:
        kind = step.name.split(" ")[0].rstrip("0123456789")
        if step.termination in ENDS[kind]:
            continue
        said = f"step {step.name} ended by {step.termination!r}"
        if step.termination == "final time":
            hours = step.duration_s / 3600
            said = f"step {step.name} met no end within {hours:.3g} h"
        elif step.termination == "skipped":
            said = f"step {step.name}: the cell was at its end from the start"
        else:
            return FailureClass.SOLVER, said
        return FailureClass.CHEMISTRY, said
    return None


def _state(reading: Reading) -> str:
    import numpy as np

    for name in Reading.__slots__:
        if not np.isfinite(getattr(reading, name)).all():
            return f"{name} is not finite"
    if reading.electrolyte.min() < DEPLETED_MOL_M3:
        lowest = f"{reading.electrolyte.min():.3g} mol/m3"
        return f"the electrolyte falls to {lowest}: rates beyond this model"
    if reading.sei.min() < 0:
        return f"the SEI thickness is {1e9 * reading.sei.min():.3g} nm, below 0"
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
        over = float(step.last.voltage[0]) - protocol.upper_voltage
        under = protocol.lower_voltage - float(step.last.voltage[0])
        off = {"discharge": under}.get(step.name, over)
        if off > VOLTAGE_ERROR_V:
            return (
                FailureClass.SOLVER,
                f"step {step.name} passed its limit by {off:.3g} V",
            )
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
