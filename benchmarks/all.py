"""All benchmarks, one after the other; one that fails does not stop those after it.

    python benchmarks/all.py [--only NAME ...] [--give NAME="OPTIONS" ...]

Each runs in a process of its own and prints as it does alone. At the end stands what
became of each; the exit status is 1 when one failed. Ctrl-C ends the one that runs and
leaves the others out. Options are added to those of one benchmark, for a short run; of
`problems`, each document is a benchmark, as its table may be missing:

    python benchmarks/all.py --only busy problems --give busy="--trials 8"
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCRIPTS = (
    "fast_charging",
    "overhead",
    "serving",
    "asking",
    "busy",
    "sei_kmc",
    "cells",
    "transport",
    "diffraction",
    "interphase",
    "interphase_cells",
    "interphase_weights",
    "objectives",
    "batches",
)

Commands = dict[str, list[str]]


def commands() -> Commands:
    """What is typed for each benchmark, by its name."""
    found = {name: [sys.executable, f"benchmarks/{name}.py"] for name in SCRIPTS}
    bigloop = str(Path(sys.executable).parent / "bigloop")
    for path in sorted((ROOT / "benchmarks/problems").glob("*.yaml")):
        document = str(path.relative_to(ROOT))
        command = [bigloop, "bench", document, "--processes", "2"]
        found[f"problems/{path.stem}"] = command
    return found


def chosen(found: Commands, only: Sequence[str], given: Sequence[str]) -> Commands:
    """Some of the commands, with the options that were given.

    Raises:
        SystemExit: a name is not that of a benchmark; lists those that there are.
    """
    more = dict(text.partition("=")[::2] for text in given)
    names = {*found, *map(_group, found)}
    if unknown := sorted({*only, *more} - names):
        sys.exit(f"no benchmark {unknown[0]!r}; there are {', '.join(sorted(names))}")
    return {
        name: [*command, *shlex.split(more.get(name, more.get(_group(name), "")))]
        for name, command in found.items()
        if not only or name in only or _group(name) in only
    }


def _group(name: str) -> str:
    return name.split("/")[0]


def run(found: Mapping[str, Sequence[str]]) -> list[str]:
    """Run all, and print what became of each; the names of those that failed."""
    ended: dict[str, str] = {}
    failed: list[str] = []
    for name, command in found.items():
        print(f"\n== {name}: {shlex.join(command)}", flush=True)
        began = time.monotonic()
        try:
            status = subprocess.run(command, cwd=ROOT).returncode
        except KeyboardInterrupt:
            failed += [left for left in found if left not in ended]
            break
        if status:
            failed.append(name)
        how = f"FAILED (exit {status})" if status else "done"
        ended[name] = f"{how} after {time.monotonic() - began:.0f} s"
    print("\n== all")
    for name in found:
        print(f"{name:32s} {ended.get(name, 'interrupted or not begun')}")
    return failed


def main() -> int:
    """Run them; 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--give", action="append", default=[], metavar="NAME=OPTIONS")
    options = parser.parse_args()
    return 1 if run(chosen(commands(), options.only, options.give)) else 0


if __name__ == "__main__":
    sys.exit(main())
