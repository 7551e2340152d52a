"""Many random starts of one phasing, and what they agree on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigloop.simulators.diffraction.alignment import Complex, align, correlation
from bigloop.simulators.diffraction.checks import Floats
from bigloop.simulators.diffraction.phasing import Phasing, phase
from bigloop.simulators.diffraction.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """Phasings of one pattern, in the order of their seeds."""

    runs: tuple[Phasing, ...]

    @property
    def succeeded(self) -> tuple[Phasing, ...]:
        """Runs that gave an object, the lowest chi-square first."""
        return tuple(
            sorted((r for r in self.runs if not r.failure), key=lambda r: r.chi_square)
        )

    def aligned(self, n: int | None = None) -> list[Complex]:
        """Objects of the best `n` runs, brought to the best one."""
        best = self.succeeded[:n]
        return [best[0].object] + [align(r.object, best[0].object) for r in best[1:]]

    def correlations(self, n: int | None = None) -> Floats:
        """Twin-aligned correlation between all pairs of the best `n` runs, `k`."""
        rhos = self.aligned(n)
        pairs = [
            correlation(align(rhos[i], rhos[j]), rhos[j])
            for i in range(len(rhos))
            for j in range(i)
        ]
        return np.array(pairs)

    def modes(self, n: int | None = None) -> tuple[NDArray[np.complex128], Floats]:
        """Orthogonal modes of the aligned objects, `k x nx x ny x nz`, with weights.

        The first mode is what the runs agree on; its weight, of 1 in all, says how far.
        """
        stack = np.stack(self.aligned(n))
        flat = stack.reshape(len(stack), -1)
        weights, vectors = np.linalg.eigh(flat @ flat.conj().T)
        weights, vectors = weights[::-1], vectors[:, ::-1]
        modes = (vectors.conj().T @ flat).reshape(stack.shape)
        return modes, np.asarray(weights / weights.sum())


def phase_many(
    amplitude: Floats,
    seeds: Sequence[int] = range(10),
    settings: Settings | None = None,
    *,
    mask: NDArray[np.bool_] | None = None,
) -> Starts:
    """`phase` from each seed."""
    return Starts(
        runs=tuple(phase(amplitude, settings, seed, mask=mask) for seed in seeds)
    )
