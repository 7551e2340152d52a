"""Bragg coherent diffraction: crystals, far-field patterns, iterative phasing.

Plain objects of arrays. Names are imported where they are first used: numpy, scipy and
torch stay out of `import bigloop.simulators.diffraction`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from bigloop.simulators.diffraction.strain import strain_of

_HOME = {
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
    "strain": ("strain_of",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE[name]}"), name)


__all__ = [
    "Crack",
    "Crystal",
    "Detector",
    "Dislocation",
    "Facets",
    "Grid",
    "Growth",
    "Reflection",
    "diffract",
    "far_field",
    "grow",
    "intensity",
    "object_of",
    "poisson",
    "random_facets",
    "strain_of",
    "wulff",
]
