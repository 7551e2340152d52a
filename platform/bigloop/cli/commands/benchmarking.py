"""The command that compares methods on tables and functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from bigloop.cli.options import AsJson

if TYPE_CHECKING:
    from bigloop.cli.bench_run import BenchRun


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="SPEC.yaml...", help="Benchmark documents.")
    ],
    methods: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="By comma; default: all that are installed."),
    ] = None,
    seeds: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Runs of every method; default: the document's."),
    ] = None,
    first_seed: Annotated[int, typer.Option(min=0, help="Of these runs.")] = 0,
    processes: Annotated[
        int, typer.Option(min=1, help="At once, of one thread each.")
    ] = 1,
    journal: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of finished runs; default: bench in the folder."),
    ] = None,
    report: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="FILE.html; one page that loads nothing."),
    ] = None,
    show_only: Annotated[
        bool, typer.Option("--show-only", help="What the journal has; run nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare our agent with its peers at equal cost; or go on with it.

    The first Ctrl-C ends it and keeps what is finished; the same command goes on.
    """
    from bigloop.bench.journal import Journal
    from bigloop.bench.methods import METHODS
    from bigloop.cli.bench_run import BenchRun

    wanted = list(METHODS) if methods is None else methods.split(",")
    run = BenchRun(
        files=list(dict.fromkeys(files)),
        methods=list(dict.fromkeys(name.strip() for name in wanted)),
        n_seeds=seeds,
        first_seed=first_seed,
        n_processes=processes,
        journal=Journal(journal or ctx.obj.settings().folder / "bench"),
    )
    run.prepare()
    if not show_only:
        _make(run)
    _show(run, report, as_json=as_json)
    if run.is_stopping:
        raise typer.Exit(130)


def _make(run: BenchRun) -> None:
    from bigloop.cli.interrupts import interruptible

    with interruptible(run.stop):
        run.run()


def _show(run: BenchRun, report: Path | None, *, as_json: bool) -> None:
    from bigloop.bench.report import render, write
    from bigloop.cli.bench_tables import show
    from bigloop.cli.output import emit, say

    found = run.figures()
    if as_json:
        emit({"benchmarks": found, "skipped": run.skipped, "missing": run.n_missing})
    else:
        show(found)
        say(*run.skipped)
    if report is not None:
        write(report, render(found, run.skipped))
