"""The command that trains a model of interphases over their lives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer


def train(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option(help="CSV file, one row a reading.")],
    out: Annotated[Path, typer.Option(help="Model file, .safetensors.")],
    kind: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="OBSERVABLE=increasing, positive or free. Repeatable."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Of training.")] = 600,
    batch: Annotated[int, typer.Option(help="Specimens a step.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="The largest.")] = 0.02,
    members: Annotated[int, typer.Option(help="Of the ensemble.")] = 5,
    hidden: Annotated[int, typer.Option(help="Units of a layer.")] = 32,
    latent: Annotated[int, typer.Option(help="Free numbers of a state.")] = 4,
    held_out: Annotated[
        float, typer.Option(help="Share of the specimens to judge by; 0: none.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(help="Of split, weights and steps.")] = 0,
) -> None:
    """Train a model of interphases; the first Ctrl-C keeps what was learned so far."""
    from bigloop.cli.interphase_training import InterphaseTraining, parse_kinds
    from bigloop.cli.interrupts import interruptible
    from bigloop.contracts import parse
    from bigloop.models.interphase import Recipe, Sizes
    from bigloop.tracking import Tracker

    machine = ctx.obj.settings()
    recipe = {"steps": steps, "batch": batch, "rate": learning_rate, "seed": seed}
    run = InterphaseTraining(
        data=data,
        out=out,
        kinds=parse_kinds(kind or ()),
        recipe=parse(Recipe, recipe, "options"),
        sizes=parse(
            Sizes, {"members": members, "hidden": hidden, "latent": latent}, "options"
        ),
        held_out=held_out,
        tracker=Tracker(machine.mlflow or None, "bigloop/interphase", machine.folder),
    )
    with interruptible(run.stop):
        is_done = run.run()
    if not is_done:
        raise typer.Exit(130)
