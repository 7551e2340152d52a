"""UMAP in a process of its own, which keeps what it made.

Its libraries are compiled for the better part of a minute when they are first used.
In the server's own process that took the turn of everybody else who asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from bigloop.contracts import SourceError

_KEPT = 20
"""Maps that are kept on the disk; the oldest goes first."""
Points = list[tuple[float, float]]


class Mapper:
    """Asks the process for maps, one at a time; safe for threads.

    It is started when it is first asked, and ends with this one, however that ends:
    its standard input is closed then.

    Args:
        place: a folder for maps that were made, by what they were made from.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._asked = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, data: Any, neighbours: int, seed: int) -> Points:
        """Where each row of `data`, `n x d`, lies in two dimensions.

        Raises:
            SourceError: the process ended, or refused.
        """
        asked = json.dumps([data.tolist(), neighbours, seed])
        kept = self._place / f"{hashlib.sha256(asked.encode()).hexdigest()}.json"
        with self._asked:
            if not kept.exists():
                self._keep(kept, self._answer(asked))
            return [(x, y) for x, y in json.loads(kept.read_text(encoding="utf-8"))]

    def close(self) -> None:
        """End the process, if there is one."""
        with self._asked:
            self._end()

    def _answer(self, asked: str) -> str:
        with suppress(OSError):
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{asked}\n")
            process.stdin.flush()
            if (line := process.stdout.readline()).startswith("["):
                return line
        self._end()
        raise SourceError(
            "the map was not made: its process ended; load this page again"
        )

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                # Ctrl-C in a terminal is for the server, which ends this one.
                start_new_session=True,
            )
            self._ending = weakref.finalize(self, _end, self._process)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process = None
            self._ending()

    def _keep(self, kept: Path, made: str) -> None:
        self._place.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".draft")
        draft.write_text(made, encoding="utf-8")
        draft.replace(kept)
        every = sorted(self._place.glob("*.json"), key=lambda p: p.stat().st_mtime)
        for old in every[:-_KEPT]:
            old.unlink(missing_ok=True)


def _end(process: subprocess.Popen[str]) -> None:
    """Kill a process; its pipes are closed."""
    process.kill()
    with suppress(OSError):
        process.communicate()


def serve(
    lines: Iterable[str], out: TextIO, embed: Callable[[Any, int, int], Points]
) -> None:
    """Answer each line with a line, until there are no more."""
    import numpy as np

    for line in lines:
        data, neighbours, seed = json.loads(line)
        points = embed(np.array(data), neighbours, seed)
        out.write(json.dumps(points) + "\n")
        out.flush()


def main() -> None:
    """Be that process: whoever asks for a page goes first."""
    from bigloop.dashboard.landscape import embedded

    os.nice(10)
    # What the libraries print is no answer.
    out, sys.stdout = sys.stdout, sys.stderr
    serve(sys.stdin, out, embedded)


if __name__ == "__main__":
    main()
