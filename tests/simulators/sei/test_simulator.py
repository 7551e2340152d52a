from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import pytest

from bigloop.contracts import FailureClass, Request, SpecError
from bigloop.simulators.sei import Barriers, Growth, SeiGrowthSimulator, measure
from bigloop.simulators.sei.files import unpacked
from bigloop.simulators.testing import check_failure, check_simulator

DESIGN: dict[str, float | str] = dict(asdict(Barriers()))


def _request(**changes: Any) -> Request:
    return Request(**{"trial": "1", "design": dict(DESIGN), "seed": 3, **changes})


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_it_is_what_growth_gives(version: str) -> None:
    def make() -> SeiGrowthSimulator:
        return SeiGrowthSimulator(version, max_events=70_000, rows=20, columns=15)

    outcome = check_simulator(make, _request())
    end = Growth(version=version, shape=(20, 15), seed=3).run(events=70_000)
    values = {m.observable: m.value for m in outcome.measurements}
    for name, expected in measure(end.lattice).items():
        assert values[name] == expected[0]
    assert (values["simulated_time"], values["n_events"]) == (end.time_s, end.n_events)
    stored = unpacked(outcome.attached[0].content)
    assert (stored["lattice"] == end.lattice).all()
    assert [float(stored[name]) for name in DESIGN] == list(DESIGN.values())
    assert "max_events" in outcome.message


def test_a_time_limit_of_the_simulated_clock() -> None:
    simulator = SeiGrowthSimulator(until_s=1e-6, rows=20, columns=15)
    outcome = simulator.evaluate(_request())
    values = {m.observable: m.value for m in outcome.measurements}
    assert values["simulated_time"] == 1e-6
    assert outcome.provenance["end"] == "time"


def test_the_computers_clock_is_a_failure() -> None:
    outcome = check_failure(SeiGrowthSimulator(), _request(timeout_s=0.0))
    assert outcome.failure is FailureClass.TIMEOUT


def test_fixed_barriers_are_no_parameters() -> None:
    simulator = SeiGrowthSimulator(fixed={"e1": 0.5, "e2": 0.27}, max_events=100)
    design = {k: v for k, v in DESIGN.items() if k not in ("e1", "e2")}
    assert set(simulator.capabilities().parameters) == set(design)
    assert simulator.evaluate(_request(design=design)).status == "success"


@pytest.mark.parametrize("value", [-0.1, 3.5, 1e300, "high"])
def test_an_absurd_barrier_is_refused(value: float | str) -> None:
    with pytest.raises(SpecError, match=r"design\.e4: ") as caught:
        SeiGrowthSimulator().evaluate(_request(design={**DESIGN, "e4": value}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"version": "v0"}, "rules"),
        ({"rows": 0}, "rows: 0"),
        ({"columns": -3}, "columns: -3"),
        ({"max_events": 0}, "max_events"),
        ({"until_s": math.nan}, "until_s"),
        ({"temperature_K": 0.0}, "temperature_K"),
        ({"fixed": {"e99": 0.5}}, "e99"),
        ({"fixed": {"e1": -1}}, "e1: -1"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        SeiGrowthSimulator(**options)


def test_the_capabilities_import_no_compiler() -> None:
    code = (
        "import sys; from bigloop.simulators.sei import SeiGrowthSimulator as S; "
        "S().capabilities(); print('numba' in sys.modules, 'scipy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.split() == ["False", "False"], out.stderr
