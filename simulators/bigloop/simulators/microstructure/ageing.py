"""Ageing of generated structures: cracks, lost contact, thicker reaction layers.

The order in which cells open follows from the seed alone, and more cycles open more of
them: what is open stays open. A structure and the aged one are thus one field of view;
make the aged one from another seed for a pair that shares the design only.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.microstructure import laws
from bigloop.simulators.microstructure.fields import distances, noise, points, take
from bigloop.simulators.microstructure.structure import (
    Composite,
    Contact,
    Structure,
    check_range,
)

Mask = NDArray[np.bool_]
_STREAM = 7_001
"""Keeps the numbers of ageing apart from those of making."""


def age_composite(
    structure: Structure,
    cycles: float,
    *,
    utilisation: float = 0.5,
    stack_MPa: float = 10.0,
) -> Structure:
    """Cycle an all-solid-state electrode; the image shows it delithiated.

    Silicon above 0.15 um cracks along the borders of fragments, from the surface
    inwards (`laws.cracked`); a gap opens between silicon and its surroundings
    (`laws.detached`, `laws.gap_um`); seams of the electrolyte near both open half as
    far. Solid that gives way becomes void: the image keeps its size, the electrode does
    not swell.

    Args:
        structure: made by `make_composite`.
        cycles: full cycles.
        utilisation: part of the capacity of silicon that is used.
        stack_MPa: pressure on the stack.

    Raises:
        SpecError: a number is out of its range, or it is no composite.
    """
    _check(cycles, stack_MPa)
    check_range("utilisation", utilisation, 0.01, 1, "")
    image = structure.image.copy()
    if not (image == Composite.SILICON).any():
        raise SpecError("structure: there is no silicon: make one by make_composite")
    streams = np.random.default_rng([structure.seed, _STREAM]).spawn(3)
    diameter = _diameters(structure)
    broken = _cracks(structure, diameter, cycles, utilisation, streams[0])
    loose = _gaps(structure, diameter, cycles, utilisation, stack_MPa, streams[1])
    lost = 0.5 * laws.detached(cycles, utilisation, stack_MPa)
    open_seams = _seams(structure, lost, streams[2])
    image[broken | loose | open_seams] = Composite.VOID
    return replace(structure, image=image)


def age_contact(
    structure: Structure, cycles: float, *, stack_MPa: float = 10.0
) -> Structure:
    """Cycle a contact.

    The layer grows (`laws.layer_after_cycling_nm`), and where it met NMC when fresh,
    pores one cell wide open (`laws.contact_lost`).

    Raises:
        SpecError: a number is out of its range, or there is no contact.
    """
    from scipy import ndimage

    _check(cycles, stack_MPa)
    image, edge_nm = structure.image.copy(), structure.voxel_um * 1e3
    cathode, layer = image == Contact.NMC, image == Contact.LAYER
    garnet = (image == Contact.LLZO) | (image == Contact.BOUNDARY)
    start = layer if layer.any() else cathode & ndimage.binary_dilation(garnet)
    if not start.any():
        raise SpecError("structure: LLZO and NMC do not touch: there is no contact")
    area = structure.image[0].size
    thick_nm = float(layer.sum()) / area * edge_nm
    more = laws.layer_after_cycling_nm(thick_nm, cycles) - thick_nm
    rng = np.random.default_rng([structure.seed, _STREAM])
    reach = 0.5 * more / edge_nm * (1 + 0.25 * noise(image.shape, 4.0, rng))
    far = ndimage.distance_transform_edt(~start)
    image[(garnet | cathode) & (far <= reach)] = Contact.LAYER
    # Where the gap opens follows from the fresh contact: what is open stays open.
    edge = cathode & (ndimage.distance_transform_edt(~start) <= 1.5)
    count = round(laws.contact_lost(cycles, stack_MPa) * int(edge.sum()))
    gap = take(noise(image.shape, 8.0, rng), edge, count)
    image[gap] = Contact.PORE
    return replace(structure, image=image)


def _check(cycles: float, stack_MPa: float) -> None:
    check_range("cycles", cycles, 0, 1e5, "")
    check_range("stack_MPa", stack_MPa, 0, 1000, "MPa")


def _diameters(structure: Structure) -> NDArray[np.float64]:
    """Diameter of the particle of each cell [um]; 0 outside."""
    found: NDArray[np.float64] = structure.diameter_um[structure.particle]
    return found


def _cracks(
    structure: Structure,
    diameter: NDArray[np.float64],
    cycles: float,
    utilisation: float,
    rng: np.random.Generator,
) -> Mask:
    from scipy import ndimage

    shape, edge = structure.image.shape, structure.voxel_um
    silicon = structure.image == Composite.SILICON
    mean = float(diameter[silicon].mean())
    spacing = max(0.45 * mean / edge, 3.0)
    near, _ = distances(shape, points(shape, spacing, rng), 2)
    seam = 0.5 * (near[..., 1] - near[..., 0]) + 0.35 * noise(shape, 2.0, rng)
    half = np.maximum(0.7, 0.5 * laws.gap_um(1.0, utilisation) * diameter / edge)
    border = silicon & (seam < half) & (diameter > laws.CRITICAL_UM)
    depth = ndimage.distance_transform_edt(structure.particle > 0) * edge / mean
    score = noise(shape, spacing, rng) - 4.0 * depth
    count = round(laws.cracked(cycles, utilisation) * int(border.sum()))
    return take(score, border, count)


def _gaps(
    structure: Structure,
    diameter: NDArray[np.float64],
    cycles: float,
    utilisation: float,
    stack_MPa: float,
    rng: np.random.Generator,
) -> Mask:
    from scipy import ndimage

    shape, edge = structure.image.shape, structure.voxel_um
    inside = structure.particle > 0
    far, nearest = ndimage.distance_transform_edt(~inside, return_indices=True)
    size = diameter[tuple(nearest)]
    width = np.maximum(1.0, laws.gap_um(1.0, utilisation) * size / edge)
    shell = ~inside & (far <= width) & (structure.image != Composite.VOID)
    patch = noise(shape, max(0.3 * float(size.mean()) / edge, 2.0), rng)
    lost = laws.detached(cycles, utilisation, stack_MPa)
    return take(patch, shell, round(lost * int(shell.sum())))


def _seams(structure: Structure, lost: float, rng: np.random.Generator) -> Mask:
    from scipy import ndimage

    image, edge = structure.image, structure.voxel_um
    seam = (image == Composite.ELECTROLYTE) & (structure.seam < 0.6 * edge)
    far = ndimage.distance_transform_edt(structure.particle == 0) * edge
    length = max(2.0, 0.5 / edge)
    score = noise(image.shape, length, rng) - far / max(float(far.mean()), 1e-9)
    return take(score, seam, round(lost * int(seam.sum())))
