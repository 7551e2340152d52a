from __future__ import annotations

import numpy as np
import pytest

from bigloop.contracts import SpecError
from bigloop.simulators.sei.lattice import Lattice
from bigloop.simulators.sei.model import Species
from bigloop.simulators.sei.observables import UNITS, measure, newpor, porosity


def _example() -> np.ndarray:
    """Columns with Li2CO3 to rows 2, 1, 0, 1 and a cluster over three of them."""
    species = Lattice.initial((8, 4)).species.copy()
    species[1:3, 0] = Species.INORGANIC
    species[1, 1] = species[1, 3] = Species.INORGANIC
    species[4, 1:4] = Species.CLUSTER
    species[5, 0] = Species.MONOMER
    return species


def test_by_hand() -> None:
    values = {name: value[0] for name, value in measure(_example()).items()}
    assert values["in_flux"] == 4 / 4
    assert values["or_flux"] == 3 / 4
    assert values["flux"] == 7 / 4
    assert values["density"] == 7 / 32
    assert values["thickness"] == (2 + 4 + 4 + 4) / 4
    assert values["in_thickness"] == (2 + 1 + 0 + 1) / 4
    assert values["or_thickness"] == 2.5
    # Height int(1.75) + 1 = 2 rows, the electrode among them: 3 of 4 in row 1 are SEI.
    assert values["porosity"] == 5 / 8
    # Half of 3.5 layers is 1.75: of row 1 one site is empty.
    assert values["newpor"] == 1 / (1.75 * 4)
    assert values["n_monomer"] == 1
    assert values["n_solvent"] == 32 - 8 - 7 - 1
    assert list(values) == list(UNITS)


def test_an_empty_lattice() -> None:
    empty = Lattice.initial((5, 3)).species
    assert measure(empty)["thickness"] == 0
    assert newpor(empty) == 0
    assert porosity(empty) == 1


def test_a_stack_is_as_its_parts() -> None:
    stack = np.stack([_example(), Lattice.initial((8, 4)).species])
    for name, values in measure(stack).items():
        one = [measure(lattice)[name][0] for lattice in stack]
        np.testing.assert_array_equal(values, one)


def test_a_full_layer_has_a_whole_flux() -> None:
    species = Lattice.initial((9, 50)).species.copy()
    species[1:4] = Species.INORGANIC
    assert measure(species)["in_flux"] == 3
    assert porosity(species) == 50 / 200


@pytest.mark.parametrize(
    "lattices", [np.zeros(4, int), np.full((4, 4), 8), np.zeros((4, 4)), [[1.5]]]
)
def test_what_is_no_lattice_is_refused(lattices: object) -> None:
    with pytest.raises(SpecError, match="lattices"):
        measure(lattices)  # type: ignore[arg-type]
