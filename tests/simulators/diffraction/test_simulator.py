"""The experiment as a source: declared, seeded, honest about its failures."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from bigloop.contracts import FailureClass, Outcome, Request, SpecError
from bigloop.simulators.diffraction import (
    DiffractionSimulator,
    Grid,
    Growth,
    grow,
    object_of,
)
from bigloop.simulators.diffraction.phasing import Phasing
from bigloop.simulators.diffraction.verdict import judge
from bigloop.simulators.diffraction.vortices import detection, vortices

SIMULATOR = DiffractionSimulator(box=32, n_starts=1, sequence="20*ER+100*HIO+20*ER")
DESIGN = {"size_nm": 100.0, "strain_rms": 5e-4, "n_dislocations": 0.0, "photons": 1e8}


def ask(seed: int = 0, timeout_s: float = 60, **changes: float) -> Request:
    design: dict[str, float | str] = {**DESIGN, **changes}
    return Request(trial="1", design=design, seed=seed, timeout_s=timeout_s)


def values(outcome: Outcome) -> dict[str, float]:
    assert outcome.status == "success", outcome.message
    return {m.observable: m.value for m in outcome.measurements}


def test_an_experiment() -> None:
    outcome = SIMULATOR.evaluate(ask())
    found = values(outcome)
    assert set(found) == set(SIMULATOR.capabilities().observables)
    assert 0 < found["chi_square"] < 0.01
    assert found["correlation"] > 0.95
    assert found["strain_error"] < 5e-4
    assert outcome.cost["core_second"] > 0
    assert outcome.provenance["torch"]


def test_seeds() -> None:
    one, again = SIMULATOR.evaluate(ask(1)), SIMULATOR.evaluate(ask(1))
    assert one.measurements == again.measurements
    assert SIMULATOR.evaluate(ask(2)).measurements != one.measurements


def test_more_photons_explain_more() -> None:
    chis = [
        values(SIMULATOR.evaluate(ask(photons=p)))["chi_square"]
        for p in (1e4, 1e6, 1e8)
    ]
    assert chis[0] > chis[1] > chis[2]


def test_failures_are_classified() -> None:
    assert SIMULATOR.evaluate(ask(timeout_s=0)).failure is FailureClass.TIMEOUT
    dark = next(
        o for s in range(20) if (o := SIMULATOR.evaluate(ask(s, photons=1.0))).failure
    )
    assert dark.failure in (FailureClass.QUALITY, FailureClass.SOLVER)
    assert dark.measurements == ()
    assert dark.message
    assert "\n" not in dark.message


def test_the_truth_is_judged_perfect() -> None:
    crystal = grow(
        Growth(size_nm=100, strain_rms=5e-4, n_dislocations=1), 1, Grid(shape=(16,) * 3)
    )
    rho = object_of(crystal)
    run = Phasing(
        object=rho,
        support=np.abs(rho) > 0,
        chi_square=0.0,
        history=np.zeros(1),
        seed=0,
        n_iterations=1,
        seconds=0.0,
    )
    from bigloop.simulators.diffraction import far_field

    found = judge(run, crystal, np.abs(far_field(rho)))
    assert found["correlation"] == pytest.approx(1)
    assert found["defect_f1"] == 1
    for name in ("r_factor", "strain_error", "phase_error"):
        assert found[name] == pytest.approx(0, abs=1e-6)


def test_vortices_are_where_the_line_is() -> None:
    x, y, _ = np.meshgrid(*(np.arange(12) - 5.5,) * 3, indexing="ij")
    found = vortices(np.exp(1j * np.arctan2(y - 0.2, x + 0.3)))[1:-1, 1:-1]
    assert (found.sum((0, 1)) == 1).all()
    inside = np.ones(found.shape, dtype=bool)
    assert detection(found, np.roll(found, 2, 0), inside) == 1
    assert detection(found, np.roll(found, 5, 0), inside) == 0
    assert detection(found, ~inside, inside) == 0
    assert detection(~inside, ~inside, inside) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"size_nm": -1.0}, "size_nm"),
        ({"size_nm": 500.0}, "does not fit"),
        ({"size_nm": 2.0}, "not one voxel"),
        ({"strain_rms": 0.9}, "strain_rms"),
        ({"n_dislocations": 1.5}, "whole number"),
        ({"photons": 0.0}, "photons"),
    ],
)
def test_absurd_requests(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        SIMULATOR.evaluate(ask(**changes))
    assert "\n" not in str(caught.value)


def test_absurd_options() -> None:
    with pytest.raises(SpecError, match="box"):
        DiffractionSimulator(box=33)
    with pytest.raises(SpecError, match="n_starts"):
        DiffractionSimulator(n_starts=0)
    with pytest.raises(SpecError, match="sequence"):
        DiffractionSimulator(sequence="20*XX")
    with pytest.raises(SpecError, match="voxel_nm"):
        DiffractionSimulator(voxel_nm=float("nan"))
    with pytest.raises(SpecError, match="random, wulff"):
        DiffractionSimulator(shape="cube")


def test_import_is_light() -> None:
    code = (
        "import sys\n"
        "from bigloop.simulators.diffraction import DiffractionSimulator\n"
        "DiffractionSimulator().capabilities()\n"
        "assert not {'numpy', 'scipy', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
