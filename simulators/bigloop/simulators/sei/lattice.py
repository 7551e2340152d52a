"""A configuration of the lattice: species, bonds of pairs, membership of clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigloop.contracts import SpecError
from bigloop.simulators.sei.model import Species, check_shape

_SPECIES = tuple(int(code) for code in Species)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """All that the events depend on; every array is `rows x columns`."""

    species: NDArray[np.uint8]
    partner: NDArray[np.int64]
    """Flat index of the other site of a pair, -1 elsewhere."""
    owner: NDArray[np.int64]
    """Number of the cluster of a site, -1 elsewhere; neighbours may differ in it."""

    @classmethod
    def initial(cls, shape: tuple[int, int]) -> Lattice:
        """Electrode, solvent and absorber.

        Raises:
            SpecError: the shape is no lattice.
        """
        species = np.zeros(check_shape(shape), dtype=np.uint8)
        species[0] = Species.ELECTRODE
        species[-1] = Species.ABSORBER
        return cls.of(species)

    @classmethod
    def of(cls, species: NDArray[np.uint8]) -> Lattice:
        """From species alone, where pairs and clusters do not touch their like.

        Raises:
            SpecError: a code is unknown, the first or last row is not electrode or
                absorber, or a pair cannot be told from its neighbours.
        """
        species = np.array(species)
        if species.ndim != 2 or not np.isin(species, _SPECIES).all():
            raise SpecError("lattice: give rows x columns of codes 0 to 7")
        check_shape((int(species.shape[0]), int(species.shape[1])))
        inside = species[1:-1]
        ends = (Species.ELECTRODE, Species.ABSORBER)
        if (
            (species[0] != ends[0]).any()
            or (species[-1] != ends[1]).any()
            or np.isin(inside, ends).any()
        ):
            raise SpecError(
                "lattice: the first row is electrode (1), the last one absorber (2), "
                "and neither stands elsewhere"
            )
        species = species.astype(np.uint8)
        return cls(species=species, partner=_partners(species), owner=_owners(species))


def _components(sites: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    from scipy.ndimage import label

    labels, count = label(sites)
    return labels.astype(np.int64), int(count)


def _owners(species: NDArray[np.uint8]) -> NDArray[np.int64]:
    return _components(species == Species.CLUSTER)[0] - 1


def _partners(species: NDArray[np.uint8]) -> NDArray[np.int64]:
    labels, count = _components(species == Species.PAIR)
    flat = labels.ravel()
    partner = np.full(flat.size, -1, dtype=np.int64)
    for number in range(1, count + 1):
        sites = np.flatnonzero(flat == number)
        if len(sites) != 2:
            row, column = divmod(int(sites[0]), species.shape[1])
            raise SpecError(
                f"lattice: the pair at row {row}, column {column} has {len(sites)} "
                "sites in one piece; give partners where pairs touch"
            )
        partner[sites] = sites[::-1]
    return partner.reshape(species.shape)
