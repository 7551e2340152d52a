"""A Bragg coherent diffraction experiment as a source."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bigloop.contracts import (
    Capabilities,
    FailureClass,
    Measurement,
    Outcome,
    Request,
    SpecError,
)
from bigloop.simulators.request import check

if TYPE_CHECKING:
    from bigloop.simulators.diffraction.checks import Floats
    from bigloop.simulators.diffraction.crystal import Crystal
    from bigloop.simulators.diffraction.phasing import Phasing

_PARAMETERS = {
    "size_nm": ("nanometer", 1.0, 1e5),
    "strain_rms": ("", 0.0, 0.05),
    "n_dislocations": ("", 0.0, 20.0),
    "photons": ("count", 1.0, 1e13),
}
_OBSERVABLES = {
    "chi_square": "",
    "r_factor": "",
    "strain_rms_recovered": "",
    "strain_error": "",
    "phase_error": "radian",
    "correlation": "",
    "defect_f1": "",
}
_CITATIONS = (
    "Fienup, Appl. Opt. 21, 2758 (1982)",
    "Marchesini et al., Phys. Rev. B 68, 140101 (2003)",
    "Robinson, Harder, Nat. Mater. 8, 291 (2009)",
    "Luke, Inverse Problems 21, 37 (2005)",
)
WORST = 0.5
"""Chi-square above which a phasing explains too little to be believed."""


class DiffractionSimulator:
    """Grow a crystal, count photons of its Bragg peak, phase them, compare.

    The seed draws the crystal's shape, strain field and dislocations, the noise and the
    random starts; the best of the starts by chi-square is judged against the crystal.
    `chi_square` and `r_factor` are those of the pattern, `strain_rms_recovered` the
    strain along Q inside the crystal, `strain_error` and `phase_error` root mean square
    errors there, `correlation` that of the complex objects, `defect_f1` the F1 score of
    the phase vortices found within two voxels of the true ones.

    The same request gives the same bits on one kind of processor. `cost` is its time.

    Failures: `quality` when no photon, or nothing but bad pixels, was counted; `solver`
    when no start gave an object, or the best leaves a chi-square above 0.5; `timeout`,
    which is looked at between starts.

    Args:
        box: voxels along each axis of the pattern; the crystal has half as many.
        voxel_nm: size of a voxel of the object.
        n_starts: random starts.
        sequence: of the phasing; none: the default of `Settings`.
        shape: of the crystals, `random` or `wulff`.
        device: of torch, for the phasing.

    Raises:
        SpecError: an option is out of range.
    """

    def __init__(
        self,
        box: int = 64,
        voxel_nm: float = 10.0,
        n_starts: int = 5,
        sequence: str | None = None,
        shape: str = "random",
        device: str = "cpu",
    ) -> None:
        if not 16 <= box <= 512 or box % 2:
            raise SpecError(f"box: {box}: give an even number from 16 to 512")
        if not 1 <= n_starts <= 1000:
            raise SpecError(f"n_starts: {n_starts}: give 1 to 1000")
        if not 0 < voxel_nm < 1e4:
            raise SpecError(f"voxel_nm: {voxel_nm!r}: give a size above 0 nm")
        if shape not in ("random", "wulff"):
            raise SpecError(f"shape: {shape!r}: there are random, wulff")
        if sequence is not None:
            from bigloop.simulators.diffraction.schedule import parse

            parse(sequence)
        self._box, self._voxel_nm, self._n_starts = box, voxel_nm, n_starts
        self._sequence, self._shape, self._device = sequence, shape, device

    def capabilities(self) -> Capabilities:
        """Crystal and exposure, and what is found; imports nothing heavy."""
        return Capabilities(
            parameters={name: unit for name, (unit, _, _) in _PARAMETERS.items()},
            observables=_OBSERVABLES,
            citations=_CITATIONS,
        )

    def evaluate(self, request: Request) -> Outcome:
        """One crystal, one measurement, `n_starts` phasings.

        Raises:
            SpecError: a parameter is unknown, missing, absurd, or no crystal of this
                size fits into the box.
        """
        check(request, self.capabilities())
        values = _values(request)
        began, cpu = time.monotonic(), time.process_time()
        with _one_thread():
            crystal = self._crystal(values, request.seed)
            found, failure, reason = self._measure(crystal, values, request, began)
        return Outcome(
            status="failure" if failure else "success",
            failure=failure,
            message=reason,
            measurements=tuple(
                Measurement(observable=name, value=found[name], unit=unit)
                for name, unit in _OBSERVABLES.items()
                if not failure
            ),
            cost={"core_second": time.process_time() - cpu},
            executed=request.design,
            duration_s=time.monotonic() - began,
            provenance=self._provenance(request),
        )

    def _crystal(self, values: dict[str, float], seed: int) -> Crystal:
        from bigloop.simulators.diffraction.crystal import Grid, Growth, grow

        half = self._box // 2
        growth = Growth(
            size_nm=values["size_nm"],
            shape=self._shape,
            strain_rms=values["strain_rms"],
            correlation_nm=0.3 * values["size_nm"],
            n_dislocations=int(values["n_dislocations"]),
        )
        grid = Grid(shape=(half, half, half), voxel_nm=self._voxel_nm)
        return grow(growth, seed, grid)

    def _measure(
        self,
        crystal: Crystal,
        values: dict[str, float],
        request: Request,
        began: float,
    ) -> tuple[dict[str, float], FailureClass | None, str]:
        import numpy as np

        from bigloop.simulators.diffraction.forward import diffract
        from bigloop.simulators.diffraction.verdict import judge

        counts = diffract(crystal, values["photons"], request.seed)
        if not counts.any():
            return {}, FailureClass.QUALITY, "not one photon was counted: expose longer"
        amplitude = np.sqrt(counts)
        runs: list[Phasing] = []
        for start in range(self._n_starts):
            if time.monotonic() - began > request.timeout_s:
                done = f"after {start} of {self._n_starts} starts"
                late = f"{request.timeout_s:g} s passed {done}"
                return {}, FailureClass.TIMEOUT, late
            runs.append(self._start(amplitude, request.seed, start))
        best = min(runs, key=lambda run: run.chi_square)
        if best.failure:
            return {}, FailureClass.SOLVER, f"no start gave an object: {best.failure}"
        if best.chi_square > WORST:
            low = f"the best chi-square is {best.chi_square:.2f}, above {WORST:g}"
            return {}, FailureClass.SOLVER, f"{low}: the pattern is not explained"
        return judge(best, crystal, amplitude), None, ""

    def _start(self, amplitude: Floats, seed: int, start: int) -> Phasing:
        from bigloop.simulators.diffraction.phasing import phase

        return phase(amplitude, self._settings(), seed * self._n_starts + start)

    def _settings(self) -> Any:
        from bigloop.simulators.diffraction.settings import Settings

        if self._sequence is None:
            return Settings(device=self._device)
        return Settings(sequence=self._sequence, device=self._device)

    def _provenance(self, request: Request) -> dict[str, Any]:
        import numpy
        import torch

        return {
            "numpy": numpy.__version__,
            "torch": torch.__version__,
            "box": self._box,
            "voxel_nm": self._voxel_nm,
            "n_starts": self._n_starts,
            "sequence": self._settings().sequence,
            "shape": self._shape,
            "device": self._device,
            "seed": request.seed,
            "citations": list(_CITATIONS),
        }


def _values(request: Request) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, (_, low, high) in _PARAMETERS.items():
        value = request.design[name]
        if isinstance(value, str) or not low <= value <= high:
            raise SpecError(
                f"design.{name}: {value!r}: give a number from {low:g} to {high:g}"
            )
        found[name] = value
    if found["n_dislocations"] % 1:
        lines = found["n_dislocations"]
        raise SpecError(f"design.n_dislocations: {lines:g}: give a whole number")
    return found


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order, so that the bits do not depend on the number of cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
