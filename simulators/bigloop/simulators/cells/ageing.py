"""Ageing of a simulated cell under a two-step charging policy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from bigloop.contracts import (
    Capabilities,
    FailureClass,
    Measurement,
    Outcome,
    Request,
    SpecError,
)
from bigloop.simulators.cells import chemistry
from bigloop.simulators.cells.cycler import ATOL, MODELS, RTOL, Cycler, State
from bigloop.simulators.cells.engine import engine
from bigloop.simulators.cells.record import FAST_CHARGE_END, Cycle, Policy
from bigloop.simulators.cells.verdict import CHARGE_ERROR, problem
from bigloop.simulators.request import check

FASTEST_C = 20.0
_OBSERVABLES = {
    "simulated_loss": "percent",
    "simulated_fade": "percent",
    "sei_thickness": "nanometer",
    "plated_lithium": "A*hour",
}


class AgeingSimulator:
    """SEI growth and lithium plating in an LFP/graphite cell over a few cycles.

    `simulated_loss` is the loss of lithium inventory [percent] after `cycles` cycles,
    `simulated_fade` the loss of discharged capacity from the first to the last of them
    [percent], `sei_thickness` that of the SEI averaged over the electrode [nm],
    `plated_lithium` what is plated in the discharged cell, dead or live [A.h]. No life
    is extrapolated: this model has no knee, so a line through ten cycles is no life.

    A fast step that meets 3.6 V ends there, as on the cycler of the study: the outcome
    is a success for the policy with that limit, `executed` has the charge really
    passed, and the message says so. The same request gives the same bits.

    The model is built at the first evaluation (seconds) and kept; `cost` is the
    processor time of the evaluation without it.

    Failures: `solver` when the solver gives up or its result fails a check (see
    `cells.verdict`), `timeout` between two cycles, `chemistry` when the cell takes no
    charge in the fast steps.

    Args:
        model: `SPM`, `SPMe` or `DFN`.
        cycles: to run; the loss is that after the last.
        temperature_K: of the cell, which is isothermal; 30 °C in the study.
        overrides: values that replace parameters, by PyBaMM's names.

    Raises:
        SpecError: an option is out of range, or an override unknown (at the build).
    """

    def __init__(
        self,
        model: str = "SPMe",
        cycles: int = 10,
        temperature_K: float = 303.15,
        overrides: Mapping[str, float] | None = None,
    ) -> None:
        if model not in MODELS:
            raise SpecError(f"model: {model!r}: there are {', '.join(MODELS)}")
        if cycles < 2:
            raise SpecError(f"cycles: {cycles}: a fade needs 2 or more")
        if not 250 <= temperature_K <= 350:
            raise SpecError(
                f"temperature_K: {temperature_K:g}: give 250 to 350 kelvin, where the "
                "activation energies hold"
            )
        self._model, self._cycles = model, cycles
        self._temperature_K, self._overrides = temperature_K, dict(overrides or {})
        self._cycler: Cycler | None = None
        self._build_s = 0.0

    def capabilities(self) -> Capabilities:
        """C1, Q1 and C2 of the policy, and what is simulated; imports no PyBaMM."""
        return Capabilities(
            parameters={"C1": "1/hour", "Q1": "", "C2": "1/hour"},
            observables=_OBSERVABLES,
            blind_spots=chemistry.BLIND_SPOTS,
            citations=chemistry.CITATIONS,
        )

    def evaluate(self, request: Request) -> Outcome:
        """Run the cycles; what goes wrong in them is an outcome.

        Raises:
            SpecError: a parameter is unknown, missing or absurd.
        """
        check(request, self.capabilities())
        policy = _policy(request)
        cycler = self._built()
        began, cpu = time.monotonic(), time.thread_time()
        cycles, failure, reason = self._run(cycler, policy, request.timeout_s)
        if failure is None and (reason := problem(policy, cycles, self._cycles) or ""):
            failure = FailureClass.SOLVER
        if failure is None and sum(step.charge for step in cycles[0].fast) <= 0:
            failure, reason = FailureClass.CHEMISTRY, "the cell took no fast charge"
        return Outcome(
            status="success" if failure is None else "failure",
            failure=failure,
            message=reason or _limited(policy, cycles[0]),
            measurements=() if failure else tuple(_measurements(cycles)),
            cost={"core_second": time.thread_time() - cpu},
            executed=_executed(policy, cycles),
            duration_s=time.monotonic() - began,
            provenance=self._provenance(cycles),
        )

    def _built(self) -> Cycler:
        if self._cycler is None:
            began = time.monotonic()
            values = chemistry.lfp_graphite(self._temperature_K, self._overrides)
            self._cycler = Cycler(self._model, values)
            self._build_s = time.monotonic() - began
        return self._cycler

    def _run(
        self, cycler: Cycler, policy: Policy, timeout_s: float
    ) -> tuple[list[Cycle], FailureClass | None, str]:
        cycles: list[Cycle] = []
        state: State | None = None
        began = time.monotonic()
        for number in range(1, self._cycles + 1):
            # A solver in C cannot be interrupted: time is checked between cycles.
            if time.monotonic() - began > timeout_s:
                done = f"after {number - 1} of {self._cycles} cycles"
                return cycles, FailureClass.TIMEOUT, f"{timeout_s:g} s passed {done}"
            try:
                cycle, state = cycler.cycle(policy, state)
            except Exception as error:  # the solver's errors have no common class
                reason = f"cycle {number}: {' '.join(str(error).split())[:300]}"
                return cycles, FailureClass.SOLVER, reason
            cycles.append(cycle)
            if cycle.reason:
                break
        return cycles, None, ""

    def _provenance(self, cycles: list[Cycle]) -> dict[str, Any]:
        return {
            "pybamm": engine().__version__,
            "model": self._model,
            "options": dict(chemistry.OPTIONS),
            "parameter_sets": [chemistry.CELL, chemistry.AGEING],
            "overrides": self._overrides,
            "temperature_K": self._temperature_K,
            "solver": {"name": "IDAKLU", "rtol": RTOL, "atol": ATOL},
            "cycles": len(cycles),
            "ends": [step.termination for step in cycles[-1].steps] if cycles else [],
            "build_s": self._build_s,
            "citations": list(chemistry.CITATIONS),
        }


def _policy(request: Request) -> Policy:
    numbers: dict[str, float] = {}
    for name, value in request.design.items():
        if isinstance(value, str):
            raise SpecError(f"design.{name}: {value!r}: give a number")
        numbers[name] = value
    for name in ("C1", "C2"):
        if not 0 < numbers[name] <= FASTEST_C:
            raise SpecError(
                f"design.{name}: {numbers[name]:g}: give a rate above 0 and up to "
                f"{FASTEST_C:g} per hour"
            )
    if not 0 <= numbers["Q1"] <= FAST_CHARGE_END:
        raise SpecError(
            f"design.Q1: {numbers['Q1']:g}: give a state of charge from 0 to "
            f"{FAST_CHARGE_END:g}"
        )
    return Policy(**numbers)


def _executed(policy: Policy, cycles: list[Cycle]) -> dict[str, float | str]:
    """The policy as the first cycle ran it; exact where it ran as asked."""
    if not cycles or not cycles[0].steps:
        return {}
    reached = cycles[0].steps[0].charge
    if abs(reached - policy.Q1) <= CHARGE_ERROR:
        reached = policy.Q1
    return {"C1": policy.C1, "Q1": reached, "C2": policy.C2}


def _limited(policy: Policy, cycle: Cycle) -> str:
    """What the voltage limit kept from being executed."""
    first, end = cycle.fast[0].charge, sum(step.charge for step in cycle.fast)
    if min(first - policy.Q1, end - FAST_CHARGE_END) >= -CHARGE_ERROR:
        return ""
    return (
        f"{chemistry.UPPER_V:g} V was met in the fast charge: C1 ended at "
        f"{100 * first:.1f} % (asked {100 * policy.Q1:g} %), C2 at {100 * end:.1f} % "
        f"(asked {100 * FAST_CHARGE_END:g} %)"
    )


def _measurements(cycles: list[Cycle]) -> list[Measurement]:
    last = cycles[-1]
    values = {
        "simulated_loss": last.lost_percent,
        "simulated_fade": 100 * (1 - last.discharged / cycles[0].discharged),
        "sei_thickness": last.sei_nm,
        "plated_lithium": last.plated_Ah,
    }
    return [
        Measurement(observable=name, value=values[name], unit=unit)
        for name, unit in _OBSERVABLES.items()
    ]
