"""`bigloop explore prvae`: all figures of a model into a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigloop.cli.output import say
from bigloop.cli.training_output import report_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bigloop.models.prvae.data import SeiData
    from bigloop.models.prvae.model import PrVAE


def explore_prvae(
    model: Path, data: Path, out: Path, *, plain: Path | None, seed: int, device: str
) -> None:
    """Draw what a model makes of the test rows of its data set.

    Raises:
        SpecError: a file or a data set that does not fit.
    """
    from bigloop.models.prvae.data import split
    from bigloop.models.prvae.figures import save
    from bigloop.models.prvae.file import load
    from bigloop.models.prvae.folder import read_folder
    from bigloop.models.prvae.model import PrVAE

    loaded = load(model, PrVAE, device=device)
    beside = None if plain is None else load(plain, PrVAE, device=device)
    rows = read_folder(data, loaded.properties)
    test = rows.take(split(len(rows), loaded.training.seed)[2])
    out.mkdir(parents=True, exist_ok=True)
    figures = {
        **_latent_figures(loaded, beside, test),
        **_picture_figures(loaded, test, seed),
        **_report_figures(report_path(model)),
    }
    for name, figure in figures.items():
        save(figure, out / f"{name}.png")
    names = ", ".join(f"{name}.png" for name in figures)
    say(f"{out}: {names} of {len(test)} test rows")


def _latent_figures(
    model: PrVAE, plain: PrVAE | None, test: SeiData
) -> dict[str, Figure]:
    import torch

    from bigloop.models.prvae import figures
    from bigloop.models.prvae.scores import principal
    from bigloop.models.prvae.views import PICTURE

    views = {PICTURE: torch.tensor(test.pictures)}
    models = {"prVAE": model, **({} if plain is None else {"plain VAE": plain})}
    latents = {k: principal(m.encode(views)[0].numpy())[0] for k, m in models.items()}
    found = model.predict(views)
    names, true = test.names, test.properties
    return {
        "components": figures.components_figure(latents, true, names),
        "parity": figures.parity_figure(
            found.mean.numpy(), found.sd.numpy(), true, names
        ),
        "correlation": figures.correlation_figure(true, names),
    }


def _picture_figures(model: PrVAE, test: SeiData, seed: int) -> dict[str, Figure]:
    from bigloop.models.prvae import exploring
    from bigloop.models.prvae.figures import pictures_figure

    galleries = {
        "walks": exploring.component_walks(model, test),
        "over_barriers": exploring.over_barriers(model, test, seed),
        "over_latents": exploring.over_latents(model, test, seed),
        "generated": exploring.generated(model, test, seed),
        "reconstructions": exploring.reconstructions(model, test),
    }
    return {k: pictures_figure(g.rows, g.titles, g.sides) for k, g in galleries.items()}


def _report_figures(path: Path) -> dict[str, Figure]:
    """Training curves and coverage, where the report of the training still is."""
    from bigloop.models.prvae import figures

    if not path.exists():
        say(f"{path}: not there; no training curves")
        return {}
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    report = document["report"]
    return {
        "training": figures.training_figure(report["epochs"], report["best_epoch"]),
        "coverage": figures.coverage_figure(document["scores"]["coverage"]),
    }
