"""The two kinds of structure as a campaign sees them: parameters, units, phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from bigloop.contracts import SpecError
from bigloop.simulators.microstructure.structure import Composite, Contact, Structure

CITATIONS = (
    "Heckel, Trans. Metall. Soc. AIME 221, 671 (1961)",
    "Burke, Turnbull, Prog. Met. Phys. 3, 220 (1952)",
    "Liu et al., ACS Nano 6, 1522 (2012)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What there is to vary of one kind of structure."""

    kind: str
    conditions: dict[str, str]
    """Unit of every manufacturing condition."""
    phases: type[IntEnum]
    carriers: dict[str, int]
    """Phase of every conductivity that may be varied; others do not conduct ions."""
    shape: tuple[int, ...]
    voxel_um: float

    def make(
        self,
        conditions: Mapping[str, float],
        shape: tuple[int, ...],
        voxel_um: float,
        seed: int,
        cycles: float = 0.0,
        stack_MPa: float = 10.0,
    ) -> Structure:
        """Make a structure and cycle it.

        Raises:
            SpecError: a condition or the box is out of range.
        """
        if self.kind == "composite":
            from bigloop.simulators.microstructure.ageing import age_composite
            from bigloop.simulators.microstructure.composite import (
                CompositeDesign,
                make_composite,
            )

            made = make_composite(CompositeDesign(**conditions), shape, voxel_um, seed)
            return age_composite(made, cycles, stack_MPa=stack_MPa) if cycles else made
        from bigloop.simulators.microstructure.ageing import age_contact
        from bigloop.simulators.microstructure.contact import (
            ContactDesign,
            make_contact,
        )

        design = ContactDesign(**conditions)
        made = make_contact(design, shape, voxel_um * 1e3, seed)
        return age_contact(made, cycles, stack_MPa=stack_MPa) if cycles else made


RECIPES = {
    "composite": Recipe(
        kind="composite",
        conditions={
            "silicon": "",
            "carbon": "",
            "silicon_um": "micrometer",
            "electrolyte_um": "micrometer",
            "pressure_MPa": "megapascal",
            "mixing_min": "minute",
            "silicon_porosity": "",
        },
        phases=Composite,
        carriers={
            "electrolyte_S_cm": Composite.ELECTROLYTE,
            "silicon_S_cm": Composite.SILICON,
        },
        shape=(64, 64, 64),
        voxel_um=0.2,
    ),
    "contact": Recipe(
        kind="contact",
        conditions={
            "temperature_C": "degC",
            "hours": "hour",
            "coating_nm": "nanometer",
            "nmc_nm": "nanometer",
            "boundary_nm": "nanometer",
            "roughness_nm": "nanometer",
        },
        phases=Contact,
        carriers={
            "llzo_S_cm": Contact.LLZO,
            "boundary_S_cm": Contact.BOUNDARY,
            "nmc_S_cm": Contact.NMC,
            "layer_S_cm": Contact.LAYER,
        },
        shape=(256, 256),
        voxel_um=0.001,
    ),
}


def recipe(kind: str) -> Recipe:
    """The recipe of a kind of structure.

    Raises:
        SpecError: there is none; names those that exist.
    """
    if kind not in RECIPES:
        raise SpecError(f"structure: {kind!r}: there are {', '.join(RECIPES)}")
    return RECIPES[kind]
