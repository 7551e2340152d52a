"""Parameters of an LFP/graphite cell that ages by SEI growth and lithium plating."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

from bigloop.contracts import SpecError
from bigloop.simulators.cells.engine import engine

NOMINAL_AH = 1.1
"""Of the cells of Severson et al. (A123 APR18650M1A)."""
LOWER_V, UPPER_V = 2.0, 3.6
CELL = "Prada2013"
"""LFP/graphite, A123 26650, 2.3 A.h [Prada2013]; in PyBaMM with the OCP and kinetics of
graphite of [Chen2020] and the OCP of LFP of [Afshar2017]."""
AGEING = "OKane2022"
"""SEI and plating on graphite [OKane2022], fitted to NMC/graphite cells."""
OPTIONS = {
    "SEI": "solvent-diffusion limited",
    "SEI porosity change": "true",
    "lithium plating": "partially reversible",
    "lithium plating porosity change": "true",
}
TAKEN = (
    # Prada's 3e-15 m2/s lets 52 % of the capacity out at 4C; the real cell gives
    # nearly all. OCP and kinetics of graphite are Chen's already, so is this, then.
    "Negative particle diffusivity [m2.s-1]",
    "Initial SEI thickness [m]",
    "Ratio of lithium moles to SEI moles",
    "SEI growth activation energy [J.mol-1]",
    "SEI partial molar volume [m3.mol-1]",
    "SEI resistivity [Ohm.m]",
    "SEI solvent diffusivity [m2.s-1]",
    "Bulk solvent concentration [mol.m-3]",
    "Dead lithium decay constant [s-1]",
    "Dead lithium decay rate [s-1]",
    "Exchange-current density for plating [A.m-2]",
    "Exchange-current density for stripping [A.m-2]",
    "Initial plated lithium concentration [mol.m-3]",
    "Lithium metal partial molar volume [m3.mol-1]",
    "Lithium plating kinetic rate constant [m.s-1]",
    "Lithium plating transfer coefficient",
    "Typical plated lithium concentration [mol.m-3]",
)
"""What comes from the ageing set."""
CITATIONS = (
    "Prada et al., J. Electrochem. Soc. 160, A616 (2013), doi:10.1149/2.053304jes",
    "Chen et al., J. Electrochem. Soc. 167, 080534 (2020), "
    "doi:10.1149/1945-7111/ab9050",
    "O'Kane et al., Phys. Chem. Chem. Phys. 24, 7909 (2022), doi:10.1039/D2CP00417H",
    "Sulzer et al. (PyBaMM), J. Open Res. Softw. 9, 14 (2021), doi:10.5334/jors.309",
)
BLIND_SPOTS = {
    "chemistry": "LFP/graphite of a 2.3 A.h cell scaled to 1.1 A.h; SEI and plating "
    "parameters of another cell (NMC): the size of the loss is not calibrated",
    "temperature": "isothermal: the heat of fast charging does not speed up ageing",
    "knee": "no loss of active material, cracking or drying: no knee, no life",
    "replicates": "deterministic: no spread between cells or batches",
}


def lfp_graphite(temperature_K: float, overrides: Mapping[str, float]) -> Any:
    """PyBaMM parameter values of the discharged new cell.

    Raises:
        SpecError: an override is no number, or not a parameter of this cell.
    """
    pybamm = engine()
    values = pybamm.ParameterValues(CELL)
    ageing = pybamm.ParameterValues(AGEING)
    values.update({name: ageing[name] for name in TAKEN}, check_already_exists=False)
    scale = NOMINAL_AH / values["Nominal cell capacity [A.h]"]
    changes = {
        "Electrode width [m]": values["Electrode width [m]"] * scale,
        "Nominal cell capacity [A.h]": NOMINAL_AH,
        "Ambient temperature [K]": temperature_K,
        "Initial temperature [K]": temperature_K,
    }
    values.update(changes, check_already_exists=False)
    for name, value in overrides.items():
        _check(name, value, list(values.keys()))
    values.update(dict(overrides))
    values.set_initial_state(0.0)
    return values


def _check(name: str, value: float, existing: list[str]) -> None:
    if name not in existing:
        near = difflib.get_close_matches(name, existing, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SpecError(f"overrides: {name!r} is no parameter of this cell{hint}")
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise SpecError(f"overrides.{name}: {value!r}: give a finite number")
