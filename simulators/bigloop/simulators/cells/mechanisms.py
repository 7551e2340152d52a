"""Mechanisms of ageing of a cell, and what each model cannot see of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bigloop.contracts import SpecError

SEI = (
    "none",
    "reaction limited",
    "solvent-diffusion limited",
    "electron-migration limited",
    "interstitial-diffusion limited",
    "ec reaction limited",
)
PLATING = ("none", "irreversible", "partially reversible")
MECHANICS = ("none", "swelling and cracking")
THERMAL = ("isothermal", "lumped")
_CITATIONS = {
    "pybamm": "Sulzer et al. (PyBaMM), J. Open Res. Softw. 9, 14 (2021), "
    "doi:10.5334/jors.309",
    "jump": "Sulzer, Mohtat, Pannala, Siegel, Stefanopoulou, J. Electrochem. Soc. 168, "
    "120531 (2021), doi:10.1149/1945-7111/ac3e48",
    "okane": "O'Kane et al., Phys. Chem. Chem. Phys. 24, 7909 (2022), "
    "doi:10.1039/D2CP00417H",
    "chen": "Chen et al., J. Electrochem. Soc. 167, 080534 (2020), "
    "doi:10.1149/1945-7111/ab9050",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanisms:
    """What ages the cell, by the names of PyBaMM's options."""

    sei: str
    plating: str
    mechanics: str
    sei_on_cracks: bool
    thermal: str

    def check(self, model: str) -> None:
        """Refuse what does not exist or cannot be trusted.

        Raises:
            SpecError: a mechanism is unknown, or does not fit the others.
        """
        for name, known in (
            ("sei", SEI),
            ("plating", PLATING),
            ("mechanics", MECHANICS),
            ("thermal", THERMAL),
        ):
            if getattr(self, name) not in known:
                value = getattr(self, name)
                raise SpecError(f"{name}: {value!r}: there are {', '.join(known)}")
        if self.sei_on_cracks and self.mechanics != "swelling and cracking":
            raise SpecError("sei_on_cracks: needs mechanics 'swelling and cracking'")
        if self.sei_on_cracks and model != "DFN":
            raise SpecError(
                f"sei_on_cracks: PyBaMM's {model} takes that lithium from nowhere (its "
                "balance is off by all of it); take the DFN"
            )
        if self.sei_on_cracks and self.sei == "none":
            raise SpecError("sei_on_cracks: needs an sei that is not 'none'")

    @property
    def options(self) -> dict[str, str]:
        """Options of PyBaMM's model."""
        return {
            "SEI": self.sei,
            "SEI porosity change": _yes(self.sei != "none"),
            "lithium plating": self.plating,
            "lithium plating porosity change": _yes(self.plating != "none"),
            "particle mechanics": self.mechanics,
            "SEI on cracks": _yes(self.sei_on_cracks),
            "thermal": self.thermal,
        }

    def blind_spots(self, model: str) -> dict[str, str]:
        """What the model cannot see, by what it does not see."""
        spots = {
            "calibration": "SEI, plating and cracking parameters are those of the "
            "set, or of an NMC/graphite cell where it has none: sizes of losses are "
            "not calibrated",
            "replicates": "deterministic: no spread between cells or batches",
            "life": "no loss of active material and no drying of the electrolyte: a "
            "knee from these does not come",
        }
        if model == "SPM":
            spots["porosity"] = (
                "the SPM has no electrolyte: porosity and its clogging change nothing "
                "but the number that is reported"
            )
            spots["electrolyte"] = "the SPM has no electrolyte: rates look too harmless"
        if model in ("SPM", "SPMe"):
            spots["profiles"] = (
                f"the {model} ages the electrode evenly: no plating or SEI at the "
                "separator first"
            )
        if self.plating == "none":
            spots["plating"] = "no lithium plating: fast charge and cold look harmless"
        if self.mechanics == "none":
            spots["cracks"] = "no cracking: depth of discharge costs no fresh surface"
        elif not self.sei_on_cracks:
            spots["cracks"] = "cracks grow, but no SEI grows on them"
        if self.sei == "none":
            spots["sei"] = "no SEI growth: rest and calendar time cost nothing"
        if self.plating == "none" and self.mechanics == "none":
            spots["knee"] = "neither plating nor cracking: no knee at all"
        if self.thermal == "isothermal":
            spots["heat"] = "isothermal: the heat of fast charging ages nothing"
        else:
            spots["heat"] = "one lumped temperature: no hot spots or gradients"
        return spots

    @property
    def citations(self) -> tuple[str, ...]:
        """Of what runs."""
        return tuple(_CITATIONS.values())


def _yes(value: bool) -> str:
    return "true" if value else "false"


def unit_of(parameter: str) -> str:
    """The unit in the name of a PyBaMM parameter, as pint writes it.

    Raises:
        SpecError: the name has no unit in brackets that can be read.
    """
    found = re.search(r"\[([^\]]+)\]$", parameter)
    if found is None:
        return ""
    parts = re.findall(r"([A-Za-z]+)(-?\d+)?", found[1])
    return "*".join(f"{_UNITS.get(u, u)}**{p or 1}" for u, p in parts)


_UNITS = {"K": "kelvin", "C": "coulomb", "V": "volt", "A": "ampere", "J": "joule"}
