"""Commands that train generative models, look into them and design with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Optional

import typer

from bigloop.cli.commands import interphases

Data = Annotated[Path, typer.Option(help="Folder of `bigloop dataset sei`.")]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="Of the model.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto.")]
Properties = "thickness,density,volume_fraction,porosity"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    groups: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
        "train": (
            "Train a generative model.",
            {"prvae": train, "interphase": interphases.train},
        ),
        "explore": (
            "Draw what a generative model has learned.",
            {"prvae": explore},
        ),
        "design": ("Find designs for target properties.", {"prvae": design}),
    }
    for name, (summary, commands) in groups.items():
        group = typer.Typer(help=summary, no_args_is_help=True, rich_markup_mode=None)
        for model, command in commands.items():
            group.command(model)(command)
        app.add_typer(group, name=name)


def train(
    ctx: typer.Context,
    data: Data,
    out: Annotated[Path, typer.Option(help="Model file, .safetensors.")],
    epochs: Annotated[int, typer.Option(help="At most.")] = 60,
    batch: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Pictures a step; default: what the device takes."),
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="Of AdamW.")] = 1e-3,
    property_weight: Annotated[
        float, typer.Option(help="Of the regression; 0: a plain VAE.")
    ] = 2000.0,
    kl_weight: Annotated[float, typer.Option(help="Of the KL divergence.")] = 1.0,
    patience: Annotated[int, typer.Option(help="Epochs without a better one.")] = 15,
    properties: Annotated[
        str, typer.Option(help="Columns to learn, by comma.")
    ] = Properties,
    seed: Annotated[int, typer.Option(help="Of split, weights and steps.")] = 0,
    device: Device = "auto",
) -> None:
    """Train a prVAE on SEI runs; the first Ctrl-C keeps the best weights so far."""
    from bigloop.cli.interrupts import interruptible
    from bigloop.cli.prvae_training import PrvaeTraining
    from bigloop.contracts import parse
    from bigloop.models.prvae.model import PrVAE
    from bigloop.models.prvae.settings import Training
    from bigloop.tracking import Tracker

    machine = ctx.obj.settings()
    given = {
        "epochs": epochs,
        "batch": batch,
        "learning_rate": learning_rate,
        "property_weight": property_weight,
        "kl_weight": kl_weight,
        "patience": patience,
        "seed": seed,
    }
    run = PrvaeTraining(
        model=PrVAE(parse(Training, given, "options"), device=device),
        data=data,
        properties=tuple(name.strip() for name in properties.split(",")),
        out=out,
        tracker=Tracker(machine.mlflow or None, "bigloop/prvae", machine.folder),
    )
    with interruptible(run.stop):
        is_done = run.run()
    if not is_done:
        raise typer.Exit(130)


def explore(
    model: ModelFile,
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of the figures.")],
    plain: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A plain VAE to draw beside it."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    device: Device = "cpu",
) -> None:
    """Draw latent space, parity, walks, generated pictures and training curves."""
    from bigloop.cli.prvae_exploring import explore_prvae

    explore_prvae(model, data, out, plain=plain, seed=seed, device=device)


def design(
    model: ModelFile,
    target: Annotated[
        list[str], typer.Option(help="NAME=VALUE; others stay free. Repeatable.")
    ],
    route: Annotated[
        str, typer.Option(help="gradient, genetic, direct or all.")
    ] = "all",
    budget: Annotated[
        int, typer.Option(help="Designs tried in the model, a round.")
    ] = 1000,
    rounds: Annotated[
        int, typer.Option(help="Of runs that correct the model; 0: the model alone.")
    ] = 4,
    runs: Annotated[int, typer.Option(help="Designs run in a round.")] = 6,
    replicates: Annotated[int, typer.Option(help="Fresh runs of the chosen.")] = 8,
    rules: Annotated[str, typer.Option(help="v1 or v2.")] = "v1",
    max_events: Annotated[int, typer.Option(help="Of one run.")] = 2_000_000,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder for designs as JSON and their pictures."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of search and runs.")] = 0,
    device: Device = "cpu",
) -> None:
    """Find barriers for target properties, and run them."""
    from bigloop.cli.prvae_designing import design_prvae

    design_prvae(
        model,
        target,
        route=route,
        budget=budget,
        rounds=rounds,
        runs=runs,
        replicates=replicates,
        rules=rules,
        max_events=max_events,
        out=out,
        seed=seed,
        device=device,
    )
