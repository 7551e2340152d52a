"""Every source of ours against the contract suites; and the suites against bad ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bigloop.contracts import (
    Capabilities,
    FailureClass,
    Laboratory,
    Outcome,
    Request,
    Simulator,
    Stock,
)
from bigloop.contracts.plugins import load
from bigloop.simulators.cells import AgeingSimulator, CellLifeSimulator
from bigloop.simulators.diffraction import DiffractionSimulator
from bigloop.simulators.sei import Barriers, SeiGrowthSimulator, box
from bigloop.simulators.sei.cell import SeiCellSimulator
from bigloop.simulators.synthetic import (
    BraninSimulator,
    ForresterSimulator,
    HartmannSimulator,
    MixtureSimulator,
)
from bigloop.simulators.table import TableLaboratory
from bigloop.simulators.testing import check_failure, check_laboratory, check_simulator
from bigloop.simulators.transport.simulator import ConductivitySimulator

POLICY = {"C1": 5.3, "Q1": 0.54, "C2": 4.0}
X = {"x": 0.3}
CRYSTAL = {"size_nm": 100.0, "strain_rms": 5e-4, "n_dislocations": 1.0, "photons": 1e7}
COMPOSITE = {
    "silicon": 0.3,
    "carbon": 0.03,
    "silicon_um": 2.0,
    "electrolyte_um": 1.5,
    "pressure_MPa": 400.0,
    "mixing_min": 30.0,
    "silicon_porosity": 0.0,
    "electrolyte_S_cm": 2e-3,
    "silicon_S_cm": 1e-5,
}
GARNET = {
    "temperature_C": 900.0,
    "hours": 0.1,
    "coating_nm": 20.0,
    "nmc_nm": 80.0,
    "boundary_nm": 2.0,
    "roughness_nm": 5.0,
    "llzo_S_cm": 5e-4,
    "boundary_S_cm": 1e-5,
    "nmc_S_cm": 1e-6,
    "layer_S_cm": 1e-8,
    "contact_ohm_cm2": 0.01,
}


def _composite(fidelity: str) -> ConductivitySimulator:
    return ConductivitySimulator(
        "composite", fidelity, (24, 24, 24), voxel_um=0.3, walkers=500
    )


def _garnet() -> ConductivitySimulator:
    return ConductivitySimulator("contact", shape=(64, 64), voxel_um=0.002, cycles=100)


SIMULATORS: dict[str, tuple[Callable[[], Simulator], dict[str, float]]] = {
    "forrester": (lambda: ForresterSimulator(noise_sd=0.5), X),
    "branin": (lambda: BraninSimulator("good"), {"x1": 1.0, "x2": 2.0}),
    "hartmann": (
        lambda: HartmannSimulator("misleading"),
        {f"x{i}": 0.1 * i for i in range(1, 7)},
    ),
    "mixture": (
        lambda: MixtureSimulator({"EC": 0.3, "DMC": 0.7}, ripple=0.1, noise_sd=0.1),
        {"EC": 0.2, "DMC": 0.8},
    ),
    "ionic-transport": (lambda: _composite("finite-volume"), COMPOSITE),
    "sei-kmc": (
        lambda: SeiGrowthSimulator(max_events=2000),
        asdict(Barriers.of(box().mean(axis=1).tolist())),
    ),
    "sei-cell": (
        lambda: SeiCellSimulator(
            replicates=2, cycles=8, draws=2, film={"rows": 20, "columns": 20}
        ),
        asdict(Barriers.of(box().mean(axis=1).tolist())),
    ),
    "pybamm-ageing": (lambda: AgeingSimulator("SPM", cycles=2), POLICY),
    "bragg-diffraction": (
        lambda: DiffractionSimulator(box=32, n_starts=2, sequence="20*HIO+10*ER"),
        CRYSTAL,
    ),
    "pybamm-life": (
        lambda: CellLifeSimulator("SPM", cycles=12),
        {"C1": 1.0, "discharge_rate": 1.0, "temperature": 298.15},
    ),
    "table": (lambda: TableLaboratory("severson2019"), POLICY),
}


@pytest.mark.parametrize("name", SIMULATORS)
def test_simulators(name: str) -> None:
    make, design = SIMULATORS[name]
    check_simulator(make, Request(trial="1", design=dict(design)))
    assert isinstance(make(), load("simulators", name))


def test_other_fidelities_and_structures() -> None:
    for make, design in (
        (lambda: _composite("random-walk"), COMPOSITE),
        (_garnet, GARNET),
    ):
        check_simulator(make, Request(trial="1", design=dict(design), seed=2))


def test_laboratory(tmp_path: Path) -> None:
    def make() -> TableLaboratory:
        return TableLaboratory("severson2019", journal=str(tmp_path / "journal"))

    requests = [
        Request(trial="1", design=dict(POLICY), until_age=100),
        Request(trial="2", design=dict(POLICY)),
        Request(trial="3", design={"C1": 3.6, "Q1": 0.8, "C2": 3.6}, until_age=500),
    ]
    check_laboratory(make, requests)


def test_failures_are_outcomes() -> None:
    unknown = Request(trial="1", design={**POLICY, "C1": 5.0})
    outcome = check_failure(TableLaboratory("severson2019"), unknown)
    assert outcome.failure is FailureClass.INPUT
    late = Request(trial="1", design=dict(POLICY), timeout_s=0.0)
    outcome = check_failure(AgeingSimulator("SPM", cycles=2), late)
    assert outcome.failure is FailureClass.TIMEOUT
    for fidelity in ("finite-volume", "random-walk"):
        dense = Request(
            trial="1",
            design={**COMPOSITE, "electrolyte_S_cm": 0.0, "silicon_S_cm": 0.0},
        )
        outcome = check_failure(_composite(fidelity), dense)
        assert outcome.failure is FailureClass.QUALITY
        late = Request(trial="1", design=dict(COMPOSITE), timeout_s=0.0)
        outcome = check_failure(_composite(fidelity), late)
        assert outcome.failure is FailureClass.TIMEOUT


class _Forgetful:
    """A laboratory that runs every key again, on the same specimen."""

    def __init__(self, **outcome: Any) -> None:
        self._outcome = {"status": "success", "specimen": "a", **outcome}
        self._n = 0

    def capabilities(self) -> Capabilities:
        return Capabilities(
            parameters={"x": ""}, observables={"y": ""}, is_physical=True
        )

    def stock(self) -> list[Stock]:
        return [Stock(design={"x": 0.3}, specimens=2)]

    def recover(self, request: Request) -> Outcome | None:
        return None

    def evaluate(self, request: Request) -> Outcome:
        return ForresterSimulator().evaluate(request).model_copy(update=self._outcome)


class _Random(ForresterSimulator):
    _n = 0.0

    def evaluate(self, request: Request) -> Outcome:
        type(self)._n += 1
        request = request.model_copy(update={"seed": int(self._n)})
        return super().evaluate(request)


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ({}, "given out twice"),
        ({"failure": FailureClass.SOLVER}, "a failure has its class"),
        ({"message": "a\nb"}, "one line"),
        ({"status": "failure", "failure": FailureClass.SOLVER}, "says why"),
    ],
)
def test_the_suite_finds_a_bad_laboratory(outcome: dict[str, Any], says: str) -> None:
    def make() -> Laboratory:
        return _Forgetful(**outcome)

    requests = [Request(trial=str(i), design=dict(X)) for i in range(2)]
    with pytest.raises(AssertionError, match=says):
        check_laboratory(make, requests)


def test_the_suite_finds_a_simulator_that_is_not_deterministic() -> None:
    with pytest.raises(AssertionError, match="other results"):
        check_simulator(
            lambda: _Random(noise_sd=1.0), Request(trial="1", design=dict(X))
        )
