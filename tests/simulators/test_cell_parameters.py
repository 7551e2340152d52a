"""Cells from sets and from BPX files, and the mechanisms that age them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bigloop.contracts import FailureClass, Outcome, Request, SpecError
from bigloop.simulators.cells import CellLifeSimulator
from bigloop.simulators.cells.mechanisms import SEI

DATA = Path(__file__).parent / "data"
BPX = "graphite_nmc.bpx.json"
ASK = Request(
    trial="1",
    design={"C1": 1.0, "discharge_rate": 1.0, "temperature": 298.15},
    until_age=3,
)


def values(outcome: Outcome) -> dict[str, float]:
    assert outcome.status == "success", outcome.message
    return {m.observable: m.value for m in outcome.measurements}


def test_a_bpx_file_is_the_cell_that_it_describes() -> None:
    """The same cell as PyBaMM's set of [Chen2020], written from the paper's numbers."""
    source = CellLifeSimulator("SPM", parameters=BPX, base=str(DATA))
    outcome = source.evaluate(ASK)
    of_set = values(CellLifeSimulator("SPM").evaluate(ASK))
    assert values(outcome)["capacity"] == pytest.approx(of_set["capacity"], rel=0.02)
    assert values(outcome)["lithium_loss"] == pytest.approx(
        of_set["lithium_loss"], rel=0.1
    )
    assert "SEI solvent diffusivity [m2.s-1]" in outcome.provenance["filled_in"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "there is no file"),
        ("", "no BPX file"),
        ("{}", "no BPX file"),
        ('{"Header": {"BPX": "1.1.1", "Model": "DFN"}}', "no BPX file"),
    ],
)
def test_bad_files(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "cell.json").write_text(text)
    source = CellLifeSimulator("SPM", parameters="cell.json", base=str(tmp_path))
    with pytest.raises(SpecError, match=says) as caught:
        source.evaluate(ASK)
    assert "\n" not in str(caught.value)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    evil = f"__import__('pathlib').Path('{marker}').touch()"
    text = (DATA / BPX).read_text().replace("-0.8090*x + 4.4875", evil)
    (tmp_path / "cell.json").write_text(text)
    source = CellLifeSimulator("SPM", parameters="cell.json", base=str(tmp_path))
    with pytest.raises(SpecError, match="no BPX file"):
        source.evaluate(ASK)
    assert not marker.exists()


@pytest.mark.parametrize("sei", [s for s in SEI if s != "solvent-diffusion limited"])
def test_every_film_grows_or_is_none(sei: str) -> None:
    found = values(CellLifeSimulator("SPM", sei=sei).evaluate(ASK))
    grown = found["sei_thickness"] - 5.0
    assert grown > 0 if sei != "none" else found["sei_thickness"] == 0
    assert found["lithium_loss"] >= -1e-6


def test_plating_needs_cold_and_haste() -> None:
    source = CellLifeSimulator("SPM", plating="partially reversible")
    cold = {"C1": 2.0, "discharge_rate": 1.0, "temperature": 278.15}
    calm = {"C1": 0.2, "discharge_rate": 1.0, "temperature": 298.15}
    plated = [
        values(source.evaluate(ASK.model_copy(update={"design": d})))["plated_lithium"]
        for d in (cold, calm)
    ]
    assert plated[0] > plated[1] > 0


def test_cracks_carry_a_film_in_the_full_model() -> None:
    options = {"mechanics": "swelling and cracking", "sei_on_cracks": True}
    with pytest.raises(SpecError, match="take the DFN"):
        CellLifeSimulator("SPM", **options)  # type: ignore[arg-type]
    cracked = CellLifeSimulator("DFN", **options)  # type: ignore[arg-type]
    plain = CellLifeSimulator("DFN", mechanics="swelling and cracking")
    lost = [values(s.evaluate(ASK))["lithium_loss"] for s in (cracked, plain)]
    assert lost[0] > lost[1]


def test_blind_spots_are_those_of_the_model() -> None:
    spots: dict[str, dict[str, str]] = {
        model: CellLifeSimulator(model).capabilities().blind_spots
        for model in ("SPM", "SPMe", "DFN")
    }
    assert "porosity" in spots["SPM"]
    assert "porosity" not in spots["SPMe"]
    assert "profiles" in spots["SPMe"]
    assert "profiles" not in spots["DFN"]
    assert all("knee" in found for found in spots.values())


def test_a_protocol_with_every_part() -> None:
    source = CellLifeSimulator(
        "SPM",
        protocol={
            "charge_steps": 2,
            "formation_cycles": 1,
            "formation_rate": 0.2,
            "rest": 10.0,
            "C2": 0.5,
        },
        free=("C1", "Q1", "upper_voltage"),
    )
    design: dict[str, Any] = {"C1": 2.0, "Q1": 0.3, "upper_voltage": 4.1}
    life = source.run(design, [2])
    assert life.failure is None, life.reason
    first = life.cycles[0][1]
    names = [step.name for step in first.steps]
    rests = ["rest charged", "discharge", "rest discharged"]
    assert names == ["C1", "C2", "hold", *rests]
    ends = [step.termination for step in first.steps]
    assert ends == ["charge", "voltage", "taper", "final time", "voltage", "final time"]
    charged = first.steps[0].first.charge[0] - first.steps[0].last.charge[0]
    assert charged == pytest.approx(0.3 * 5.0, rel=1e-4)
    assert first.steps[2].last.voltage[0] == pytest.approx(4.1, abs=1e-4)


def test_a_cell_that_is_not_cycled_is_no_result() -> None:
    """Charged to 3 V only, it holds next to nothing: its loss would be noise."""
    source = CellLifeSimulator("SPM", protocol={"upper_voltage": 2.7})
    outcome = source.evaluate(ASK)
    assert outcome.failure is FailureClass.CHEMISTRY
    assert outcome.measurements == ()


def test_crossed_voltages() -> None:
    source = CellLifeSimulator("SPM", protocol={"upper_voltage": 2.55})
    with pytest.raises(SpecError, match=r"0\.1 V or more above"):
        source.evaluate(ASK)
