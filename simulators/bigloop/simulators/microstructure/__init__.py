"""Microstructures of electrodes: made, aged, described."""

from bigloop.simulators.microstructure import laws
from bigloop.simulators.microstructure.ageing import age_composite, age_contact
from bigloop.simulators.microstructure.composite import CompositeDesign, make_composite
from bigloop.simulators.microstructure.contact import ContactDesign, make_contact
from bigloop.simulators.microstructure.descriptors import (
    Connectivity,
    chords,
    connectivity,
    describe,
    fractions,
    interface,
    surface,
    two_point,
)
from bigloop.simulators.microstructure.structure import Composite, Contact, Structure

__all__ = [
    "Composite",
    "CompositeDesign",
    "Connectivity",
    "Contact",
    "ContactDesign",
    "Structure",
    "age_composite",
    "age_contact",
    "chords",
    "connectivity",
    "describe",
    "fractions",
    "interface",
    "laws",
    "make_composite",
    "make_contact",
    "surface",
    "two_point",
]
