"""All benchmarks run, whatever becomes of one of them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def everything() -> ModuleType:
    found = importlib.util.spec_from_file_location("all", BENCHMARKS / "all.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_a_benchmark_that_fails_stops_no_other(
    everything: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    def script(text: str) -> list[str]:
        return [sys.executable, "-c", text]

    found = {
        "first": script("print('one')"),
        "broken": script("raise SystemExit(3)"),
        "last": script("print('two')"),
    }
    assert everything.run(found) == ["broken"]
    out = capfd.readouterr().out
    assert "one\n" in out
    assert "two\n" in out
    assert "FAILED (exit 3)" in out
    assert out.count("done after") == 2
    del found["broken"]
    assert everything.run(found) == []


def test_every_script_exists_and_can_be_given_options(everything: ModuleType) -> None:
    found = everything.commands()
    for name in everything.SCRIPTS:
        assert (BENCHMARKS / f"{name}.py").is_file()
    some = everything.chosen(found, ["busy", "problems"], ["busy=--trials 8"])
    assert len(some) == 1 + len(list((BENCHMARKS / "problems").glob("*.yaml"))) > 20
    assert some["busy"][-2:] == ["--trials", "8"]
    one = everything.chosen(found, ["problems/mf_cofs"], ["problems=--seeds 1"])
    assert one["problems/mf_cofs"][-2:] == ["--seeds", "1"]
    with pytest.raises(SystemExit, match="no benchmark 'bussy'; there are asking"):
        everything.chosen(found, ["bussy"], [])
