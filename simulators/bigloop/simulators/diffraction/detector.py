"""Imperfections of a photon-counting detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import Floats


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector behind the last two axes of a scan; the first is the rocking angle.

    Args:
        dark: counts that every frame has without light, `ny x nz`, or none.
        whitefield: relative sensitivity of the pixels, `ny x nz`, or none.
        hot: pixels that read `hot_counts` whatever falls on them, pairs `(y, z)`.
        hot_counts: what they read.
        saturation: the most that a pixel can count.

    Raises:
        SpecError: `dark` or `whitefield` is negative or not finite.
    """

    dark: Floats | None = None
    whitefield: Floats | None = None
    hot: tuple[tuple[int, int], ...] = ()
    hot_counts: float = 1e5
    saturation: float = np.inf

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for name in ("dark", "whitefield"):
            frame = getattr(self, name)
            if frame is not None and not (
                np.isfinite(frame).all() and (frame >= 0).all()
            ):
                raise SpecError(f"{name}: negative or not finite: give 0 or more")

    def expected(self, mean: Floats) -> Floats:
        """Mean counts with sensitivity and dark counts, `nx x ny x nz`.

        Raises:
            SpecError: a frame has another shape than the detector.
        """
        for name in ("dark", "whitefield"):
            frame = getattr(self, name)
            if frame is not None and frame.shape != mean.shape[1:]:
                raise SpecError(f"{name}: {frame.shape}: frames are {mean.shape[1:]}")
        if self.whitefield is not None:
            mean = mean * self.whitefield
        return mean if self.dark is None else mean + self.dark

    def read(self, counts: Floats) -> Floats:
        """What the electronics say of the counted photons."""
        counts = np.minimum(counts, self.saturation)
        for y, z in self.hot:
            counts[:, y, z] = self.hot_counts
        return counts
