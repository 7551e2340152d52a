"""Contacts of garnet and cathode: LLZO grains, NMC, a reaction layer, pores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.microstructure import laws
from bigloop.simulators.microstructure.fields import (
    Field,
    distances,
    noise,
    points,
    take,
)
from bigloop.simulators.microstructure.structure import (
    Contact,
    Structure,
    check_box,
    check_range,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDesign:
    """How a contact is sintered.

    Raises:
        SpecError: a value is out of its range.
    """

    temperature_C: float = 800.0
    hours: float = 1.0
    coating_nm: float = 5.0
    """Of the cathode; slows the reaction."""
    nmc_nm: float = 80.0
    """Size of the primary NMC particles [nm]."""
    boundary_nm: float = 2.0
    """Thickness of the grain boundaries [nm]."""
    roughness_nm: float = 8.0
    """Standard deviation of the height of the contact [nm]."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, low, high, unit in (
            ("temperature_C", 500.0, 1250.0, "degree Celsius"),
            ("hours", 0.01, 100.0, "hours"),
            ("coating_nm", 0.0, 50.0, "nm"),
            ("nmc_nm", 5.0, 5000.0, "nm"),
            ("boundary_nm", 0.2, 20.0, "nm"),
            ("roughness_nm", 0.0, 500.0, "nm"),
        ):
            check_range(name, getattr(self, name), low, high, unit)

    @property
    def grain_nm(self) -> float:
        """Grain size of the LLZO [nm]."""
        return laws.grain_nm(self.temperature_C, self.hours)

    @property
    def layer_nm(self) -> float:
        """Thickness of the reaction layer [nm]."""
        return laws.layer_nm(self.temperature_C, self.hours, self.coating_nm)

    @property
    def porosity(self) -> float:
        """Pores, part of the volume."""
        return laws.sintered_porosity(self.temperature_C, self.hours)


def make_contact(
    design: ContactDesign,
    shape: tuple[int, ...] = (256, 256),
    voxel_nm: float = 1.0,
    seed: int = 0,
) -> Structure:
    """Make a contact: NMC above (low indices of axis 0), LLZO below.

    Grains and particles are the cells of a tessellation of jittered points. Pores lie
    where three or four of them meet and at the contact, the reaction layer on both
    sides of the contact, deeper along grain boundaries. A boundary that is thinner than
    a cell is one cell thick. The same seed gives the same bits.

    Raises:
        SpecError: the box cannot be made.
    """
    check_box(shape, voxel_nm * 1e-3, seed)
    streams = np.random.default_rng(seed).spawn(5)
    height = _height(shape, design.roughness_nm / voxel_nm, streams[0])
    above = height < 0
    size = np.where(above, design.nmc_nm, design.grain_nm) / voxel_nm
    near, grain = _grains(shape, design, voxel_nm, above, streams[1:3])
    seam = 0.5 * (near[..., 1] - near[..., 0])
    image = np.where(above, Contact.NMC, Contact.LLZO).astype(np.uint8)
    half = max(0.5 * design.boundary_nm / voxel_nm, 0.5)
    image[~above & (seam < half)] = Contact.BOUNDARY
    waves = noise(shape, max(0.3 * design.layer_nm / voxel_nm, 2.0), streams[3])
    reach = 0.5 * design.layer_nm / voxel_nm * (1 + 0.25 * waves)
    depth = np.abs(height) * np.where(seam < 2 * half, 0.6, 1.0)
    image[depth < reach] = Contact.LAYER
    rough = noise(shape, 2.0, streams[4])
    score = (1.2 * rough - (near[..., -1] - near[..., 0])) / size
    score += 0.25 * np.exp(-((np.abs(height) - reach) ** 2) / 8)
    everywhere = np.ones(shape, dtype=np.bool_)
    image[take(score, everywhere, round(design.porosity * image.size))] = Contact.PORE
    sizes = np.full(int(grain.max()) + 1, design.grain_nm * 1e-3)
    sizes[np.unique(grain[above])] = design.nmc_nm * 1e-3
    return Structure(
        image=image,
        voxel_um=voxel_nm * 1e-3,
        seed=seed,
        particle=grain.astype(np.int32),
        diameter_um=sizes,
        seam=(seam * voxel_nm * 1e-3).astype(np.float32),
    )


def _height(
    shape: tuple[int, ...], roughness: float, rng: np.random.Generator
) -> Field:
    """Distance below the contact [cells], negative above it."""
    side = shape[1:]
    waves = noise(side, max(side) / 12, rng) * roughness
    depth = np.arange(shape[0]).reshape(-1, *(1,) * len(side)) - 0.45 * shape[0] + 0.5
    found: Field = depth - waves
    return found


def _grains(
    shape: tuple[int, ...],
    design: ContactDesign,
    voxel_nm: float,
    above: NDArray[np.bool_],
    streams: list[np.random.Generator],
) -> tuple[Field, NDArray[np.int64]]:
    """Distances to the next grains on the own side of the contact, and numbers."""
    k = len(shape) + 1
    cathode = points(shape, design.nmc_nm / voxel_nm, streams[0])
    garnet = points(shape, design.grain_nm / voxel_nm, streams[1])
    near_cathode, particle = distances(shape, cathode, k)
    near_garnet, grain = distances(shape, garnet, k)
    near = np.where(above[..., None], near_cathode, near_garnet)
    return near, np.where(above, particle + 1, grain + 1 + len(cathode))
