"""Barriers of the events, the box of the published study, and rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError

BOLTZMANN_EV_PER_K = 8.617333262145e-5
PLANCK_EV_S = 4.135667696e-15
TEMPERATURE_K = 300.0
"""Of the published runs."""
ESCAPE_EV = 0.01
"""Barrier of events 16 to 19."""
HIGHEST_EV = 3.0
"""Above it nothing happens within the age of the universe."""
BOX_HALF_RANGE = 0.28
"""Half width of the box of the study, relative to the middle of each barrier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barriers:
    """The 15 barriers [eV]; the defaults are those of KMC-CIDEMOD.

    Raises:
        SpecError: a barrier is no number from 0 to 3 eV.
    """

    e1: float = 0.50
    e2: float = 0.27
    e3: float = 0.32
    e4: float = 0.41
    e5: float = 0.63
    e6: float = 0.71
    e7: float = 0.53
    e8: float = 0.47
    e9: float = 0.46
    e10: float = 0.51
    e11: float = 0.48
    e12: float = 0.41
    e13: float = 0.36
    e14: float = 0.35
    e15: float = 0.38

    def __post_init__(self) -> None:
        """Refuse what is no barrier."""
        for name in NAMES:
            value: object = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and 0 <= float(value) <= HIGHEST_EV):  # type: ignore[arg-type]
                raise SpecError(
                    f"{name}: {value!r}: give a barrier from 0 to {HIGHEST_EV:g} eV"
                )

    @classmethod
    def of(cls, values: Mapping[str, float] | Sequence[float]) -> Barriers:
        """From names and values, or from 15 values in order.

        Raises:
            SpecError: a name is unknown, or there are not 15 values.
        """
        if not isinstance(values, Mapping):
            if len(values) != len(NAMES):
                raise SpecError(f"barriers: {len(values)} values: give {len(NAMES)}")
            values = dict(zip(NAMES, map(float, values), strict=True))
        if unknown := [name for name in values if name not in NAMES]:
            raise SpecError(f"barriers: {unknown[0]!r}: there are {', '.join(NAMES)}")
        return cls(**values)

    def array(self) -> NDArray[np.float64]:
        """The 15 values in order [eV]."""
        return np.array(astuple(self), dtype=np.float64)

    def rates(self, temperature_K: float = TEMPERATURE_K) -> NDArray[np.float64]:
        """Rate of each of the 19 events: `(kB T / h) exp(-Ea / kB T)` [1/s].

        Raises:
            SpecError: the temperature is not from 100 to 1000 K.
        """
        if not 100 <= temperature_K <= 1000:
            raise SpecError(
                f"temperature_K: {temperature_K!r}: give 100 to 1000 kelvin"
            )
        thermal = BOLTZMANN_EV_PER_K * temperature_K
        all19 = np.concatenate([self.array(), np.full(4, ESCAPE_EV)])
        return np.asarray(thermal / PLANCK_EV_S * np.exp(-all19 / thermal))


NAMES = tuple(field.name for field in fields(Barriers))

BOX_MIDDLE_EV = dict(
    zip(
        NAMES,
        (
            *(0.3914, 0.3684, 0.4256, 0.4111, 0.7572, 0.6500, 0.6841, 0.6346),
            *(0.6344, 0.6354, 0.6375, 0.5493, 0.4797, 0.4843, 0.5287),
        ),
        strict=True,
    )
)
"""Middle of the study's Latin hypercube, from its stored rows [eV]."""


def box(half_range: float = BOX_HALF_RANGE) -> NDArray[np.float64]:
    """Lower and upper bounds of the barriers, `15 x 2` [eV].

    Raises:
        SpecError: the half range is not above 0 and below 1.
    """
    if not (math.isfinite(half_range) and 0 < half_range < 1):
        raise SpecError(f"half_range: {half_range!r}: give a number between 0 and 1")
    middle = np.array(list(BOX_MIDDLE_EV.values()))
    return np.stack([middle * (1 - half_range), middle * (1 + half_range)], axis=1)
