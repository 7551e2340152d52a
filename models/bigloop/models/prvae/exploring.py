"""Walks through the latent space and the box of barriers: pictures in rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bigloop.models.prvae.data import SOLVENT, SeiData
from bigloop.models.prvae.figures import Pictures
from bigloop.models.prvae.model import PrVAE
from bigloop.models.prvae.pictures import drawn
from bigloop.models.prvae.scores import SPECIES, Floats, principal, reconstruct
from bigloop.models.prvae.views import BARRIERS, PICTURE

_STEPS = 7
_REACH = (0.02, 0.98)
"""Quantiles of a component between which is walked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """Rows of pictures, a title each, a side for each row."""

    rows: list[list[Pictures]]
    titles: list[list[str]]
    sides: list[str]


def component_walks(model: PrVAE, data: SeiData, n: int = 3) -> Gallery:
    """Paper's Figures 5 to 7: decoded along each principal component.

    The other components stay at their mean, the barriers unknown; the title is the
    first property as the regressor has it.
    """
    mean, _ = model.encode({PICTURE: torch.tensor(data.pictures)})
    scores, parts = principal(mean.numpy(), n)
    rows, titles, sides = [], [], []
    for i in range(scores.shape[1]):
        axis = np.linalg.lstsq(
            scores, mean.numpy() - mean.numpy().mean(axis=0), rcond=None
        )[0][i]
        low, high = np.quantile(scores[:, i], _REACH).tolist()
        steps = np.linspace(low, high, _STEPS)
        z = mean.mean(0) + torch.tensor(np.outer(steps, axis), dtype=torch.float32)
        rows.append(_drawn(model.decode(z)[PICTURE], i))
        titles.append(_titles(model, z))
        sides.append(f"component {i + 1}\n{100 * parts[i]:.0f} % of variance")
    return Gallery(rows=rows, titles=titles, sides=sides)


def over_barriers(model: PrVAE, data: SeiData, seed: int) -> Gallery:
    """Paper's Figure 8a: one latent, the mean, decoded at barriers of several runs."""
    mean, _ = model.encode({PICTURE: torch.tensor(data.pictures)})
    some = np.random.default_rng([seed, 81]).choice(len(data), 4 * _STEPS // 2)
    barriers = torch.tensor(data.barriers[some])
    z = mean.mean(0).expand(len(some), -1)
    found = model.decode(z, {BARRIERS: barriers})[PICTURE]
    return _two_rows(_drawn(found, seed), [""] * len(some), "mean latent")


def over_latents(model: PrVAE, data: SeiData, seed: int) -> Gallery:
    """Paper's Figure 8b: the mean barriers, decoded at latents of several runs."""
    some = np.random.default_rng([seed, 82]).choice(len(data), 4 * _STEPS // 2)
    z, _ = model.encode({PICTURE: torch.tensor(data.pictures[some])})
    barriers = torch.tensor(data.barriers.mean(axis=0, keepdims=True))
    found = model.decode(z, {BARRIERS: barriers})[PICTURE]
    return _two_rows(_drawn(found, seed), _titles(model, z), "mean barriers")


def generated(model: PrVAE, data: SeiData, seed: int) -> Gallery:
    """Drawn anew at the barriers of runs, below the runs themselves."""
    order = np.argsort(data.properties[:, 0])
    some = order[np.linspace(0, len(order) - 1, _STEPS).round().astype(int)]
    rows = [list(data.pictures[some])]
    for i in range(2):
        given = {BARRIERS: torch.tensor(data.barriers[some])}
        made = model.sample(_STEPS, given, seed=seed + i)[PICTURE]
        rows.append(list(made.numpy()))
    titles = [[f"{first_property(data)} {data.properties[i, 0]:.3g}" for i in some]]
    titles += [[""] * _STEPS] * 2
    return Gallery(rows=rows, titles=titles, sides=["run", "model", "model again"])


def reconstructions(model: PrVAE, data: SeiData) -> Gallery:
    """Runs of every kind with their reconstruction: the likeliest, and one drawn.

    Kinds are told by the class that most sites have besides solvent.
    """
    inside = data.pictures[:, 1:-1]
    counts = np.stack([(inside == c).sum(axis=(1, 2)) for c in range(len(SPECIES))], 1)
    counts[:, SOLVENT] = 0
    kind = counts.argmax(axis=1)
    some = [
        int(np.flatnonzero(kind == code)[at])
        for code in np.unique(kind)
        for at in (0, -1)
        if at == 0 or (kind == code).sum() > 1
    ]
    part = data.take(some)
    z, _ = model.encode({PICTURE: torch.tensor(part.pictures)})
    probability = model.decode(z, {BARRIERS: torch.tensor(part.barriers)})[PICTURE]
    likeliest = list(reconstruct(model, part))
    titles = [[f"mostly {SPECIES[kind[i]]}" for i in some]] + [[""] * len(some)] * 2
    return Gallery(
        rows=[list(part.pictures), likeliest, _drawn(probability, 0)],
        titles=titles,
        sides=["run", "likeliest", "drawn"],
    )


def first_property(data: SeiData) -> str:
    """Name of the first property, short."""
    return data.names[0].replace("_", " ")


def _drawn(probability: Tensor, seed: int) -> list[Pictures]:
    return list(drawn(probability, torch.Generator().manual_seed(seed)).numpy())


def _titles(model: PrVAE, z: Tensor) -> list[str]:
    values: Floats = model.predict_latent(z).mean[:, 0].numpy()
    name = model.properties[0].replace("_", " ")
    return [f"{name} {value:.3g}" for value in values]


def _two_rows(pictures: list[Pictures], titles: list[str], side: str) -> Gallery:
    half = len(pictures) // 2
    return Gallery(
        rows=[pictures[:half], pictures[half:]],
        titles=[titles[:half], titles[half:]],
        sides=[side, side],
    )
