"""From replicates of a simulated film to the spread of a predicted loss."""

from __future__ import annotations

from statistics import fmean, stdev
from typing import Any

import pytest

from bigloop.contracts import FailureClass, Request, SpecError
from bigloop.simulators.cells import CellLifeSimulator
from bigloop.simulators.cells.scale_bridge import FREE, Film, Reference, fed_by

THICKNESS = (14.0, 15.5, 16.1, 15.2, 17.0, 15.9)
POROSITY = (0.30, 0.35, 0.28, 0.33, 0.31, 0.29)
FILM = Film(THICKNESS, POROSITY)
REFERENCE = Reference(porosity=0.1)
ASK = Request(
    trial="1", design={"C1": 1.0, "discharge_rate": 1.0, "temperature": 298.15}
)


@pytest.fixture(scope="module")
def spm() -> CellLifeSimulator:
    return CellLifeSimulator("SPM", free_parameters=FREE, cycles=12)


def test_the_film_of_the_set_gives_the_numbers_of_the_set() -> None:
    """Written out: eps = eps_ref changes nothing; 4 eps_ref gives 8 times D_ref."""
    same = REFERENCE.parameters(5.0, 0.1)
    assert same["sei_diffusivity"] == REFERENCE.diffusivity_m2_s
    assert same["sei_volume"] == REFERENCE.volume_m3_mol
    assert same["initial_sei"] == pytest.approx(5e-9)
    open_film = REFERENCE.parameters(5.0, 0.4)
    assert open_film["sei_diffusivity"] == pytest.approx(8 * 2.5e-22)
    assert open_film["sei_volume"] == pytest.approx(1.5 * 9.585e-5)


def test_draws_have_the_spread_of_a_mean() -> None:
    """Bootstrap means of n values scatter with sqrt((n - 1) / n) sd / sqrt(n)."""
    n, m = len(THICKNESS), 4000
    expected = stdev(THICKNESS) * ((n - 1) / n) ** 0.5 / n**0.5
    drawn = [t for t, _ in FILM.draws(m, seed=1)]
    error = expected / (2 * m) ** 0.5
    assert stdev(drawn) == pytest.approx(expected, abs=4 * error)
    assert fmean(drawn) == pytest.approx(fmean(THICKNESS), abs=4 * expected / m**0.5)
    single = set(FILM.draws(200, 1, "specimen"))
    assert single == set(zip(THICKNESS, POROSITY, strict=True))
    assert FILM.draws(5, 3) == FILM.draws(5, 3) != FILM.draws(5, 4)


def test_uncertainty_of_the_film_reaches_the_loss(spm: CellLifeSimulator) -> None:
    outcome = fed_by(spm, ASK, FILM, REFERENCE, draws=6)
    assert outcome.status == "success", outcome.message
    found = {m.observable: m for m in outcome.measurements}
    assert found["capacity_loss"].sd is not None
    assert 0 < found["capacity_loss"].sd < found["capacity_loss"].value
    single = fed_by(spm, ASK, FILM, REFERENCE, draws=6, spread="specimen")
    wide = {m.observable: m for m in single.measurements}["sei_thickness"]
    assert wide.sd is not None
    assert wide.sd > (found["sei_thickness"].sd or 0.0)
    assert wide.value > fmean(THICKNESS) - 3 * stdev(THICKNESS)
    assert outcome.provenance["film_replicates"] == len(POROSITY)
    again = fed_by(spm, ASK, FILM, REFERENCE, draws=6)
    assert again.measurements == outcome.measurements


def test_equal_replicates_have_no_spread(spm: CellLifeSimulator) -> None:
    same = Film((15.0, 15.0), (0.3, 0.3))
    outcome = fed_by(spm, ASK, same, REFERENCE, draws=2)
    assert [m.sd for m in outcome.measurements] == [0.0] * 7


def test_a_life_that_fails_fails_the_mean(spm: CellLifeSimulator) -> None:
    late = ASK.model_copy(update={"timeout_s": 1e-9})
    outcome = fed_by(spm, late, FILM, REFERENCE, draws=4)
    assert outcome.failure is FailureClass.TIMEOUT
    assert outcome.message.startswith("draw 1 of 4: ")
    assert outcome.measurements == ()


@pytest.mark.parametrize(
    ("thickness", "porosity", "says"),
    [
        ((5.0,), (0.3,), "2 or more"),
        ((5.0, 6.0), (0.3,), "2 thicknesses and 1"),
        ((5.0, -6.0), (0.3, 0.3), "thickness_nm: -6"),
        ((5.0, float("nan")), (0.3, 0.3), "nan"),
        ((5.0, 6.0), (0.3, 0.01), "porosity: 0.01"),
        ((5.0, 6.0), (0.3, 1.0), "porosity: 1.0"),
    ],
)
def test_absurd_films(thickness: Any, porosity: Any, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        Film(thickness, porosity)


def test_absurd_options(spm: CellLifeSimulator) -> None:
    with pytest.raises(SpecError, match=r"reference\.porosity"):
        Reference(porosity=0.0)
    with pytest.raises(SpecError, match="diffusivity"):
        Reference(porosity=0.1, diffusivity_m2_s=-1.0)
    with pytest.raises(SpecError, match="spread"):
        FILM.draws(3, 0, "wide")
    with pytest.raises(SpecError, match="draws: 1"):
        fed_by(spm, ASK, FILM, REFERENCE, draws=1)
