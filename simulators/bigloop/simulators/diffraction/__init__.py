"""Bragg coherent diffraction: crystals, far-field patterns, iterative phasing.

Plain objects of arrays. Names are imported where they are first used: numpy, scipy and
torch stay out of `import bigloop.simulators.diffraction`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigloop.simulators.diffraction.alignment import align, correlation
    from bigloop.simulators.diffraction.crystal import Crystal, Grid, Growth, grow
    from bigloop.simulators.diffraction.defects import Crack, Dislocation
    from bigloop.simulators.diffraction.detector import Detector
    from bigloop.simulators.diffraction.facets import Facets, random_facets, wulff
    from bigloop.simulators.diffraction.forward import (
        diffract,
        far_field,
        intensity,
        object_of,
        poisson,
    )
    from bigloop.simulators.diffraction.lattice import Reflection
    from bigloop.simulators.diffraction.overflow import restore_counts
    from bigloop.simulators.diffraction.phasing import Phasing, phase
    from bigloop.simulators.diffraction.preparation import Prepared, prepare
    from bigloop.simulators.diffraction.schedule import Step, parse
    from bigloop.simulators.diffraction.settings import PUBLISHED, Settings
    from bigloop.simulators.diffraction.simulator import DiffractionSimulator
    from bigloop.simulators.diffraction.starts import Starts, phase_many
    from bigloop.simulators.diffraction.strain import strain_of

_HOME = {
    "alignment": (
        "align",
        "correlation",
    ),
    "crystal": (
        "Crystal",
        "Grid",
        "Growth",
        "grow",
    ),
    "defects": (
        "Crack",
        "Dislocation",
    ),
    "detector": ("Detector",),
    "facets": (
        "Facets",
        "random_facets",
        "wulff",
    ),
    "forward": (
        "diffract",
        "far_field",
        "intensity",
        "object_of",
        "poisson",
    ),
    "lattice": ("Reflection",),
    "overflow": ("restore_counts",),
    "phasing": (
        "Phasing",
        "phase",
    ),
    "preparation": (
        "Prepared",
        "prepare",
    ),
    "schedule": (
        "Step",
        "parse",
    ),
    "settings": (
        "PUBLISHED",
        "Settings",
    ),
    "simulator": ("DiffractionSimulator",),
    "starts": (
        "Starts",
        "phase_many",
    ),
    "strain": ("strain_of",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE[name]}"), name)


__all__ = [
    "PUBLISHED",
    "Crack",
    "Crystal",
    "Detector",
    "DiffractionSimulator",
    "Dislocation",
    "Facets",
    "Grid",
    "Growth",
    "Phasing",
    "Prepared",
    "Reflection",
    "Settings",
    "Starts",
    "Step",
    "align",
    "correlation",
    "diffract",
    "far_field",
    "grow",
    "intensity",
    "object_of",
    "parse",
    "phase",
    "phase_many",
    "poisson",
    "prepare",
    "random_facets",
    "restore_counts",
    "strain_of",
    "wulff",
]
