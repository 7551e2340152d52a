"""The application: the options before the command, and the commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bigloop.cli.commands import (
    benchmarking,
    checking,
    datasets,
    exchanging,
    inspecting,
    judging,
    learning,
    people,
    running,
    serving,
    steering,
)
from bigloop.cli.session import Session

app = typer.Typer(
    name="bigloop",
    help="Closed-loop active learning for battery interfaces and interphases.",
    epilog=(
        "Exit codes: 0 done, 1 unexpected, 2 wrong document or name, 3 conflict, "
        "4 refused result, 5 store, 6 source, 7 budget, 8 diverged, 10 waits for a "
        "person, 130 interrupted."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"bigloop {version('bigloop')}")
        raise typer.Exit()


@app.callback()
def _options(
    ctx: typer.Context,
    store: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--store", metavar="URL", help="Address of the store."),
    ] = None,
    folder: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--folder", help="Folder of the store, journals and reports."),
    ] = None,
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--as", metavar="NAME", help="Who acts; default: the OS user."),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True)
    ] = False,
) -> None:
    ctx.obj = Session(store_url=store, folder=folder, name=name)


for group in (
    running,
    checking,
    inspecting,
    judging,
    steering,
    exchanging,
    datasets,
    learning,
    people,
    serving,
    benchmarking,
):
    group.register(app)
