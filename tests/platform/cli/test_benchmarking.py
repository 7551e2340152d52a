from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from bigloop.bench import crew
from bigloop.bench.run import Run, run

SMOKE = Path(__file__).parents[1] / "bench" / "smoke.yaml"


@pytest.fixture
def smoke(tmp_path: Path) -> Path:
    text = "rate,salt,life,guess\n"
    for rate in range(6):
        text += f"{rate},FSI,{110 - (rate - 3) ** 2},{rate}\n"
        text += f"{rate},TFSI,{100 - (rate - 3) ** 2},{rate}\n"
    (tmp_path / "smoke.csv").write_text(text)
    shutil.copy(SMOKE, tmp_path / "smoke.yaml")
    return tmp_path / "smoke.yaml"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Method and seed of every run that is really made."""
    made: list[tuple[str, int]] = []

    def counted(problem: Any, method: str, seed: int, *rest: Any) -> Run:
        made.append((method, seed))
        return run(problem, method, seed, *rest)

    monkeypatch.setattr(crew, "run", counted)
    return made


def test_a_benchmark_prints_json(nowhere: Any, smoke: Path) -> None:
    answer = nowhere("bench", smoke, "--methods", "random,bigloop", "--json")
    assert answer.code == 0, answer.err
    (one,) = answer.json["benchmarks"]
    assert one["benchmark"] == "smoke"
    by_name = {m["method"]: m for m in one["methods"]}
    assert by_name["random"]["n_seeds"] == 2
    assert by_name["bigloop"]["coverage"]["n"] > 0
    assert answer.json["missing"] == 0


def test_a_benchmark_prints_a_table(nowhere: Any, smoke: Path) -> None:
    answer = nowhere("bench", smoke, "--methods", "random", "--seeds", 1)
    assert answer.code == 0, answer.err
    assert "12 designs" in answer.out
    assert "budget 6 specimen" in answer.out
    assert "random" in answer.out


def test_what_is_finished_is_not_run_again(
    nowhere: Any, smoke: Path, ran: list[tuple[str, int]]
) -> None:
    call = ["bench", smoke, "--methods", "random", "--journal", smoke.parent / "j"]
    first = nowhere(*call, "--seeds", 2, "--json").json
    assert ran == [("random", 0), ("random", 1)]
    nowhere(*call, "--seeds", 3)
    assert ran[2:] == [("random", 2)]
    assert nowhere(*call, "--seeds", 2, "--json").json == first


def test_the_journal_is_shown_without_a_run(
    nowhere: Any, smoke: Path, ran: list[tuple[str, int]]
) -> None:
    call = ["bench", smoke, "--methods", "random", "--journal", smoke.parent / "j"]
    first = nowhere(*call, "--seeds", 1, "--json").json
    shown = nowhere(*call, "--seeds", 9, "--show-only", "--json").json
    assert shown["benchmarks"] == first["benchmarks"]
    assert shown["missing"] == 8
    assert len(ran) == 1


def test_a_line_that_was_cut_short_is_run_again(
    nowhere: Any, smoke: Path, ran: list[tuple[str, int]]
) -> None:
    """As a kill in the middle of writing leaves it."""
    call = ["bench", smoke, "--methods", "random", "--journal", smoke.parent / "j"]
    first = nowhere(*call, "--json").json
    journal = smoke.parent / "j" / "runs.jsonl"
    whole = journal.read_text()
    journal.write_text(whole[: len(whole) - 40])
    again = nowhere(*call, "--json").json
    assert ran[2:] == [("random", 1)]
    for one in (first, again):
        for method in one["benchmarks"][0]["methods"]:
            del method["core_s"], method["slowest_s"]
    assert again == first
    del ran[:]
    nowhere(*call)
    assert ran == []


def test_ctrl_c_keeps_what_is_finished(
    nowhere: Any,
    smoke: Path,
    ran: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = vars(crew)["run"]

    def interrupted(problem: Any, method: str, seed: int, *rest: Any) -> Run:
        if seed == 1:
            os.kill(os.getpid(), signal.SIGINT)
        found: Run = counted(problem, method, seed, *rest)
        return found

    monkeypatch.setattr(crew, "run", interrupted)
    assert threading.current_thread() is threading.main_thread()
    call = ["bench", smoke, "--methods", "random", "--journal", smoke.parent / "j"]
    answer = nowhere(*call, "--seeds", 4)
    assert answer.code == 130
    assert ran == [("random", 0), ("random", 1)]
    lines = (smoke.parent / "j" / "runs.jsonl").read_text().splitlines()
    assert len(lines) == 1
    monkeypatch.setattr(crew, "run", counted)
    assert nowhere(*call, "--seeds", 4).code == 0
    assert ran[2:] == [("random", 1), ("random", 2), ("random", 3)]


def test_processes_give_the_same_runs(nowhere: Any, smoke: Path) -> None:
    call = ["bench", smoke, "--methods", "random", "--seeds", 3, "--json"]
    alone = nowhere(*call, "--journal", smoke.parent / "a").json
    two = nowhere(*call, "--journal", smoke.parent / "b", "--processes", 2).json
    for one in (alone, two):
        for method in one["benchmarks"][0]["methods"]:
            del method["core_s"], method["slowest_s"]
    assert two == alone


def test_a_broken_method_is_said_and_tried_again(
    nowhere: Any, smoke: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bigloop.bench import run as module

    def build(name: str, brief: Any) -> Any:
        raise RuntimeError("out of order")

    monkeypatch.setattr(module, "build", build)
    call = ["bench", smoke, "--methods", "random", "--seeds", 1]
    answer = nowhere(*call)
    assert "random broke down at seed 0 (RuntimeError: out of order)" in answer.err
    assert "broke down in 1 seeds" in answer.out
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["--methods", "magic"], "'magic' does not exist; there are bigloop"),
        (["--seeds", "0"], "--seeds"),
    ],
)
def test_wrong_options_are_one_line(
    nowhere: Any, smoke: Path, call: list[str], said: str
) -> None:
    answer = nowhere("bench", smoke, *call)
    assert answer.code == 2
    assert said in answer.err


def test_two_benchmarks_of_one_name_are_refused(
    nowhere: Any, smoke: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    shutil.copy(smoke, other)
    answer = nowhere("bench", smoke, other)
    assert answer.code == 2
    assert "'smoke' is the name of two benchmarks" in answer.err


def test_a_wrong_document_is_one_line(nowhere: Any, smoke: Path) -> None:
    smoke.write_text(smoke.read_text().replace("column: life", "column: love"))
    answer = nowhere("bench", smoke)
    assert answer.code == 2
    assert "'love' is not in smoke.csv" in answer.err
    assert answer.err.count("\n") == 1


def test_the_schema_of_a_benchmark_is_printed(nowhere: Any) -> None:
    assert nowhere("schema", "--kind", "benchmark").json["title"] == "Benchmark"
    assert nowhere("schema", "--kind", "poem").code == 2
