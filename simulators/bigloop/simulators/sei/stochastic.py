"""Stochastic growth of an interphase with moments known in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bigloop.contracts import SpecError

Floats = NDArray[np.float64]
GAS = 8.314462618
"""Gas constant [J/mol/K]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StochasticGrowth:
    """Parabolic growth with an Arrhenius rate, its scatter a gamma process.

    The square of the thickness grows at a rate `k(T)` on average, as diffusion through
    the layer makes it [Pinson2013]_; over any time `s` at one temperature it gains a
    gamma variate of mean `k s` and variance `scatter k s`. Increments are
    independent and never negative, so the law is exact at whatever ages it is sampled.
    A specimen may have a rate of its own: `quality` times the common one.

    .. [Pinson2013] M. B. Pinson and M. Z. Bazant, J. Electrochem. Soc. 160, A243
       (2013).
    """

    rate: float = 40.0
    """Of the squared thickness at `reference_K` [nm2/d]."""
    energy: float = 40e3
    """Of activation [J/mol]."""
    reference_K: float = 298.15
    start_nm: float = 5.0
    scatter: float = 20.0
    """Variance over mean of what the squared thickness gains [nm2]."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name in ("rate", "energy", "reference_K", "start_nm", "scatter"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise SpecError(f"{name}: {value!r}: give a number above 0")

    def speed(self, temperature_K: ArrayLike) -> Floats:
        """`k(T)` [nm2/d]."""
        T = np.asarray(temperature_K, dtype=float)
        drive = self.energy / GAS * (1.0 / self.reference_K - 1.0 / T)
        return np.asarray(self.rate * np.exp(drive))

    def moments(
        self, ages_d: ArrayLike, temperature_K: ArrayLike, quality: float = 1.0
    ) -> tuple[Floats, Floats]:
        """Mean [nm2] and variance [nm4] of the squared thickness at each age."""
        gained = np.cumsum(self._gains(ages_d, temperature_K, quality))
        return self.start_nm**2 + gained, self.scatter * gained

    def thickness(
        self,
        ages_d: ArrayLike,
        temperature_K: ArrayLike,
        rng: np.random.Generator,
        quality: float = 1.0,
    ) -> Floats:
        """One drawn life [nm] at ages that rise from 0 [d].

        Args:
            ages_d: `T`.
            temperature_K: `T`, on the way to each age.
            rng: of the scatter.
            quality: the rate of this specimen over the common one.

        Raises:
            SpecError: ages that fall, or something not above 0.
        """
        gains = self._gains(ages_d, temperature_K, quality)
        drawn = np.zeros_like(gains)
        grows = gains > 0
        drawn[grows] = rng.gamma(gains[grows] / self.scatter) * self.scatter
        return np.asarray(np.sqrt(self.start_nm**2 + np.cumsum(drawn)))

    def _gains(
        self, ages_d: ArrayLike, temperature_K: ArrayLike, quality: float
    ) -> Floats:
        """Mean gain of the squared thickness over each step [nm2]."""
        ages, T = np.asarray(ages_d, float), np.asarray(temperature_K, float)
        steps = np.diff(ages, prepend=0.0)
        if ages.ndim != 1 or ages.shape != T.shape or not (steps >= 0).all():
            raise SpecError(
                "ages_d: give ages that rise from 0, and one temperature for each"
            )
        if not (np.isfinite(T).all() and (T > 0).all() and quality > 0):
            raise SpecError("temperature_K, quality: give numbers above 0")
        return np.asarray(quality * self.speed(T) * steps)
