"""Seeded crystals on a grid: density, displacement, phase."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats, within
from bigloop.simulators.diffraction.defects import Crack, Dislocation
from bigloop.simulators.diffraction.facets import (
    Facets,
    random_facets,
    random_rotation,
    wulff,
)
from bigloop.simulators.diffraction.lattice import Reflection
from bigloop.simulators.diffraction.strain import smooth_displacement

SHAPES = ("random", "wulff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Voxels that hold a crystal; the far field needs twice as many (`object_of`).

    Raises:
        SpecError: an axis has fewer than 4 voxels, or `voxel_nm` is not above 0.
    """

    shape: tuple[int, int, int] = (32, 32, 32)
    voxel_nm: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if len(self.shape) != 3 or min(self.shape) < 4:
            raise SpecError(f"shape: {self.shape}: give three sizes of 4 or more")
        within("voxel_nm", self.voxel_nm, 1e-3, 1e4, "nm")

    def points_nm(self) -> Floats:
        """Coordinates of the voxels from the grid's centre, `3 x nx x ny x nz` [nm]."""
        axes = [(np.arange(n) - (n - 1) / 2) * self.voxel_nm for n in self.shape]
        return np.stack(np.meshgrid(*axes, indexing="ij"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What is asked of a crystal; the seed draws the rest.

    Raises:
        SpecError: a value is not in range.
    """

    size_nm: float = 200.0
    """Diameter of the sphere of the same volume."""
    shape: str = "random"
    """`random` facets, or `wulff`: {100}, {110}, {111} at random energies."""
    rounding_nm: float = 0.0
    strain_rms: float = 0.0
    """Of the smooth part, along Q, over the crystal: a pure number."""
    correlation_nm: float = 60.0
    """Length over which the smooth displacement changes."""
    n_dislocations: int = 0
    n_cracks: int = 0
    crack_opening_nm: float = 0.2
    crack_gap_nm: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.shape not in SHAPES:
            raise SpecError(f"shape: {self.shape!r}: there are {', '.join(SHAPES)}")
        within("size_nm", self.size_nm, 1e-2, 1e6, "nm")
        within("rounding_nm", self.rounding_nm, 0.0, self.size_nm / 4, "nm")
        within("strain_rms", self.strain_rms, 0.0, 0.1)
        within("correlation_nm", self.correlation_nm, 1e-2, 1e6, "nm")
        within("n_dislocations", self.n_dislocations, 0, 100)
        within("n_cracks", self.n_cracks, 0, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crystal:
    """A crystal on its grid; arrays are `nx x ny x nz`."""

    grid: Grid
    reflection: Reflection
    density: Floats
    """Fraction of each voxel that is crystal and diffracts, 0 to 1."""
    displacement_nm: Floats
    """u from the undistorted lattice, `3 x nx x ny x nz` [nm]."""
    facets: Facets
    dislocations: tuple[Dislocation, ...] = ()
    cracks: tuple[Crack, ...] = ()
    seed: int = field(default=0)

    @property
    def phase(self) -> Floats:
        """Q . u, not wrapped [rad]."""
        return np.tensordot(self.reflection.q, self.displacement_nm, 1)

    @property
    def object(self) -> NDArray[np.complex128]:
        """Complex density rho exp(i Q . u)."""
        return np.asarray(self.density * np.exp(1j * self.phase))


def grow(
    growth: Growth | None = None,
    seed: int = 0,
    grid: Grid | None = None,
    reflection: Reflection | None = None,
) -> Crystal:
    """One crystal; the same arguments give the same bits.

    The displacement is the sum of a smooth random field, which is scaled to the strain
    asked for, and of the analytic fields of the defects.

    Raises:
        SpecError: the crystal does not fit into the grid.
    """
    growth, grid = growth or Growth(), grid or Grid()
    reflection = reflection or Reflection()
    # One stream for each part: another strain keeps the shape, and so on.
    shape, strain, lines, cracks = np.random.default_rng(seed).spawn(4)
    points = grid.points_nm()
    azimuth = float(shape.uniform(0, 2 * np.pi))
    facets = _facets(growth, shape, reflection.orientation(azimuth))
    depth = facets.depth_nm(points, growth.rounding_nm)
    density = np.clip(depth / grid.voxel_nm + 0.5, 0.0, 1.0)
    _check_fit(density, growth, grid)
    dislocations = _dislocations(growth, lines, reflection.burgers_nm(azimuth))
    fractures = tuple(_crack(growth, cracks) for _ in range(growth.n_cracks))
    u = smooth_displacement(
        strain,
        density,
        grid.voxel_nm,
        growth,
        reflection.q / np.linalg.norm(reflection.q),
    )
    defects: tuple[Dislocation | Crack, ...] = (*dislocations, *fractures)
    for defect in defects:
        u += defect.displacement_nm(points)
    for crack in fractures:
        density = density * crack.transmission(points, grid.voxel_nm)
    return Crystal(
        grid=grid,
        reflection=reflection,
        density=density,
        displacement_nm=u,
        facets=facets,
        dislocations=dislocations,
        cracks=fractures,
        seed=seed,
    )


def _facets(growth: Growth, rng: np.random.Generator, orientation: Floats) -> Facets:
    if growth.shape == "random":
        return random_facets(rng, int(rng.integers(10, 21))).sized(growth.size_nm)
    energies = dict(zip(("100", "110", "111"), rng.uniform(0.85, 1.15, 3), strict=True))
    return wulff(energies).turned(orientation).sized(growth.size_nm)


def _check_fit(density: Floats, growth: Growth, grid: Grid) -> None:
    rims = [np.take(density, (0, -1), axis).any() for axis in range(3)]
    if any(rims):
        extent = min(grid.shape) * grid.voxel_nm
        raise SpecError(
            f"size_nm: {growth.size_nm:g}: the crystal does not fit into the grid of "
            f"{extent:g} nm; make it smaller, or the voxels larger or more"
        )
    if not (density > 0.5).any():
        raise SpecError(
            f"size_nm: {growth.size_nm:g}: not one voxel of {grid.voxel_nm:g} nm is "
            "filled; make the crystal larger, or the voxels smaller"
        )


def _dislocations(
    growth: Growth, rng: np.random.Generator, burgers_nm: Floats
) -> tuple[Dislocation, ...]:
    made = []
    for _ in range(growth.n_dislocations):
        b = burgers_nm[rng.integers(len(burgers_nm))]
        line = random_rotation(rng)[0]
        point = rng.uniform(-0.5, 0.5, 3) * growth.size_nm / 2
        made.append(
            Dislocation(
                point_nm=_triple(point), line=_triple(line), burgers_nm=_triple(b)
            )
        )
    return tuple(made)


def _crack(growth: Growth, rng: np.random.Generator) -> Crack:
    turn = random_rotation(rng)
    tip = rng.uniform(0.0, 0.3) * growth.size_nm * turn[0]
    return Crack(
        tip_nm=_triple(tip),
        growth=_triple(-turn[0]),
        normal=_triple(turn[1]),
        opening_nm=growth.crack_opening_nm,
        length_nm=growth.size_nm / 2,
        gap_nm=growth.crack_gap_nm,
    )


def _triple(v: Floats) -> tuple[float, float, float]:
    return float(v[0]), float(v[1]), float(v[2])
