"""How a pattern is phased."""

from __future__ import annotations

from dataclasses import dataclass

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction.checks import within
from bigloop.simulators.diffraction.schedule import parse

SUPPORTS = ("autocorrelation", "box")
PRECISIONS = ("single", "double")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of `phase`; the defaults are ours, `PUBLISHED` is the rival's.

    Raises:
        SpecError: a value is unknown or out of range.
    """

    sequence: str = "2*(150*HIO+150*RAAR)+20*ER"
    hio_beta: float = 0.9
    raar_beta: float = 0.85
    initial_support: str = "autocorrelation"
    """`box`: a part of the whole box; `autocorrelation`: where that of the object, the
    transform of the intensity, is above `autocorrelation_threshold` of its maximum,
    shrunk to half its extent, which is that of the object."""
    box_fraction: float = 0.5
    autocorrelation_threshold: float = 0.02
    shrink_every: int = 1
    """Iterations from one shrink-wrap to the next; 0: the first support stays."""
    shrink_threshold: float = 0.1
    """Of the largest smoothed amplitude; what is below leaves the support."""
    sigma_first: float = 2.0
    """Width of the smoothing at the first iteration [voxel]."""
    sigma_last: float = 1.0
    """Width to which it falls over the first half of the iterations [voxel]."""
    twin_at: int = 2
    """Iteration at whose end all but a quarter of the box is emptied, so that an object
    and its twin cannot grow together; below 0: never."""
    precision: str = "single"
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        parse(self.sequence)
        for name, known in (("initial_support", SUPPORTS), ("precision", PRECISIONS)):
            if (value := getattr(self, name)) not in known:
                raise SpecError(f"{name}: {value!r}: there are {', '.join(known)}")
        within("hio_beta", self.hio_beta, 0.01, 1.5)
        within("raar_beta", self.raar_beta, 0.01, 1.0)
        within("box_fraction", self.box_fraction, 0.01, 1.0)
        within("autocorrelation_threshold", self.autocorrelation_threshold, 1e-6, 0.99)
        within("shrink_every", self.shrink_every, 0, 1e6)
        within("shrink_threshold", self.shrink_threshold, 1e-3, 0.99)
        within("sigma_first", self.sigma_first, 0.1, 100.0, "voxel")
        within("sigma_last", self.sigma_last, 0.1, 100.0, "voxel")


PUBLISHED = Settings(
    sequence="3*(20*ER+180*HIO)+20*ER",
    initial_support="box",
    sigma_first=1.0,
    sigma_last=1.0,
)
"""The recipe that the cohere toolkit ships for its example scan [cohere]_: half the box
as first support, shrink-wrap at every iteration, sigma 1, threshold 0.1, beta 0.9."""
