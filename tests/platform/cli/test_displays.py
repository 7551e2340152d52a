from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from bigloop.cli.closing import closing_lines
from bigloop.cli.live import LiveWatcher
from bigloop.cli.plain import PlainWatcher
from bigloop.cli.screen import budget_line, screen
from bigloop.contracts import Account, Campaign, Recommendation
from bigloop.db import Store
from bigloop.loop.watcher import Ending, Progress

BEST = Recommendation(
    design={"rate": 3.5, "soc": 0.4},
    observable="life",
    unit="cycle",
    mean=1043.4,
    low=871,
    high=1250,
    sd_epistemic=100,
    sd_aleatoric=150,
    n_target=3,
    n_early=1,
)
PROGRESS = Progress(
    n_trials=34,
    n_running=2,
    n_waiting=1,
    n_failed=3,
    accounts={
        "cell_cycle": Account(
            currency="cell_cycle", limit=60000, reserved=2500, spent=21000
        )
    },
    recommendation=BEST,
)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 24), (40, 6), (20, 3)])
def test_the_screen_fits(spec: Campaign, width: int, height: int) -> None:
    recent = [Text(f"proposed {k} " + "x" * 200) for k in range(40)]
    lines = screen(spec, PROGRESS, recent, width, height)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)


def test_the_screen_shows_what_matters(spec: Campaign) -> None:
    lines = screen(spec, PROGRESS, [Text("the last decision")], 80, 23)
    text = "\n".join(line.plain for line in lines)
    assert "21,000 + 2,500 reserved of 60,000 cell-cycles" in text
    assert "34 trials: 2 running, 1 waiting for a person, 3 failed" in text
    assert "best so far 1,043 cycles (871–1,250, 90 %, n = 3)" in text
    assert "rate = 3.5 1/h, soc = 0.4" in text
    assert lines[-1].plain == "the last decision"


def test_a_bar_never_leaves_its_line() -> None:
    over = Account(currency="EUR", limit=100, reserved=30, spent=120)
    line = budget_line(over, 40)
    assert line.cell_len <= 40
    assert "·" not in line.plain


@pytest.mark.parametrize("width", [80, 40])
def test_the_live_display_draws(spec: Campaign, filled: Path, width: int) -> None:
    target = io.StringIO()
    console = Console(file=target, width=width, height=24, force_terminal=True)
    with opened(filled) as store, LiveWatcher(spec, console) as watcher:
        for trial in store.trials("demo"):
            watcher.proposed(trial)
            watcher.ended(trial)
        watcher.trained(store.models("demo")[0])
        watcher.waiting(store.trials("demo")[-1:])
        watcher.note("the network is slow")
        watcher.progress(PROGRESS)
    assert "best so far" in target.getvalue()
    assert "the network is slow" in target.getvalue()


def opened(folder: Path) -> Store:
    return Store.open(f"sqlite:///{folder / 'store.db'}")


def test_plain_lines_are_one_an_event(
    spec: Campaign, filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watcher = PlainWatcher(spec)
    with opened(filled) as store:
        trials = store.trials("demo")
        for trial in trials:
            watcher.proposed(trial)
            watcher.ended(trial)
        watcher.trained(store.models("demo")[0])
        watcher.waiting(trials[-1:])
        watcher.waiting(trials[-1:])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * len(trials) + 2
    assert lines[0].startswith(f"proposed {trials[0].id[:8]} full [rate = ")
    assert lines[1].startswith(f"completed {trials[0].id[:8]} full early = ")
    assert "equipment: contact lost" in "\n".join(lines)
    assert lines[-2].startswith("trained ")
    assert lines[-1].startswith("waiting for a person: ")


def test_a_closed_pipe_does_not_stop_the_campaign(
    spec: Campaign, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    watcher = PlainWatcher(spec)
    watcher.note("nobody reads this")
    watcher.note("nor this")


def test_the_closing_words(filled: Path) -> None:
    with opened(filled) as store:
        lines = closing_lines(store, "demo", Ending.WAITING, BEST, "sqlite:///m.db")
        nothing = closing_lines(store, "demo", Ending.FINISHED, None, "sqlite:///m.db")
    text = "\n".join(lines)
    assert "demo: waits for a person" in text
    assert "recommended: rate = 3.5 1/h, soc = 0.4" in text
    assert "1,043 cycles expected (90 % interval 871 to 1,250; n = 3 measured" in text
    assert "% of the exhaustive study's 100,000" in text
    assert "1 proposals wait for a person: bigloop queue" in text
    assert "sqlite:///m.db (MLflow)" in text
    assert "bigloop why " in text
    assert "recommended: nothing yet, no result of full" in "\n".join(nothing)


INTERRUPTED = """
import sys, threading
from bigloop.cli.interrupts import interruptible
stop = threading.Event()
with interruptible(stop.set):
    print("ready", flush=True)
    stop.wait(20)
    print("stopping", flush=True)
    if "hang" in sys.argv:
        threading.Event().wait(20)
"""


def interrupted(*arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "stopping\n"
    return process


def test_the_first_interrupt_is_graceful() -> None:
    process = interrupted()
    _, error = process.communicate(timeout=20)
    assert process.returncode == 0
    assert error == "ending after this step; Ctrl-C again ends at once\n"


def test_the_second_interrupt_ends_at_once() -> None:
    process = interrupted("hang")
    start = time.perf_counter()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.perf_counter() - start < 5
    assert "ended at once; the same command goes on" in error
