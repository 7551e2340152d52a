"""Cycles of a protocol on a `Stepper`, one record for each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bigloop.simulators.cells.jump import CycleError
from bigloop.simulators.cells.protocol import Protocol
from bigloop.simulators.cells.states import Reading
from bigloop.simulators.cells.stepper import TEMPERATURE, Control, Stepped, Stepper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

LONGEST_HOLD_S = 48 * 3600.0
LONGEST_CAPACITIES = 5.0
"""A step of constant current ends after it has passed so many nominal capacities."""


class TimeIsUp(Exception):
    """The time limit of the request has passed; told between two steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeCycle:
    """One solved cycle: its steps, and the cell after it."""

    steps: tuple[Stepped, ...] = field(repr=False)

    @property
    def end(self) -> Reading:
        """The cell after the cycle, discharged."""
        return self.steps[-1].last

    @property
    def charged_Ah(self) -> float:
        """Charge taken in."""
        return sum(max(0.0, -_passed(step)) for step in self.steps)

    @property
    def capacity_Ah(self) -> float:
        """Charge taken out between the cut-offs."""
        return sum(max(0.0, _passed(step)) for step in self.steps)

    @property
    def resistance_ohm(self) -> float:
        """Step of the voltage over step of the current as the discharge sets in.

        Ohmic, charge transfer and film, without what diffusion adds later.
        """
        before, step = next(
            (a, b)
            for a, b in zip(self.steps, self.steps[1:], strict=False)
            if b.name == "discharge"
        )
        current = step.first.current[0] - before.last.current[0]
        return float((before.last.voltage[0] - step.first.voltage[0]) / current)


def _passed(step: Stepped) -> float:
    return float(step.last.charge[0] - step.first.charge[0])


@dataclass(kw_only=True)
class Cycling:
    """Runs the cycles of one cell under one protocol, within a time limit."""

    stepper: Stepper
    protocol: Protocol
    inputs: Mapping[str, float]
    """Free parameters of the cell."""
    until: float
    """Time of `time.monotonic` at which to stop."""
    longest_s: float = 0.0
    """Wall time of the longest single step."""

    def formed(self) -> tuple[Vector, list[LifeCycle]]:
        """The cell after its formation, and the cycles of that."""
        y = self.stepper.fresh(self._inputs(self.protocol))
        cycles = []
        formation = self.protocol.as_formation()
        for number in range(1, self.protocol.formation_cycles + 1):
            y, cycle = self._run(formation, y, f"formation cycle {number}")
            cycles.append(cycle)
        return y, cycles

    def cycle(self, y: Vector, number: int) -> tuple[Vector, LifeCycle]:
        """One cycle of ageing.

        Raises:
            CycleError: the solver gave up, or a step did not end as it may.
            TimeIsUp: between two steps.
        """
        return self._run(self.protocol, y, f"cycle {number}")

    def read(self, y: Vector) -> Reading:
        """The observed variables of a state at rest."""
        return self.stepper.read(y, self._inputs(self.protocol))

    def _inputs(self, protocol: Protocol) -> dict[str, float]:
        return {TEMPERATURE: protocol.temperature, **self.inputs}

    def _run(
        self, protocol: Protocol, y: Vector, what: str
    ) -> tuple[Vector, LifeCycle]:
        inputs = self._inputs(protocol)
        start = float(self.stepper.read(y, inputs).charge[0])
        steps: list[Stepped] = []
        for control in controls(protocol, self.stepper.nominal_Ah, start):
            began = time.monotonic()
            if began > self.until:
                raise TimeIsUp(f"before the step {control.name} of {what}")
            try:
                step = self.stepper.step(control, y, inputs)
            except Exception as error:  # the solver's errors have no common class
                reason = " ".join(str(error).split())[:300]
                raise CycleError(f"{what}: step {control.name}: {reason}") from None
            finally:
                self.longest_s = max(self.longest_s, time.monotonic() - began)
            steps.append(step)
            y = step.y
        return y, LifeCycle(steps=tuple(steps))


def controls(
    protocol: Protocol, nominal_Ah: float, start_Ah: float
) -> Iterator[Control]:
    """The steps of one cycle; `start_Ah` is the discharge capacity at its start."""
    parts = (*protocol.parts, None)
    for i, (rate, part) in enumerate(zip(protocol.rates, parts, strict=True), start=1):
        yield Control(
            name=f"C{i}",
            max_s=LONGEST_CAPACITIES / rate * 3600,
            current_A=-rate * nominal_Ah,
            above_V=protocol.upper_voltage,
            until_charge_Ah=None if part is None else start_Ah - part * nominal_Ah,
        )
    yield Control(
        name="hold",
        max_s=LONGEST_HOLD_S,
        current_A=None,
        hold_V=protocol.upper_voltage,
        taper_C=protocol.taper,
    )
    if protocol.rest:
        yield Control(name="rest charged", max_s=60 * protocol.rest)
    yield Control(
        name="discharge",
        max_s=LONGEST_CAPACITIES / protocol.discharge_rate * 3600,
        current_A=protocol.discharge_rate * nominal_Ah,
        below_V=protocol.lower_voltage,
    )
    if protocol.rest:
        yield Control(name="rest discharged", max_s=60 * protocol.rest)
