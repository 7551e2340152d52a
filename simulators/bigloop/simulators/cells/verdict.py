"""Whether the result of a solver can be believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from bigloop.simulators.cells.record import FAST_CHARGE_END, SKIPPED, Cycle, Policy

ENDS: dict[str, tuple[str, ...]] = {
    "C1": ("Q1", "Voltage"),
    "C2": ("Q2", "Voltage"),
    "CC charge": ("Voltage",),
    "CV charge": ("C-rate",),
    "CC discharge": ("Voltage",),
    "CV discharge": ("C-rate",),
}
"""The steps of a cycle in order, and the events that may end each."""
CHARGE_ERROR = 1e-3
"""Of the charge of a step, over nominal capacity; an event is located to 1e-5."""
BALANCE_ERROR = 0.02
"""Of a whole cycle: a cell that leaks more than this is no cell."""
LITHIUM_ERROR = 1e-3
"""Relative, between what the particles lost and what the side reactions took."""
LIVE_MOL_M3 = -1e-2
"""Live plated lithium below this is a false solution; see `cycler.unfloored`. It
conserves lithium and ends by the right events, and the loss is up to 30 % off."""


def problem(policy: Policy, cycles: Sequence[Cycle], n_cycles: int) -> str | None:
    """The first thing that is wrong with a result, in one line; none: nothing is."""
    for number, cycle in enumerate(cycles, start=1):
        found = _steps(cycle) or _numbers(cycle) or _charges(policy, cycle, number)
        if found:
            return f"cycle {number}: {found}"
    if len(cycles) != n_cycles:
        return f"{len(cycles)} of {n_cycles} cycles were run"
    return _growth(cycles)


def _steps(cycle: Cycle) -> str | None:
    if len(cycle.steps) != len(ENDS):
        reason = f" ({cycle.reason})" if cycle.reason else ""
        return f"cut short after {len(cycle.steps)} of {len(ENDS)} steps{reason}"
    previous = ""
    for step, (name, ends) in zip(cycle.steps, ENDS.items(), strict=True):
        # Nothing to do: Q1 of 0 or 80 %, or the voltage limit was there already.
        may_skip = name in ("C1", "C2") or (name == "CC charge" and previous != "Q2")
        if not (step.termination.startswith(ends) or (may_skip and _skipped(step))):
            return f"step {name} ended by {step.termination!r}, not by {ends[0]}"
        previous = step.termination.split(" ")[0]
    return None


def _skipped(step: object) -> bool:
    return getattr(step, "termination", "") == SKIPPED


def _numbers(cycle: Cycle) -> str | None:
    if not all(math.isfinite(number) for number in cycle.numbers):
        return "the solution is not finite"
    if cycle.live_mol_m3 < LIVE_MOL_M3:
        return f"live plated lithium is {cycle.live_mol_m3:.3g} mol/m3, below 0"
    lost, taken = cycle.lost_by_particles_mol, cycle.taken_by_reactions_mol
    if not math.isclose(lost, taken, rel_tol=LITHIUM_ERROR, abs_tol=1e-12):
        return (
            f"lithium is not conserved: the particles lost {lost:.4g} mol, the side "
            f"reactions took {taken:.4g} mol"
        )
    return None


def _charges(policy: Policy, cycle: Cycle, number: int) -> str | None:
    first, second = (step.charge for step in cycle.fast)
    targets = {"C1": policy.Q1, "C2": FAST_CHARGE_END - first}
    for step, reached in zip(cycle.fast, (first, second), strict=True):
        target = targets[step.name]
        if reached > target + CHARGE_ERROR:
            return f"step {step.name} passed {reached:.4f}, more than {target:.4f}"
        if step.termination.startswith("Q") and reached < target - CHARGE_ERROR:
            return f"step {step.name} passed {reached:.4f}, not {target:.4f}"
    charged = sum(step.charge for step in cycle.steps if step.charge > 0)
    if number > 1 and abs(charged - cycle.discharged) > BALANCE_ERROR:
        return f"{charged:.4f} was charged, but {cycle.discharged:.4f} discharged"
    return None


def _growth(cycles: Sequence[Cycle]) -> str | None:
    if not cycles[0].lost_percent > 0:
        return (
            f"the loss after one cycle is {cycles[0].lost_percent:.3g} %, not above 0"
        )
    for number, (before, after) in enumerate(pairwise(cycles), start=2):
        if after.lost_percent <= before.lost_percent:
            return f"cycle {number}: the cell gained lithium"
        if after.sei_nm <= before.sei_nm:
            return f"cycle {number}: the SEI did not grow"
    gain = cycles[-1].discharged - cycles[0].discharged
    if gain > 0:
        return f"the capacity rose by {100 * gain:.3g} %"
    return None
