"""What a simulated cycle did: plain numbers, no PyBaMM."""

from __future__ import annotations

from dataclasses import dataclass

FAST_CHARGE_END = 0.8
"""State of charge at which the fast steps of every policy end."""
SKIPPED = "skipped"
"""Termination of a step that had nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Charge at `C1` up to the state of charge `Q1`, then at `C2` up to 80 %."""

    C1: float
    """[1/hour]"""
    Q1: float
    C2: float
    """[1/hour]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a cycle as it ran."""

    name: str
    charge: float
    """Charge passed over nominal capacity; positive when charging."""
    duration_s: float
    termination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle as it ran, and the cell after it."""

    steps: tuple[Step, ...]
    lost_percent: float
    """Loss of lithium inventory since the cell was new."""
    sei_nm: float
    plated_Ah: float
    """Plated lithium, dead and live."""
    live_mol_m3: float
    """Smallest concentration of plated lithium that can still be stripped."""
    lost_by_particles_mol: float
    taken_by_reactions_mol: float
    reason: str = ""
    """Why it was cut short, in the solver's words."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """Every number of the record, to be checked for NaN."""
        steps = [x for s in self.steps for x in (s.charge, s.duration_s)]
        state = (self.lost_percent, self.sei_nm, self.plated_Ah, self.live_mol_m3)
        lithium = (self.lost_by_particles_mol, self.taken_by_reactions_mol)
        return (*steps, *state, *lithium)

    @property
    def discharged(self) -> float:
        """Charge taken out over nominal capacity."""
        return -sum(step.charge for step in self.steps if step.charge < 0)

    @property
    def fast(self) -> tuple[Step, ...]:
        """The steps that the policy prescribes."""
        return self.steps[:2]
