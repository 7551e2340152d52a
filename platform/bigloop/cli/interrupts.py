"""Ctrl-C: the first asks for a graceful end, the second ends at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from bigloop.cli.main import INTERRUPTED

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Shows the cursor again, which a live display hides.
_SHOW_CURSOR = "\x1b[?25h"


@dataclass(slots=True)
class Interrupts:
    """Whether somebody asked to end."""

    stop: Callable[[], None]
    is_asked: bool = False

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal.

        The second one leaves without clean-up: every change of the store is one
        transaction, so that nothing can be left half done.
        """
        if self.is_asked:
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR.encode())
            os.write(2, b"ended at once; the same command goes on\n")
            os._exit(INTERRUPTED)
        self.is_asked = True
        os.write(2, b"ending after this step; Ctrl-C again ends at once\n")
        self.stop()


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[Interrupts]:
    """Within the block, signals call `stop` first; only in the main thread."""
    interrupts = Interrupts(stop)
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, interrupts.receive)
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
