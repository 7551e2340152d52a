from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from bigloop.contracts import FailureClass, Request, SpecError
from bigloop.simulators.sei import Barriers, box
from bigloop.simulators.sei.cell import SeiCellSimulator

MIDDLE = asdict(Barriers.of(box().mean(axis=1).tolist()))
SMALL: dict[str, Any] = {
    "cycles": 8,
    "draws": 2,
    "film": {"rows": 20, "columns": 20, "max_events": 200_000},
}


def ask(seed: int = 0, **more: Any) -> Request:
    return Request(trial="1", design=dict(MIDDLE), seed=seed, **more)


def test_film_is_the_mean_of_replicates_and_feeds_the_cell() -> None:
    found = SeiCellSimulator(**SMALL).evaluate(ask())
    assert found.status == "success", found.message
    values = {m.observable: m for m in found.measurements}
    films = found.provenance["films"]
    assert len(films) == 4
    assert len({film["thickness"] for film in films}) > 1
    mean = sum(film["thickness"] for film in films) / 4
    assert values["thickness"].value == pytest.approx(mean)
    assert values["thickness"].unit == "nanometer"
    assert (values["capacity_loss"].sd or 0) > 0


def test_a_denser_film_keeps_more_capacity() -> None:
    from bigloop.simulators.cells import CellLifeSimulator
    from bigloop.simulators.cells.scale_bridge import FREE, Film, Reference, fed_by
    from bigloop.simulators.sei.cell import CONDITIONS

    cells = CellLifeSimulator("SPM", free_parameters=FREE, cycles=8)
    request = Request(trial="1", design=dict(CONDITIONS))
    loss = []
    for porosity in (0.2, 0.5):
        film = Film((5.0, 5.0), (porosity, porosity))
        made = fed_by(cells, request, film, Reference(porosity=0.3), draws=2)
        loss += [m.value for m in made.measurements if m.observable == "lithium_loss"]
    assert loss[0] < loss[1]


def test_no_film_is_an_outcome() -> None:
    closed = {**MIDDLE, "e3": 2.0, "e4": 2.0, "e7": 2.0}
    request = Request(trial="1", design=closed)
    found = SeiCellSimulator(**SMALL).evaluate(request)
    assert (found.status, found.failure) == ("failure", FailureClass.CHEMISTRY)
    assert "no film for a cell" in found.message
    assert found.measurements == ()


def test_time_limit_holds_for_the_films() -> None:
    found = SeiCellSimulator(**SMALL).evaluate(ask(timeout_s=0.0))
    assert found.failure is FailureClass.TIMEOUT


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"replicates": 1}, "replicates: 1"),
        ({"reference_porosity": 0.01}, r"reference.porosity: 0.01"),
        ({"film": {"row": 3}}, "options of film or cell"),
        ({"conditions": {"C9": 1.0}}, "give exactly"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        SeiCellSimulator(**options)
