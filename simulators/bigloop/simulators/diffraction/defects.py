"""Displacement fields with an analytic form: dislocations and cracks.

Coordinates `points` are `3 x ...` [nm] in the frame of the grid, and so are vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigloop.simulators.diffraction.checks import Floats, unit, vector, within

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dislocation:
    """A straight dislocation of any character in an isotropic, infinite medium.

    The Burgers vector is split into its screw part along the line, u = b theta / 2 pi,
    and its edge part across, with the Volterra solution [HirthLothe1982]_ (chapters
    3.2 and 3.4). The branch cut is the half-plane behind the line, theta = +-pi.

    Raises:
        SpecError: a vector is not finite, or a number out of range.
    """

    point_nm: Vector
    """A point of the line."""
    line: Vector
    """Direction of the line."""
    burgers_nm: Vector
    poisson_ratio: float = 0.3
    core_nm: float = 0.1
    """Radius inside of which the logarithm of the edge part is cut off."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        vector("line", self.line)
        vector("burgers_nm", self.burgers_nm)
        within("poisson_ratio", self.poisson_ratio, -0.99, 0.499)
        within("core_nm", self.core_nm, 1e-6, 1e3, "nm")

    def displacement_nm(self, points: Floats) -> Floats:
        """u(x), `3 x ...` [nm]."""
        t, b = unit("line", self.line), vector("burgers_nm", self.burgers_nm)
        screw = float(b @ t)
        edge = b - screw * t
        length = float(np.linalg.norm(edge))
        is_screw = length < 1e-12 * float(np.linalg.norm(b))
        e_x = across(t) if is_screw else edge / length
        e_y = np.cross(t, e_x)
        away = points - np.reshape(self.point_nm, (3,) + (1,) * (points.ndim - 1))
        x, y = np.tensordot(e_x, away, 1), np.tensordot(e_y, away, 1)
        theta = np.arctan2(y, x)
        u = np.multiply.outer(t, screw * theta / (2 * np.pi))
        if not is_screw:
            u_x, u_y = self._edge(x, y, theta)
            u += np.multiply.outer(e_x, length * u_x)
            u += np.multiply.outer(e_y, length * u_y)
        return np.asarray(u)

    def _edge(self, x: Floats, y: Floats, theta: Floats) -> tuple[Floats, Floats]:
        """Components per unit of Burgers vector [HirthLothe1982]_ (3-45, 3-46)."""
        nu = self.poisson_ratio
        square = x**2 + y**2 + self.core_nm**2
        u_x = theta + x * y / (2 * (1 - nu) * square)
        u_y = (1 - 2 * nu) * np.log(square) + (x**2 - y**2) / square
        return u_x / (2 * np.pi), -u_y / (8 * np.pi * (1 - nu))


@dataclass(frozen=True, slots=True, kw_only=True)
class Crack:
    """A half-plane crack opened in mode I, with its near-tip field [Williams1957]_.

    The faces part by `opening_nm` at `length_nm` behind the tip and by the square root
    of the distance elsewhere; plane strain, so kappa = 3 - 4 nu.

    Raises:
        SpecError: a vector is not finite, or a number out of range.
    """

    tip_nm: Vector
    """A point of the crack's front."""
    growth: Vector
    """Direction in which the crack would grow."""
    normal: Vector
    """Normal of its plane; what of it lies along `growth` is removed."""
    opening_nm: float
    length_nm: float = 100.0
    gap_nm: float = 0.0
    """Thickness of the layer behind the tip that does not diffract."""
    poisson_ratio: float = 0.3

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        growth, normal = unit("growth", self.growth), unit("normal", self.normal)
        vector("normal (across growth)", normal - (normal @ growth) * growth)
        within("opening_nm", self.opening_nm, 0.0, 1e3, "nm")
        within("length_nm", self.length_nm, 1e-3, 1e6, "nm")
        within("gap_nm", self.gap_nm, 0.0, 1e6, "nm")
        within("poisson_ratio", self.poisson_ratio, -0.99, 0.499)

    def displacement_nm(self, points: Floats) -> Floats:
        """u(x), `3 x ...` [nm]; it jumps by the opening across the faces."""
        growth, normal, x, y = self._frame(points)
        r, theta = np.hypot(x, y), np.arctan2(y, x)
        kappa = 3 - 4 * self.poisson_ratio
        scale = 0.5 * self.opening_nm * np.sqrt(r / self.length_nm) / (kappa + 1)
        c, s = np.cos(theta / 2), np.sin(theta / 2)
        u_x = scale * c * (kappa - 1 + 2 * s**2)
        u_y = scale * s * (kappa + 1 - 2 * c**2)
        along = np.multiply.outer(growth, u_x)
        return np.asarray(along + np.multiply.outer(normal, u_y))

    def transmission(self, points: Floats, voxel_nm: float) -> Floats:
        """Fraction of each voxel that still diffracts, `...`, 0 inside the gap."""
        if self.gap_nm == 0:
            return np.ones(points.shape[1:])
        _, _, x, y = self._frame(points)
        outside = (np.abs(y) - 0.5 * self.gap_nm) / voxel_nm + 0.5
        ahead = x / voxel_nm + 0.5
        return np.clip(np.maximum(outside, ahead), 0.0, 1.0)

    def _frame(self, points: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        growth = unit("growth", self.growth)
        normal = unit("normal", self.normal)
        normal = unit("normal", normal - (normal @ growth) * growth)
        away = points - np.reshape(self.tip_nm, (3,) + (1,) * (points.ndim - 1))
        x, y = np.tensordot(growth, away, 1), np.tensordot(normal, away, 1)
        return growth, normal, x, y


def across(axis: Floats) -> Floats:
    """A unit vector at a right angle to a unit vector."""
    found = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    return np.asarray(found / np.linalg.norm(found))
