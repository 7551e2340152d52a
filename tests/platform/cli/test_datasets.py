from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bigloop.cli import main

START = "from bigloop.cli import main; raise SystemExit(main())"
SMALL = ["--rows", "12", "--columns", "10", "--max-events", "2000", "--shard", "2"]


def _command(out: Path, n: int) -> list[str]:
    command = ["dataset", "sei", "--n", str(n), "--out", str(out), *SMALL]
    return [*command, "--executor", "in-process"]


def test_it_is_made_once(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "set"
    assert main(_command(out, 5)) == 0
    assert "complete, 5 runs" in capsys.readouterr().out
    assert main(_command(out, 5)) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main(_command(out, 6)) == 2
    assert "n = 5, asked for 6" in capsys.readouterr().err


def test_a_killed_one_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main(_command(whole, 40)) == 0
    call = [sys.executable, "-c", START, *_command(killed, 40)]
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL)
    first = killed / "lattices" / "shard-00000.npz"
    deadline = time.monotonic() + 60
    while not first.exists() and time.monotonic() < deadline:
        os.sched_yield()
    assert first.exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert main(_command(killed, 40)) == 0
    manifests = [json.loads((d / "manifest.json").read_text()) for d in (whole, killed)]
    assert manifests[0] == manifests[1]


def test_bad_settings_are_one_line(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert main(["dataset", "sei", "--n", "0", "--out", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err == ("error: n: 0: give a whole number, 1 or more\n")
