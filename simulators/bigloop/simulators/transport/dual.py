"""The conductivity of squares of a continuum, without the error of corners (2-D)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bigloop.contracts import SpecError
from bigloop.simulators.transport.conduction import Conduction, conduct


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuum:
    """Two solves that err in opposite directions, and what lies between them."""

    conductivity: float
    """Geometric mean of the two [S/cm]; NaN where one did not converge."""
    direct: Conduction
    """Of the image: current has to pass corners through faces, so it is too small."""
    dual: Conduction
    """Of the inverse conductivities, across: its inverse is too large."""

    @property
    def spread(self) -> float:
        """Relative distance of each of the two from their mean: how coarse cells are.

        No bound of the error of the mean, which is far smaller as a rule.
        """
        product = self.direct.conductivity * self.dual.conductivity
        return 1 / math.sqrt(product) - 1 if product > 0 else math.nan

    @property
    def reason(self) -> str:
        """Why there is no conductivity."""
        return self.direct.reason or self.dual.reason


def conduct_continuum(
    image: ArrayLike,
    conductivity: Mapping[int, float],
    *,
    axis: int = 0,
    tolerance: float = 1e-4,
) -> Continuum:
    """Effective conductivity of a 2-D image whose pixels are squares of a continuum.

    Where conductors touch at a corner the field is singular, and finite volumes need
    very fine cells. In two dimensions the stream function of the current solves the
    same problem with inverse conductivities, between the other two sides: for the
    continuum the two effective conductivities have the product 1 exactly [Keller1964]_,
    [Mendelson1975]_, on any rectangle. Of cells, each solve errs to the resistive side
    of its own problem, and in the geometric mean the errors cancel to first order.

    [Keller1964] J. Math. Phys. 5, 548 (1964).
    [Mendelson1975] J. Appl. Phys. 46, 917 (1975).

    Args:
        image: phases, `n x m` integers, cells square.
        conductivity: of every phase of the image [S/cm], all above 0.
        axis: along which the potential falls.
        tolerance: relative, of the bound of the error of each solve.

    Raises:
        SpecError: the image is not 2-D, a phase does not conduct, or what `conduct`
            refuses.
    """
    if np.ndim(image) != 2 or axis not in (-2, -1, 0, 1):
        raise SpecError(
            "image, axis: give a 2-D image and axis 0 or 1; in 3-D: conduct"
        )
    for phase, value in conductivity.items():
        if not 0 < value < math.inf:
            raise SpecError(
                f"conductivity[{phase}]: {value!r}: give S/cm above 0; use conduct "
                "where a phase does not conduct"
            )
    direct = conduct(image, conductivity, axis=axis, tolerance=tolerance)
    inverse = {phase: 1 / value for phase, value in conductivity.items()}
    dual = conduct(image, inverse, axis=1 - axis % 2, tolerance=tolerance)
    return Continuum(
        conductivity=math.sqrt(direct.conductivity / dual.conductivity),
        direct=direct,
        dual=dual,
    )
