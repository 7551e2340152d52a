"""Commands that make data sets by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bigloop.cli.options import ExecutorName, RayAddress


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Make a data set by simulation.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("sei")(sei)
    app.add_typer(group, name="dataset")


def sei(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder of the data set.")],
    n: Annotated[int, typer.Option("--n", help="Runs.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the hypercube and the runs.")] = 0,
    rules: Annotated[str, typer.Option(help="v1 or v2.")] = "v1",
    rows: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Of the lattice; default: the published one."),
    ] = None,
    columns: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Of the lattice; default: the published one."),
    ] = None,
    max_events: Annotated[
        int, typer.Option(help="Where a run stops that is not exhausted.")
    ] = 2_000_000,
    half_range: Annotated[
        float, typer.Option(help="Of the box of barriers, relative to its middle.")
    ] = 0.28,
    shard: Annotated[int, typer.Option(help="Runs in one file.")] = 50,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
) -> None:
    """Grow SEIs over a Latin hypercube of the 15 barriers; or go on with it.

    The first Ctrl-C ends it after the present shards; the same command goes on.
    """
    from bigloop.cli.dataset_run import DatasetRun
    from bigloop.cli.interrupts import interruptible
    from bigloop.simulators.sei.dataset import Settings
    from bigloop.simulators.sei.model import rules as rules_of

    machine = ctx.obj.settings(executor=executor, ray_address=ray_address)
    published = rules_of(rules).shape
    settings = Settings(
        n=n,
        seed=seed,
        version=rules,
        rows=published[0] if rows is None else rows,
        columns=published[1] if columns is None else columns,
        max_events=max_events,
        half_range=half_range,
        shard=shard,
    )
    run = DatasetRun(settings, out, machine.executor, machine.ray_address)
    with interruptible(run.stop):
        is_complete = run.run()
    if not is_complete:
        raise typer.Exit(130)
