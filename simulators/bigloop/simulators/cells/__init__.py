"""Simulated ageing of cells; see `AgeingSimulator`."""

from bigloop.simulators.cells.ageing import AgeingSimulator
from bigloop.simulators.cells.record import Cycle, Policy, Step
from bigloop.simulators.cells.verdict import problem

__all__ = ["AgeingSimulator", "Cycle", "Policy", "Step", "problem"]
