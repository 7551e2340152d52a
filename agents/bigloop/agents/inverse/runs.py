"""Runs of the kinetic Monte Carlo at designed barriers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.models.prvae.data import volume_fraction

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grower:
    """Replicates on one lattice by one set of rules; as the data set was made."""

    shape: tuple[int, int]
    rules: str = "v1"
    max_events: int = 2_000_000

    def run(self, barriers: Sequence[float], n: int, seed: int) -> NDArray[np.uint8]:
        """Final lattices of `n` replicates, `n x rows x columns`.

        Raises:
            SpecError: barriers or rules that cannot be.
        """
        from bigloop.simulators.sei import Barriers, Growth

        made = Barriers.of(list(map(float, barriers)))
        words = np.random.SeedSequence(seed).generate_state(n, np.uint64)
        lattices = []
        for word in words:
            growth = Growth(
                made, self.rules, self.shape, seed=int(word >> np.uint64(1))
            )
            lattices.append(growth.run(events=self.max_events).lattice)
        return np.stack(lattices)


def properties_of(lattices: NDArray[np.uint8], names: Sequence[str]) -> Floats:
    """Properties `n x k` measured on pictures, by the definitions of the data.

    Raises:
        SpecError: a name that is no observable.
    """
    from bigloop.simulators.sei import measure

    found = {**measure(lattices), "volume_fraction": volume_fraction(lattices)}
    if unknown := [name for name in names if name not in found]:
        raise SpecError(
            f"properties: {unknown[0]!r} cannot be measured on a picture; there are "
            f"{', '.join(found)}"
        )
    return np.stack([found[name] for name in names], axis=1)
