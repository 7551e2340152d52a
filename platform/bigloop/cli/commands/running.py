"""Commands that work on a campaign: run, worker, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bigloop.cli.options import CampaignName, ExecutorName, RayAddress


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, worker, report):
        app.command()(command)


def run(
    ctx: typer.Context,
    file: Path,
    approve_all: Annotated[
        bool,
        typer.Option("--approve-all", help="Approve what the rules would ask about."),
    ] = False,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    seed: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Instead of the campaign's."),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="End when only people can go on.")
    ] = False,
    report: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Where the HTML report goes; default: in the folder."),
    ] = None,
) -> None:
    """Run a campaign, or go on with it: decide, run, learn, until the budget is used.

    The first Ctrl-C or SIGTERM ends it after the present step, the second at once (exit
    code 130); the same command goes on where it ended. Exit code 10: it waits for a
    person.
    """
    from bigloop.cli.campaign_run import CampaignRun

    settings = ctx.obj.settings(executor=executor, ray_address=ray_address)
    campaign_run = CampaignRun(
        settings=settings,
        file=file,
        seed=seed,
        approve_all=ctx.obj.actor if approve_all else None,
        report=report,
    )
    code = campaign_run.run(wait=not no_wait)
    if code:
        raise typer.Exit(code)


def worker(
    ctx: typer.Context,
    campaign: Annotated[str, typer.Option(help="Whose trials to run.")],
    source: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--source", help="Only of this source; may be repeated."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when nothing is left to claim.")
    ] = False,
    base: Annotated[
        Path, typer.Option(help="Folder that paths in the campaign are relative to.")
    ] = Path("."),
    server: Annotated[
        str,
        typer.Option(help="URL of `bigloop serve`; the token from BIGLOOP_TOKEN."),
    ] = "",
    jobs: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder for job files and their results, with --server."),
    ] = None,
    reader: Annotated[
        str, typer.Option(help="Reads result files that are not JSON.")
    ] = "csv",
) -> None:
    """Run approved trials of a campaign, until interrupted."""
    import threading

    from bigloop.cli import remote_work
    from bigloop.cli.interrupts import interruptible
    from bigloop.cli.output import say
    from bigloop.contracts import SpecError
    from bigloop.loop import Workspace, run_worker

    stop = threading.Event()
    settings = ctx.obj.settings()
    if jobs is not None and not server:
        raise SpecError("--jobs: give --server too; start one with `bigloop serve`")
    with interruptible(stop.set) as interrupts:
        if server:
            done = remote_work.run(
                settings,
                server,
                campaign,
                source or [],
                stop,
                base=base,
                jobs=jobs,
                reader=reader,
                is_once=once,
            )
        else:
            with Workspace.open(settings) as workspace:
                done = run_worker(
                    workspace,
                    campaign,
                    base,
                    stop,
                    sources=source,
                    is_once=once,
                    note=say,
                )
    say(f"{campaign}: {done} changes made")
    if interrupts.is_asked:
        raise typer.Exit(130)


def report(
    ctx: typer.Context,
    campaign: CampaignName = None,
    to: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="FILE.html; default: in the folder."),
    ] = None,
) -> None:
    """Write the report of a campaign: one HTML file that loads nothing."""
    from bigloop.cli.output import say
    from bigloop.cli.reporting import write_report
    from bigloop.cli.session import campaign_of

    with ctx.obj.store() as store:
        name = campaign_of(store, campaign)
        path = to or ctx.obj.settings().folder / f"{name}.html"
        write_report(store, name, path)
    say(f"{path}")
