"""A generated image with what it was made from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError


class Composite(IntEnum):
    """Phases of an all-solid-state electrode."""

    VOID = 0
    SILICON = 1
    ELECTROLYTE = 2
    CARBON = 3


class Contact(IntEnum):
    """Phases of a contact of garnet electrolyte and cathode."""

    PORE = 0
    LLZO = 1
    BOUNDARY = 2
    """Grain boundaries of LLZO."""
    NMC = 3
    LAYER = 4
    """Reaction layer, such as La2Zr2O7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """An image of phases, the edge of its cells, and the fields that ageing follows."""

    image: NDArray[np.uint8]
    voxel_um: float
    seed: int
    particle: NDArray[np.int32]
    """Which particle of silicon, or grain of the contact, each cell is in."""
    diameter_um: NDArray[np.float64]
    """Diameters of the particles, by number; 0 is none."""
    seam: NDArray[np.float32]
    """Distance of each cell to the next seam of electrolyte or grains [um]."""

    def fraction(self, phase: int) -> float:
        """Volume fraction of a phase."""
        return float((self.image == phase).mean())


def check_range(name: str, value: float, low: float, high: float, unit: str) -> None:
    """Refuse what is not a finite number in a range.

    Raises:
        SpecError: names the field, the value and the range.
    """
    if not (math.isfinite(value) and low <= value <= high):
        raise SpecError(f"{name}: {value!r}: give {low:g} to {high:g} {unit}".rstrip())


def check_box(shape: tuple[int, ...], voxel_um: float, seed: int) -> None:
    """Refuse an image that cannot be made.

    Raises:
        SpecError: shape, edge of a cell or seed.
    """
    if len(shape) not in (2, 3) or min(shape) < 16:
        raise SpecError(f"shape: {shape}: give 2 or 3 axes of 16 cells or more")
    if math.prod(shape) > 2**28:
        raise SpecError(f"shape: {shape}: give at most 2^28 cells")
    check_range("voxel_um", voxel_um, 1e-4, 10, "um")
    if seed < 0:
        raise SpecError(f"seed: {seed}: give 0 or more")
