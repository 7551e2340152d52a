"""The command that serves the dashboard and the API."""

from __future__ import annotations

from typing import Annotated, Optional

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    ctx: typer.Context,
    host: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="Address to listen at; beyond this machine it needs accounts."
        ),
    ] = None,
    port: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Port to listen at; 0 takes a free one."),
    ] = None,
    root_path: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Path under which a proxy shows it, such as /bigloop."),
    ] = None,
) -> None:
    """Serve the dashboard and the API of a store, until Ctrl-C."""
    from bigloop.cli.serving import run

    given = {"serve_host": host, "serve_port": port, "serve_root_path": root_path}
    changes = {name: value for name, value in given.items() if value is not None}
    with ctx.obj.store() as store:
        run(store, ctx.obj.settings(**changes), ctx.obj.actor)
