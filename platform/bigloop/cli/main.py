"""The entry point: runs a command, and turns every error into one line and a code.

Exit codes: 0 done, 1 unexpected error, 2 wrong document, argument or name, 3 conflict,
4 refused result, 5 store, 6 source, 7 budget, 8 training diverged,
10 `run` waits for a person, 130 interrupted, 141 whoever read the output went away.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

INTERRUPTED = 130
CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _call(given)
        sys.stdout.flush()
    except BrokenPipeError:
        return _abandon_output()
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except Exception as error:
        return _report(error, given)
    return code


def _call(arguments: list[str]) -> int:
    from bigloop.cli.app import app

    try:
        app(args=arguments, prog_name="bigloop")
    except SystemExit as ended:
        # A closed pipe ends here too: the framework swallows it with a code of 1.
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":
            raise BrokenPipeError from None
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    return 0


def _report(error: Exception, arguments: list[str]) -> int:
    from bigloop.contracts import BigloopError

    if _is_debugging(arguments):
        traceback.print_exception(error)
    if isinstance(error, BigloopError):
        _say(str(error))
        return error.exit_code
    _say(
        f"unexpected {type(error).__name__}: {error}; "
        "`bigloop --debug ...` shows where it came from"
    )
    return 1


def _say(message: str) -> None:
    from bigloop.cli.output import complain

    complain([message])


def _is_debugging(arguments: list[str]) -> bool:
    return "--debug" in arguments or os.environ.get("BIGLOOP_DEBUG", "") not in (
        "",
        "0",
    )


def _abandon_output() -> int:
    # Whatever is still buffered has no reader; without this Python complains at exit.
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    return CLOSED
