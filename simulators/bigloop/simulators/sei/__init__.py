"""SEI growth by kinetic Monte Carlo; see `SeiGrowthSimulator`.

Nothing here imports the compiler; `growth.Growth` does when it is built.
"""

from bigloop.simulators.sei.barriers import Barriers, box
from bigloop.simulators.sei.growth import End, Growth, Snapshot
from bigloop.simulators.sei.lattice import Lattice
from bigloop.simulators.sei.model import Event, Rules, Species
from bigloop.simulators.sei.observables import measure
from bigloop.simulators.sei.simulator import SeiGrowthSimulator

__all__ = [
    "Barriers",
    "End",
    "Event",
    "Growth",
    "Lattice",
    "Rules",
    "SeiGrowthSimulator",
    "Snapshot",
    "Species",
    "box",
    "measure",
]
