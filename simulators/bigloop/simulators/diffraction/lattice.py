"""The reflection that is measured, and the Burgers vectors of its lattice."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats, unit, vector, within


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflection:
    """A Bragg reflection `hkl` of a cubic lattice, in the laboratory's frame.

    The default is 111 of the ordered spinel LiNi0.5Mn1.5O4 (a = 0.8175 nm), in whose
    particles dislocations were followed on charging [Ulvestad2015]_: Science 348, 1344.

    Raises:
        SpecError: a value is not finite or not in range.
    """

    hkl: tuple[int, int, int] = (1, 1, 1)
    lattice_nm: float = 0.8175
    direction: tuple[float, float, float] = (1.0, 0.0, 0.0)
    """Direction of Q in the frame of the grid."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        vector("hkl", self.hkl)
        within("lattice_nm", self.lattice_nm, 0.1, 10.0, "nm")
        unit("direction", self.direction)

    @property
    def q(self) -> Floats:
        """Q = 2 pi hkl / a, turned into `direction`, `3` [1/nm]."""
        length = 2 * np.pi * float(np.linalg.norm(self.hkl)) / self.lattice_nm
        return length * unit("direction", self.direction)

    def orientation(self, azimuth: float = 0.0) -> Floats:
        """Rotation `3 x 3` from crystal to laboratory: hkl falls on `direction`.

        Args:
            azimuth: angle about Q [rad].
        """
        crystal = _frame(np.asarray(self.hkl, dtype=float))
        laboratory = _frame(np.asarray(self.direction, dtype=float))
        c, s = np.cos(azimuth), np.sin(azimuth)
        turn = np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
        return np.asarray(laboratory @ turn @ crystal.T)

    def burgers_nm(self, azimuth: float = 0.0) -> Floats:
        """Burgers vectors a/2<110> that this reflection sees, `n x 3` [nm].

        Those with Q.b = 0 leave no trace in the pattern and are left out; the others
        have Q.b = 2 pi m with an integer m, so that no phase jumps at the cut.

        Raises:
            SpecError: a/2<110> is no lattice vector for `hkl`, which must be all odd
                or all even (the face-centred condition).
        """
        if len({i % 2 for i in self.hkl}) != 1:
            raise SpecError(f"hkl: {self.hkl}: give all odd or all even for a/2<110>")
        family = [
            v for v in itertools.product((-1, 0, 1), repeat=3) if np.abs(v).sum() == 2
        ]
        seen = np.array([v for v in family if np.dot(v, self.hkl) != 0], dtype=float)
        return np.asarray(
            0.5 * self.lattice_nm * seen @ self.orientation(azimuth).T, dtype=float
        )


def _frame(axis: Floats) -> Floats:
    """A right-handed orthonormal frame, in columns, whose first vector is `axis`."""
    first = axis / np.linalg.norm(axis)
    helper = np.eye(3)[int(np.argmin(np.abs(first)))]
    second = np.cross(first, helper)
    second /= np.linalg.norm(second)
    return np.column_stack([first, second, np.cross(first, second)])
