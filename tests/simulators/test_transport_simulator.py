"""The source of ionic conductivity: fidelities, effects, refusals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bigloop.contracts import FailureClass, Outcome, Request, SpecError
from bigloop.simulators.transport.simulator import ConductivitySimulator

COMPOSITE = {
    "silicon": 0.3,
    "carbon": 0.03,
    "silicon_um": 2.0,
    "electrolyte_um": 1.5,
    "pressure_MPa": 400.0,
    "mixing_min": 30.0,
    "silicon_porosity": 0.0,
    "electrolyte_S_cm": 2e-3,
    "silicon_S_cm": 0.0,
}
GARNET = {
    "temperature_C": 950.0,
    "hours": 0.05,
    "coating_nm": 50.0,
    "nmc_nm": 80.0,
    "boundary_nm": 2.0,
    "roughness_nm": 5.0,
    "llzo_S_cm": 5e-4,
    "boundary_S_cm": 1e-5,
    "nmc_S_cm": 1e-6,
    "layer_S_cm": 1e-8,
    "contact_ohm_cm2": 0.0,
}


def run(
    simulator: ConductivitySimulator,
    design: dict[str, float],
    seed: int = 0,
    **change: float,
) -> Outcome:
    return simulator.evaluate(
        Request(trial="1", design={**design, **change}, seed=seed)
    )


def value(outcome: Outcome, observable: str = "conductivity") -> float:
    assert outcome.status == "success", outcome.message
    return next(m.value for m in outcome.measurements if m.observable == observable)


def composite(
    fidelity: str = "finite-volume", cycles: float = 0.0
) -> ConductivitySimulator:
    return ConductivitySimulator(
        "composite", fidelity, (28, 28, 28), voxel_um=0.25, cycles=cycles, walkers=500
    )


def test_the_fidelities_see_the_same_structure() -> None:
    z = []
    for seed in range(4):
        exact = run(composite(), COMPOSITE, seed)
        noisy = run(composite("random-walk"), COMPOSITE, seed)
        assert value(exact, "porosity") == value(noisy, "porosity")
        sd = next(m.sd for m in noisy.measurements if m.observable == "conductivity")
        assert sd is not None
        z.append((value(noisy) - value(exact)) / sd)
    assert sum(x * x for x in z) < 18.5  # chi-square of 4, 0.1 %


def test_ageing_and_pressure_have_an_effect_of_the_right_sign() -> None:
    fresh = value(run(composite(), COMPOSITE))
    assert value(run(composite(cycles=300), COMPOSITE)) < fresh
    assert value(run(composite(), COMPOSITE, pressure_MPa=800.0)) > fresh
    doubled = value(run(composite(), COMPOSITE, electrolyte_S_cm=4e-3))
    assert doubled == pytest.approx(2 * fresh, rel=1e-3)


def test_reaction_layer_and_contact_resistance_lower_the_conductivity() -> None:
    simulator = ConductivitySimulator("contact", shape=(96, 96), voxel_um=0.001)
    clean = value(run(simulator, GARNET, layer_S_cm=5e-4))
    assert value(run(simulator, GARNET)) < clean
    coarse = ConductivitySimulator("contact", shape=(96, 96), voxel_um=0.05)
    thin = {**GARNET, "temperature_C": 1100.0, "hours": 0.01, "nmc_nm": 2000.0}
    free = value(run(coarse, thin))
    assert value(run(coarse, thin, contact_ohm_cm2=1e4)) < 0.9 * free


def test_a_structure_that_does_not_conduct_is_a_failure_of_quality() -> None:
    """In two dimensions the electrolyte is cut off everywhere at this porosity."""
    flat = ConductivitySimulator("composite", shape=(128, 128), voxel_um=0.2)
    outcome = run(flat, COMPOSITE, silicon=0.7, pressure_MPa=10.0)
    assert outcome.failure is FailureClass.QUALITY
    assert outcome.measurements == ()
    assert outcome.cost["core_second"] > 0


def test_blind_spots() -> None:
    assert composite().capabilities().blind_spots == {}
    blind = composite("random-walk").capabilities().blind_spots
    assert set(blind) == {"silicon_S_cm"}
    walks = ConductivitySimulator("contact", "random-walk").capabilities()
    assert set(walks.blind_spots) == {
        "boundary_S_cm",
        "nmc_S_cm",
        "layer_S_cm",
        "contact_ohm_cm2",
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"electrolyte_S_cm": -1.0}, "electrolyte_S_cm: -1.0"),
        ({"silicon": 5.0}, "silicon: 5.0"),
        ({"silicon_um": 0.1}, "two cells"),
    ],
)
def test_absurd_designs(change: dict[str, float], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        run(composite(), {**COMPOSITE, **change})


def test_bad_options() -> None:
    with pytest.raises(SpecError, match="composite, contact"):
        ConductivitySimulator("foam")
    with pytest.raises(SpecError, match="finite-volume, random-walk"):
        ConductivitySimulator(fidelity="guess")
    with pytest.raises(SpecError, match="shape"):
        ConductivitySimulator(shape=(1, 64))
    with pytest.raises(SpecError, match="cycles"):
        ConductivitySimulator(cycles=-1)
    with pytest.raises(SpecError, match="walkers: 3"):
        ConductivitySimulator(walkers=3)


def test_capabilities_import_nothing_heavy() -> None:
    code = (
        "import sys; from bigloop.simulators.transport.simulator import "
        "ConductivitySimulator as S; S().capabilities(); "
        "print([m for m in ('numba', 'torch', 'scipy', 'skimage', 'pytrax') "
        "if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"


def test_the_example_of_the_documentation_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = Path(__file__).parents[2] / "docs/reference/microstructures-and-transport.md"
    block = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    exec(compile(block, str(page), "exec"), {})
    assert "S/cm" in capsys.readouterr().out
