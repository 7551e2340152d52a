"""What is read from the state of a cell: names, and the numbers that come of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

OBSERVED = {
    "voltage": "Voltage [V]",
    "current": "Current [A]",
    "charge": "Discharge capacity [A.h]",
    "temperature": "X-averaged cell temperature [K]",
    "lost": "Total lithium lost from particles [mol]",
    "taken": "Total lithium lost to side reactions [mol]",
    "lli": "Loss of lithium inventory [%]",
    "sei": "Negative SEI thickness [m]",
    "sei_lithium": "Loss of lithium to negative SEI [mol]",
    "crack_lithium": "Loss of lithium to negative SEI on cracks [mol]",
    "plating": "Loss of capacity to negative lithium plating [A.h]",
    "live": "Negative lithium plating concentration [mol.m-3]",
    "dead": "Negative dead lithium concentration [mol.m-3]",
    "porosity": "Negative electrode porosity",
    "crack": "X-averaged negative particle crack length [m]",
    "electrolyte": "Electrolyte concentration [mol.m-3]",
    "negative": "Negative particle surface stoichiometry",
    "positive": "Positive particle surface stoichiometry",
}
"""PyBaMM's name of each variable that is read at both ends of a step. Fields over the
thickness of the electrode keep all points, from the collector to the separator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The observed variables of one state, each as an array of its points."""

    voltage: Vector
    current: Vector
    charge: Vector
    temperature: Vector
    lost: Vector
    taken: Vector
    lli: Vector
    sei: Vector
    sei_lithium: Vector
    crack_lithium: Vector
    plating: Vector
    live: Vector
    dead: Vector
    porosity: Vector
    crack: Vector
    electrolyte: Vector
    negative: Vector
    positive: Vector
