"""What is done to a cell over its life: formation, then ageing by charging policy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bigloop.contracts import Design, SpecError

MOST_CHARGE_STEPS = 6
BOUNDS: dict[str, tuple[str, float, float]] = {
    "upper_voltage": ("volt", 2.5, 5.0),
    "lower_voltage": ("volt", 1.5, 4.0),
    "discharge_rate": ("1/hour", 0.05, 10.0),
    "taper": ("1/hour", 0.01, 1.0),
    "rest": ("minute", 0.0, 1440.0),
    "temperature": ("kelvin", 253.15, 343.15),
    "formation_rate": ("1/hour", 0.02, 2.0),
}
"""Unit and range of each number of a protocol, apart from the charging policy."""
RATE = ("1/hour", 0.05, 10.0)
"""Of the charging steps `C1`, `C2`, ..."""
PART = ("", 0.0, 1.0)
"""Of `Q1`, `Q2`, ...: charge over nominal capacity, counted from the start of the
charge, at which the step of that number hands over to the next."""
DEFAULTS: dict[str, float] = {
    "upper_voltage": 4.2,
    "lower_voltage": 2.5,
    "discharge_rate": 1.0,
    "taper": 0.05,
    "rest": 0.0,
    "temperature": 298.15,
    "formation_rate": 0.1,
    "C1": 1.0,
}
"""Of what a protocol does not say; C2 and later, and the Q, have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One life, every number known; see `BOUNDS` for units."""

    rates: tuple[float, ...]
    """C1, C2, ... of the charging policy; each also ends at `upper_voltage`."""
    parts: tuple[float, ...]
    """Q1, Q2, ...: one fewer than the rates."""
    upper_voltage: float
    lower_voltage: float
    discharge_rate: float
    taper: float
    rest: float
    temperature: float
    formation_rate: float
    formation_cycles: int = 0

    def as_formation(self) -> Protocol:
        """A formation cycle: one slow rate both ways, else as in ageing."""
        return Protocol(
            rates=(self.formation_rate,),
            parts=(),
            upper_voltage=self.upper_voltage,
            lower_voltage=self.lower_voltage,
            discharge_rate=self.formation_rate,
            taper=self.taper,
            rest=self.rest,
            temperature=self.temperature,
            formation_rate=self.formation_rate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The document of a campaign: which numbers are fixed and which a design gives."""

    fixed: Mapping[str, float]
    free: tuple[str, ...]
    n_steps: int
    formation_cycles: int

    @property
    def units(self) -> dict[str, str]:
        """Unit of each free number."""
        return {name: bounds(name)[0] for name in self.free}

    def protocol(self, design: Design) -> Protocol:
        """The protocol of one design.

        Raises:
            SpecError: a number is out of its range, or the voltages cross.
        """
        values = dict(self.fixed)
        for name in self.free:
            values[name] = _number(f"design.{name}", name, design[name])
        if values["upper_voltage"] - values["lower_voltage"] < 0.1:
            raise SpecError(
                f"upper_voltage: {values['upper_voltage']:g}: give 0.1 V or more above "
                f"lower_voltage {values['lower_voltage']:g}"
            )
        parts = tuple(values[f"Q{i}"] for i in range(1, self.n_steps))
        if list(parts) != sorted(parts):
            raise SpecError(f"Q1..: {parts}: each must be at or above the one before")
        return Protocol(
            rates=tuple(values[f"C{i}"] for i in range(1, self.n_steps + 1)),
            parts=parts,
            formation_cycles=self.formation_cycles,
            **{name: values[name] for name in BOUNDS},
        )


def bounds(name: str) -> tuple[str, float, float]:
    """Unit, lowest and highest value of a number of a protocol."""
    if name in BOUNDS:
        return BOUNDS[name]
    return RATE if name.startswith("C") else PART


def plan(document: Mapping[str, object], free: tuple[str, ...] | list[str]) -> Plan:
    """Read the protocol document of a campaign.

    Args:
        document: `charge_steps` and `formation_cycles`, counts; and the numbers that
            are fixed, by the names in `BOUNDS`, `C1`, `Q1`, `C2`, ...
        free: names that the design gives.

    Raises:
        SpecError: a name is unknown, missing, or given twice; a number out of range.
    """
    given = dict(document)
    n_steps = _count("charge_steps", given.pop("charge_steps", 1), 1, MOST_CHARGE_STEPS)
    n_formation = _count("formation_cycles", given.pop("formation_cycles", 0), 0, 10)
    policy = [f"C{i}" for i in range(1, n_steps + 1)]
    policy += [f"Q{i}" for i in range(1, n_steps)]
    known = [*policy, *BOUNDS]
    for name in (*given, *free):
        if name not in known:
            raise SpecError(f"protocol: {name!r} is not known; there are {known}")
    if twice := [name for name in free if name in given]:
        raise SpecError(f"protocol.{twice[0]}: fixed and free at once; remove one")
    fixed = {k: v for k, v in DEFAULTS.items() if k not in free} | {
        name: _number(f"protocol.{name}", name, value) for name, value in given.items()
    }
    if missing := [n for n in known if n not in fixed and n not in free]:
        raise SpecError(f"protocol: {', '.join(missing)} missing; fix or free them")
    return Plan(
        fixed=fixed,
        free=tuple(dict.fromkeys(free)),
        n_steps=n_steps,
        formation_cycles=n_formation,
    )


def _count(name: str, value: object, low: int, high: int) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not low <= value <= high
    ):
        raise SpecError(
            f"protocol.{name}: {value!r}: give a whole number {low}..{high}"
        )
    return value


def _number(field: str, name: str, value: object) -> float:
    unit, low, high = bounds(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise SpecError(f"{field}: {value!r}: give a number")
    if math.isfinite(value) and low <= value <= high:
        return float(value)
    wanted = f"{low:g} to {high:g} {unit}".rstrip()
    raise SpecError(f"{field}: {value!r}: give a number from {wanted}")
