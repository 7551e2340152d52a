"""The command line. Importing it loads nothing heavy: `--help` answers at once."""

from bigloop.cli.main import main

__all__ = ["main"]
