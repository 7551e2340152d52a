"""All-solid-state composite electrodes: silicon, solid electrolyte, carbon, void."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.microstructure import laws
from bigloop.simulators.microstructure.fields import (
    Field,
    distances,
    noise,
    points,
    take,
)
from bigloop.simulators.microstructure.particles import pack
from bigloop.simulators.microstructure.structure import (
    Composite,
    Structure,
    check_box,
    check_range,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeDesign:
    """How an electrode is made.

    Raises:
        SpecError: a value is out of its range, or nothing is left for the electrolyte.
    """

    silicon: float = 0.4
    """Mass fraction."""
    carbon: float = 0.05
    """Mass fraction; the rest is electrolyte."""
    silicon_um: float = 2.0
    """Median diameter of the silicon particles [um]."""
    electrolyte_um: float = 1.5
    """Diameter of the electrolyte particles [um]."""
    pressure_MPa: float = 300.0
    mixing_min: float = 30.0
    silicon_porosity: float = 0.0
    """Void inside the silicon particles, part of their volume."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, low, high, unit in (
            ("silicon", 0.02, 0.9, ""),
            ("carbon", 0.0, 0.2, ""),
            ("silicon_um", 0.02, 20.0, "um"),
            ("electrolyte_um", 0.02, 20.0, "um"),
            ("pressure_MPa", 0.0, 1000.0, "MPa"),
            ("mixing_min", 0.0, 1000.0, "min"),
            ("silicon_porosity", 0.0, 0.6, ""),
        ):
            check_range(name, getattr(self, name), low, high, unit)
        if self.silicon + self.carbon > 0.95:
            raise SpecError(
                f"silicon + carbon: {self.silicon + self.carbon:g}: leave 0.05 or more "
                "for the electrolyte"
            )

    @property
    def fractions(self) -> dict[Composite, float]:
        """Volume fractions that are aimed at; pores inside silicon count as void."""
        mass = {
            "silicon": self.silicon,
            "carbon": self.carbon,
            "electrolyte": 1 - self.silicon - self.carbon,
        }
        solid = laws.volume_fractions(mass, 0.0)
        porosity = laws.porosity(self.pressure_MPa, solid["electrolyte"])
        found = laws.volume_fractions(mass, porosity)
        # Porous particles of the same mass take more room, which all phases give up.
        inner = found["silicon"] * self.silicon_porosity / (1 - self.silicon_porosity)
        whole = 1 + inner
        return {
            Composite.VOID: (porosity + inner) / whole,
            Composite.SILICON: found["silicon"] / whole,
            Composite.ELECTROLYTE: found["electrolyte"] / whole,
            Composite.CARBON: found["carbon"] / whole,
        }


def make_composite(
    design: CompositeDesign,
    shape: tuple[int, ...] = (256, 256),
    voxel_um: float = 0.1,
    seed: int = 0,
) -> Structure:
    """Make an electrode; periodic, the same seed gives the same bits.

    Silicon particles are angular shards (log-normal sizes, spread 0.35). Between them
    lie electrolyte particles, the cells of a tessellation: void remains where three or
    four of them meet and at silicon, which does not yield; carbon lies along their
    seams, in agglomerates whose size falls with mixing. All phases but silicon, which
    comes in whole particles, fill exactly what is left in their proportions.

    Raises:
        SpecError: the box cannot be made, or a particle is smaller than two cells.
    """
    check_box(shape, voxel_um, seed)
    for name in ("silicon_um", "electrolyte_um"):
        check_range(name, getattr(design, name), 2 * voxel_um, 1e9, "um (two cells)")
    aim = design.fractions
    streams = np.random.default_rng(seed).spawn(5)
    inner = aim[Composite.SILICON] / (1 - design.silicon_porosity)
    packing = pack(shape, inner, design.silicon_um / voxel_um, 0.35, streams[0])
    size = design.electrolyte_um / voxel_um
    near, _ = distances(shape, points(shape, size, streams[1]), len(shape) + 1)
    near = near.astype(np.float32)
    rough = noise(shape, max(1.5, 0.08 * size), streams[2])
    image = np.full(shape, Composite.ELECTROLYTE, dtype=np.uint8)
    image[packing.label > 0] = Composite.SILICON
    _add_inner_pores(image, design, voxel_um, streams[3])
    outside = packing.label == 0
    rest = _shares(design, int(outside.sum()))
    void = take(_looseness(near, outside, size) + 0.1 * rough, outside, rest["void"])
    image[void] = Composite.VOID
    length = laws.agglomerate_um(design.mixing_min) / voxel_um
    clump = noise(shape, max(length / 2, 0.8), streams[4])
    seam = near[..., 1] - near[..., 0]
    score = clump - 3.0 * seam / size + 0.15 * rough
    image[take(score, outside & ~void, rest["carbon"])] = Composite.CARBON
    return Structure(
        image=image,
        voxel_um=voxel_um,
        seed=seed,
        particle=packing.label,
        diameter_um=packing.diameter * voxel_um,
        seam=(0.5 * seam * voxel_um).astype(np.float32),
    )


def _shares(design: CompositeDesign, cells: int) -> dict[str, int]:
    """Cells of void and carbon among those outside the silicon particles."""
    aim = design.fractions
    silicon, pores = aim[Composite.SILICON], design.silicon_porosity
    inner = silicon * pores / (1 - pores)
    void, carbon = aim[Composite.VOID] - inner, aim[Composite.CARBON]
    whole = 1 - silicon - inner
    return {
        "void": round(cells * void / whole),
        "carbon": round(cells * carbon / whole),
    }


def _looseness(near: Field, outside: NDArray[np.bool_], size: float) -> Field:
    """How likely a cell stays void: where d + 1 particles meet, and at silicon."""
    from scipy import ndimage

    junction = (near[..., -1] - near[..., 0]) / size
    gap = ndimage.distance_transform_edt(outside) / size
    found: Field = -junction - 0.35 * np.minimum(gap, 0.6)
    return found


def _add_inner_pores(
    image: NDArray[np.uint8],
    design: CompositeDesign,
    voxel_um: float,
    rng: np.random.Generator,
) -> None:
    silicon = image == Composite.SILICON
    n = round(design.silicon_porosity * int(silicon.sum()))
    if n:
        length = max(0.12 * design.silicon_um / voxel_um, 1.0)
        image[take(noise(image.shape, length, rng), silicon, n)] = Composite.VOID
