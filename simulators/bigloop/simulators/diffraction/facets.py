"""Shapes of crystals: intersections of half-spaces."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats, within

FAMILIES = {"100": (1, 0, 0), "110": (1, 1, 0), "111": (1, 1, 1)}


@dataclass(frozen=True, slots=True)
class Facets:
    """The polyhedron of all points x with `normals @ x <= distances_nm`.

    Args:
        normals: outward, of length one, `n x 3`.
        distances_nm: of the facets from the centre, `n` [nm], all above 0.

    Raises:
        SpecError: shapes do not fit, or the half-spaces leave an open body.
    """

    normals: Floats
    distances_nm: Floats

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        n, d = self.normals, self.distances_nm
        if n.ndim != 2 or n.shape[1:] != (3,) or d.shape != n.shape[:1]:
            raise SpecError(
                f"facets: normals {n.shape} and distances {d.shape}: give n x 3 and n"
            )
        if not (np.isfinite(n).all() and np.isfinite(d).all() and (d > 0).all()):
            raise SpecError("facets: give finite normals and distances above 0 nm")
        if not _is_closed(n):
            raise SpecError("facets: the half-spaces leave the body open: give more")

    def depth_nm(self, points: Floats, rounding_nm: float = 0.0) -> Floats:
        """Distance to the nearest facet, above 0 inside, `...` for points `3 x ...`.

        Args:
            points: coordinates from the centre [nm].
            rounding_nm: radius to which edges and corners are rounded, about: the
                smallest distance becomes -r log(sum(exp(-d / r))).
        """
        depth = np.full(points.shape[1:], np.inf)
        for normal, distance in zip(self.normals, self.distances_nm, strict=True):
            facet = distance - np.tensordot(normal, points, 1)
            if rounding_nm > 0:
                depth = -rounding_nm * np.logaddexp(
                    -depth / rounding_nm, -facet / rounding_nm
                )
            else:
                np.minimum(depth, facet, out=depth)
        return depth

    def volume_nm3(self) -> float:
        """Exact volume with sharp edges [nm^3]."""
        from scipy.spatial import ConvexHull, HalfspaceIntersection

        spaces = np.column_stack([self.normals, -self.distances_nm])
        corners = HalfspaceIntersection(spaces, np.zeros(3)).intersections
        return float(ConvexHull(corners).volume)

    def sized(self, size_nm: float) -> Facets:
        """The same shape with the volume of a sphere of diameter `size_nm`."""
        within("size_nm", size_nm, 1e-3, 1e6, "nm")
        factor = size_nm / (6 * self.volume_nm3() / np.pi) ** (1 / 3)
        return replace(self, distances_nm=self.distances_nm * factor)

    def turned(self, rotation: Floats) -> Facets:
        """The shape after a rotation `3 x 3`."""
        return replace(self, normals=self.normals @ rotation.T)


def wulff(energies: Mapping[str, float]) -> Facets:
    """Equilibrium shape of a cubic crystal [Wulff1901]_: distances as energies.

    Args:
        energies: relative surface energy of the families `100`, `110`, `111`.

    Raises:
        SpecError: an unknown family, or an energy that is not above 0.
    """
    if not energies or set(energies) - set(FAMILIES):
        raise SpecError(f"energies: {dict(energies)}: there are {', '.join(FAMILIES)}")
    normals: list[Floats] = []
    distances: list[float] = []
    for name, energy in energies.items():
        within(f"energies.{name}", energy, 1e-6, 1e6)
        members = _family(FAMILIES[name])
        normals += members
        distances += [energy] * len(members)
    return Facets(np.array(normals), np.array(distances))


def random_facets(
    rng: np.random.Generator, n: int = 14, spread: float = 0.25
) -> Facets:
    """`n` facets in directions about evenly spread, at distances 1 +- `spread`.

    Directions are a spherical Fibonacci lattice, turned and shaken at random.

    Raises:
        SpecError: fewer than 8 facets, or a spread outside 0 to 0.6.
    """
    if n < 8:
        raise SpecError(f"n: {n}: a closed random body needs 8 facets or more")
    within("spread", spread, 0.0, 0.6)
    i = np.arange(n) + 0.5
    z, angle = 1 - 2 * i / n, np.pi * (1 + 5**0.5) * i
    r = np.sqrt(1 - z**2)
    normals = np.column_stack([r * np.cos(angle), r * np.sin(angle), z])
    normals += rng.normal(0.0, 0.35 / np.sqrt(n), normals.shape)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    distances = 1 + rng.uniform(-spread, spread, n)
    return Facets(normals @ random_rotation(rng).T, distances)


def random_rotation(rng: np.random.Generator) -> Floats:
    """A rotation `3 x 3`, uniform over SO(3), from a random unit quaternion."""
    w, x, y, z = (q := rng.normal(size=4)) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _family(hkl: tuple[int, int, int]) -> list[Floats]:
    signs = itertools.product((-1, 1), repeat=3)
    orders = set(itertools.permutations(hkl))
    members = {tuple(np.multiply(s, o).tolist()) for s in signs for o in orders}
    return [np.array(m) / np.linalg.norm(m) for m in sorted(members)]


def _is_closed(normals: Floats) -> bool:
    """Whether the origin is strictly inside the hull of the normals."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(normals)
    except (QhullError, ValueError):
        return False
    return bool((hull.equations[:, -1] < -1e-9).all())
