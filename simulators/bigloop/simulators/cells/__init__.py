"""Simulated ageing of cells; see `AgeingSimulator` and `CellLifeSimulator`."""

from bigloop.simulators.cells.ageing import AgeingSimulator
from bigloop.simulators.cells.life import CellLifeSimulator
from bigloop.simulators.cells.living import Life
from bigloop.simulators.cells.record import Cycle, Policy, Step
from bigloop.simulators.cells.verdict import problem

__all__ = [
    "AgeingSimulator",
    "CellLifeSimulator",
    "Cycle",
    "Life",
    "Policy",
    "Step",
    "problem",
]
