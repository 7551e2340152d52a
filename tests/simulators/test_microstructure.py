"""Generated electrodes: what a design asks for, seeds, ageing, bad input."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from bigloop.contracts import SpecError
from bigloop.simulators.microstructure import (
    Composite,
    CompositeDesign,
    Contact,
    ContactDesign,
    age_composite,
    age_contact,
    chords,
    interface,
    laws,
    make_composite,
    make_contact,
)

SHAPE = (128, 128)


def test_laws() -> None:
    assert laws.porosity(0, 0.7) == pytest.approx(math.exp(-0.69))
    assert laws.porosity(300, 1) < laws.porosity(300, 0.5) < laws.porosity(100, 0.5)
    assert laws.layer_nm(700, 1, 0) == pytest.approx(30)
    assert laws.layer_nm(700, 4, 0) == pytest.approx(60)
    assert laws.layer_nm(700, 1, 5) == pytest.approx(30 / math.sqrt(2))
    assert laws.grain_nm(900, 1) == pytest.approx(60, rel=0.05)
    assert laws.grain_nm(900, 1000) / laws.grain_nm(900, 8000) == pytest.approx(
        0.5, 0.01
    )
    fresh = laws.cracked(0, 1), laws.detached(0, 1, 0), laws.contact_lost(0, 0)
    assert fresh == (0, 0, 0)
    assert laws.layer_after_cycling_nm(8, 1000) == pytest.approx(10)


def test_fractions_by_mass_follow_from_densities() -> None:
    design = CompositeDesign(silicon=0.5, carbon=0.1, silicon_porosity=0.2)
    part = design.fractions
    assert sum(part.values()) == pytest.approx(1)
    mass = part[Composite.SILICON] * 2.33, part[Composite.ELECTROLYTE] * 1.86
    assert mass[0] / mass[1] == pytest.approx(0.5 / 0.4)


@pytest.mark.parametrize("shape", [SHAPE, (40, 40, 40)])
@pytest.mark.parametrize("pores", [0.0, 0.3])
def test_composites_have_the_fractions_of_their_design(
    shape: tuple[int, ...], pores: float
) -> None:
    design = CompositeDesign(silicon_porosity=pores)
    found = [make_composite(design, shape, 0.15, seed) for seed in range(4)]
    for phase, aim in design.fractions.items():
        parts = [s.fraction(phase) for s in found]
        # The last particle of silicon may be half too much or too little.
        assert np.mean(parts) == pytest.approx(aim, abs=0.03)
    assert found[0].image.shape == shape
    assert found[0].image.dtype == np.uint8


def test_the_same_seed_gives_the_same_bits() -> None:
    first, second = (make_composite(CompositeDesign(), SHAPE, seed=3) for _ in range(2))
    assert (first.image == second.image).all()
    other = make_composite(CompositeDesign(), SHAPE, seed=4)
    assert (first.image != other.image).mean() > 0.2
    one, two = (make_contact(ContactDesign(), SHAPE, seed=3) for _ in range(2))
    assert (one.image == two.image).all()
    aged = [age_composite(s, 100).image for s in (first, second)]
    assert (aged[0] == aged[1]).all()


def test_conditions_show_in_the_image() -> None:
    """Sizes of particles in chords, mixing in those of carbon, pressure in the void."""

    def chord(phase: Composite, **conditions: float) -> float:
        design = replace(CompositeDesign(carbon=0.1), **conditions)
        images = [make_composite(design, SHAPE, 0.1, seed).image for seed in range(3)]
        return float(np.mean(np.concatenate([chords(i, phase) for i in images])))

    silicon = Composite.SILICON
    assert chord(silicon, silicon_um=3.0) > 1.5 * chord(silicon, silicon_um=1.0)
    carbon = Composite.CARBON
    assert chord(carbon, mixing_min=0.0) > 1.15 * chord(carbon, mixing_min=120.0)
    void = CompositeDesign(pressure_MPa=100).fractions[Composite.VOID]
    assert void > CompositeDesign(pressure_MPa=500).fractions[Composite.VOID]


def test_images_are_made_of_structures_not_of_noise() -> None:
    """Silicon comes in a few clusters, carbon and void lie at the seams."""
    made = make_composite(CompositeDesign(carbon=0.03), (256, 256), 0.1, seed=1)
    silicon = made.image == Composite.SILICON
    _, n = ndimage.label(silicon)
    discs = silicon.sum() / (math.pi / 4 * 20**2)
    assert 0.3 * discs < n < 1.5 * discs
    for phase in (Composite.VOID, Composite.CARBON):
        matrix = made.image == Composite.ELECTROLYTE
        assert made.seam[made.image == phase].mean() < 0.7 * made.seam[matrix].mean()


@pytest.mark.parametrize("shape", [SHAPE, (40, 40, 40)])
def test_composites_age_by_opening_void(shape: tuple[int, ...]) -> None:
    fresh = make_composite(CompositeDesign(silicon_um=3), shape, 0.12, seed=2)
    assert (age_composite(fresh, 0).image == fresh.image).all()
    before = fresh.image
    touching = interface(before, Composite.SILICON, Composite.ELECTROLYTE)
    for cycles in (30, 100, 300):
        after = age_composite(fresh, cycles).image
        changed = after != before
        assert (after[changed] == Composite.VOID).all()
        assert changed.any()
        left = interface(after, Composite.SILICON, Composite.ELECTROLYTE)
        assert left < touching
        before, touching = after, left
    hard = age_composite(fresh, 100, utilisation=1.0, stack_MPa=0.0)
    assert hard.fraction(Composite.VOID) > (
        age_composite(fresh, 100, utilisation=0.3).fraction(Composite.VOID)
    )


def test_small_silicon_does_not_crack() -> None:
    tiny = CompositeDesign(silicon_um=0.04, electrolyte_um=0.1)
    fresh = make_composite(tiny, SHAPE, 0.01, seed=1)
    aged = age_composite(fresh, 300)
    silicon = Composite.SILICON
    kept = aged.fraction(silicon) / fresh.fraction(silicon)
    big = make_composite(CompositeDesign(silicon_um=2), SHAPE, 0.1, seed=1)
    cracked = age_composite(big, 300).fraction(silicon) / big.fraction(silicon)
    assert kept > 0.995 > cracked


@pytest.mark.parametrize("shape", [SHAPE, (48, 40, 40)])
def test_contacts(shape: tuple[int, ...]) -> None:
    design = ContactDesign(temperature_C=850, hours=0.5, coating_nm=20)
    made = make_contact(design, shape, 2.0, seed=1)
    assert made.fraction(Contact.PORE) == pytest.approx(design.porosity, abs=0.002)
    image = made.image
    assert (image[0] == Contact.NMC).mean() > 0.5
    assert (image[-1] == Contact.LLZO).mean() > 0.4
    thick = (image == Contact.LAYER).sum() / image[0].size * 2.0
    assert 0.5 * design.layer_nm < thick < 1.5 * design.layer_nm
    assert interface(image, Contact.LLZO, Contact.NMC) < 0.1 * interface(
        image, Contact.LLZO, Contact.BOUNDARY
    )


def test_layers_grow_and_contact_is_lost() -> None:
    fresh = make_contact(ContactDesign(temperature_C=600), (200, 200), 0.5, seed=1)
    layers, pores = [], []
    for cycles in (0, 1000, 4000):
        aged = age_contact(fresh, cycles)
        layers.append(aged.fraction(Contact.LAYER) + aged.fraction(Contact.PORE))
        pores.append(aged.image == Contact.PORE)
    assert layers[0] < layers[1] < layers[2]
    assert (pores[1] >= pores[0]).all()
    assert (pores[2] >= pores[1]).all()
    assert pores[2].sum() > pores[0].sum()


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ({"silicon": 0.0}, "silicon: 0.0"),
        ({"silicon": math.nan}, "silicon: nan"),
        ({"silicon": 0.9, "carbon": 0.1}, "leave 0.05"),
        ({"pressure_MPa": -1.0}, "pressure_MPa: -1.0: give 0 to 1000 MPa"),
        ({"silicon_porosity": 0.99}, "silicon_porosity"),
    ],
)
def test_absurd_designs(conditions: dict[str, float], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        CompositeDesign(**conditions)


def test_absurd_boxes_and_ages() -> None:
    design = CompositeDesign()
    with pytest.raises(SpecError, match="shape"):
        make_composite(design, (1, 100))
    with pytest.raises(SpecError, match="two cells"):
        make_composite(design, SHAPE, voxel_um=1.2)
    with pytest.raises(SpecError, match="voxel_um"):
        make_contact(ContactDesign(), SHAPE, voxel_nm=0.0)
    with pytest.raises(SpecError, match="seed"):
        make_contact(ContactDesign(), SHAPE, seed=-1)
    with pytest.raises(SpecError, match="temperature_C"):
        ContactDesign(temperature_C=20)
    made = make_composite(design, SHAPE)
    with pytest.raises(SpecError, match="cycles: nan"):
        age_composite(made, math.nan)
    with pytest.raises(SpecError, match="utilisation"):
        age_composite(made, 1, utilisation=2)
    bare = replace(made, image=np.zeros_like(made.image))
    with pytest.raises(SpecError, match="no silicon"):
        age_composite(bare, 1)
    with pytest.raises(SpecError, match="no contact"):
        age_contact(bare, 1)
