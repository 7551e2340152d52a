"""Tortuosity by random walks: noisy, with an interval and a test of its own premise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.transport.medium import check_image, medium

ENGINES = ("compiled", "pytrax")
RECORDS = 64
"""Places of each walker that are kept, evenly over time, beside the first."""
WINDOWS = ((4, 8), (8, 16))
"""Lags, in records, between which the slope is taken: the test compares the two, the
result is that of the second. Longer lags have too few independent parts."""
REJECT = 2.58
"""A drift of more standard errors is not stationary: so are 0.5 % of good walks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What came of the walks of one phase along one axis."""

    tortuosity: float
    """NaN if the walks are not stationary, infinite if the phase does not percolate."""
    sd: float
    """Standard error of the tortuosity over walkers."""
    low: float
    high: float
    """Interval of 95 % for the tortuosity."""
    volume_fraction: float
    percolates: bool
    stationary: bool
    drift: float
    """Slope in the first window less that in the second, in standard errors."""
    explored: float
    """Root of the mean square displacement over the longest lag used, per length."""
    walkers: int
    steps: int
    reason: str = ""
    """Why there is no number."""

    @property
    def conductivity(self) -> float:
        """Effective conductivity for a conductivity of 1: volume fraction over tau."""
        return self.volume_fraction / self.tortuosity


def walk(
    image: ArrayLike,
    phase: int,
    *,
    axis: int = 0,
    walkers: int = 1000,
    steps: int | None = None,
    seed: int = 0,
    engine: str = "compiled",
) -> Walk:
    """Estimate the tortuosity `D vf / D_eff` of one phase from walks on its cells.

    A walker tries one of its 2 d neighbours at each step and stays where that is not of
    the phase; at the sides the image is mirrored. Walkers start anywhere in the phase,
    which is stationary, so that squared displacements along the axis are averaged over
    all starting times: `1 / tau = d x` the slope of their mean with the lag. It falls
    to its limit from above: a walk that is too short finds too small a tortuosity. In
    the limit it is that of `tortuosity`, exactly [Tranter2019]_.

    [Tranter2019] Tranter et al., SoftwareX 10, 100277 (2019): pytrax.

    Args:
        image: phases, 2-D or 3-D integers.
        phase: in which to walk.
        axis: along which displacements count.
        walkers: independent walks.
        steps: of each; by default so many that a free walker covers the length 4 times.
        seed: same seed, same bits (per engine).
        engine: `compiled`, or `pytrax` (some fifty times slower).

    Raises:
        SpecError: image or numbers cannot be used.
    """
    pixels = check_image(image)
    if engine not in ENGINES:
        raise SpecError(f"engine: {engine!r}: there are {', '.join(ENGINES)}")
    if seed < 0:
        raise SpecError(f"seed: {seed}: give 0 or more")
    if not (pixels == phase).any():
        raise SpecError(f"phase: {phase}: the image has no cell of it")
    inside = (pixels == phase).astype(np.uint8)
    sigma = {int(value): float(value) for value in np.unique(inside)}
    percolates = medium(inside, sigma, axis).through > 0
    length, dim = pixels.shape[axis], pixels.ndim
    steps = steps or 16 * dim * length**2
    if walkers < 20 or steps < 10 * RECORDS:
        raise SpecError(
            f"walkers: {walkers}, steps: {steps}: give 20 or more, and {10 * RECORDS} "
            "or more"
        )
    stride = steps // RECORDS
    if not percolates:
        return _blocked(float(inside.mean()), walkers, stride * RECORDS)
    places = _walks(inside, axis, walkers, stride, seed, engine)
    return _estimate(places, stride, dim, length, float(inside.mean()))


def _walks(
    inside: NDArray[np.uint8],
    axis: int,
    walkers: int,
    stride: int,
    seed: int,
    engine: str,
) -> NDArray[np.integer]:
    """Places along the axis in the mirrored image, `walkers x (RECORDS + 1)`."""
    if engine == "pytrax":
        return _pytrax(np.moveaxis(inside, axis, 0), walkers, stride, seed)
    from bigloop.simulators.transport.walkers import run

    return run(np.moveaxis(inside, axis, 0), walkers, stride, RECORDS, seed)


def _pytrax(
    inside: NDArray[np.uint8], walkers: int, stride: int, seed: int
) -> NDArray[np.integer]:
    """As `run`, by pytrax.

    Its own `seed` repeats numbers within a walk; it draws from NumPy's old global
    generator, which is seeded here and then set back. More than one process would not
    inherit that.
    """
    import pytrax

    before = np.random.get_state()
    try:
        np.random.seed(seed % 2**32)
        engine = pytrax.RandomWalk(inside)
        engine.run(nt=stride * RECORDS + 1, nw=walkers, stride=stride, num_proc=1)
    finally:
        np.random.set_state(before)
    places: NDArray[np.integer] = np.asarray(engine.real_coords)[:, :, 0].T
    return places


def _estimate(
    places: NDArray[np.integer], stride: int, dim: int, length: int, part: float
) -> Walk:
    last = WINDOWS[-1][-1]
    squares = {k: _squares(places, k) for k in {k for pair in WINDOWS for k in pair}}
    slopes = [dim * (squares[b] - squares[a]) / ((b - a) * stride) for a, b in WINDOWS]
    n = len(places)
    slope, error = (
        float(slopes[-1].mean()),
        float(slopes[-1].std(ddof=1)) / math.sqrt(n),
    )
    change = slopes[0] - slopes[-1]
    spread = float(change.std(ddof=1)) / math.sqrt(n)
    drift = float(change.mean()) / spread if spread > 0 else 0.0
    reason = ""
    if drift > REJECT:
        reason = (
            "not stationary: the slope of the displacement still falls, by "
            f"{drift:.1f} standard errors; take more steps"
        )
    elif slope < 4 * error:
        reason = (
            f"no slope: {slope:.2g} with a standard error of {error:.2g}; take more "
            "walkers"
        )
    tau = math.nan if reason else 1 / slope
    return Walk(
        tortuosity=tau,
        sd=tau * tau * error,
        low=math.nan if reason else 1 / (slope + 1.96 * error),
        high=math.nan if reason else 1 / (slope - 1.96 * error),
        volume_fraction=part,
        percolates=True,
        stationary=drift <= REJECT,
        drift=drift,
        explored=math.sqrt(float(squares[last].mean())) / length,
        walkers=n,
        steps=stride * RECORDS,
        reason=reason,
    )


def _squares(places: NDArray[np.integer], lag: int) -> NDArray[np.float64]:
    """Mean square displacement of each walker over a lag, from every start."""
    moved = (places[:, lag:] - places[:, :-lag]).astype(np.float64)
    mean: NDArray[np.float64] = (moved**2).mean(axis=1)
    return mean


def _blocked(part: float, walkers: int, steps: int) -> Walk:
    return Walk(
        tortuosity=math.inf,
        sd=0.0,
        low=math.inf,
        high=math.inf,
        volume_fraction=part,
        percolates=False,
        stationary=True,
        drift=0.0,
        explored=0.0,
        walkers=walkers,
        steps=steps,
    )
