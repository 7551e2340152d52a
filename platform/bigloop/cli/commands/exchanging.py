"""Commands that write results to files and read past measurements from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from bigloop.cli.options import CampaignName


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export")(export)
    app.command("import")(import_)


def export(
    ctx: typer.Context,
    to: Annotated[Path, typer.Option(help="FILE.csv or FILE.parquet")],
    campaign: CampaignName = None,
    what: Annotated[
        str, typer.Option(help="observations, trials or events")
    ] = "observations",
) -> None:
    """Write observations, trials or events to a CSV or Parquet file."""
    from bigloop.cli.output import say
    from bigloop.cli.session import campaign_of
    from bigloop.loop.export import rows_of
    from bigloop.loop.sheet import write_sheet

    with ctx.obj.store() as store:
        found = rows_of(store, campaign_of(store, campaign), what)
    write_sheet(to, *found)
    say(f"{to}: {len(found[1])} {what}")


def import_(
    ctx: typer.Context,
    campaign: str,
    file: Path,
    source: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Source of all rows, when the file has no such column."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and show; change nothing.")
    ] = False,
) -> None:
    """Take in past measurements from CSV or Parquet: all rows or none."""
    from bigloop.cli.output import say
    from bigloop.loop.history import read_history
    from bigloop.loop.sheet import read_sheet

    with ctx.obj.store() as store:
        spec = store.campaign(campaign)
        history = read_history(spec, read_sheet(file), source)
        if dry_run:
            say(*history.lines(), "nothing was changed (--dry-run)")
            return
        new = store.import_history(spec.name, history.rows, ctx.obj.actor)
        there = len(history.rows) - new
        more = f"; {there} were there already" if there else ""
        say(f"{spec.name}: {new} measurements imported{more}")
