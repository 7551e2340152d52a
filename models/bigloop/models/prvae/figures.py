"""Figures of what a prVAE has learned; each function gives a matplotlib figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bigloop.models.prvae.scores import SPECIES, Floats, r2

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (
    *("#f7f7f7", "#222222", "#c9c0a8", "#3a9d5d"),
    *("#c8322f", "#f0a33e", "#3973b5", "#b153b5"),
)
"""Of the species, near those of the paper: inorganic red, clusters purple."""
LABELS = {
    "thickness": "thickness [nm]",
    "volume_fraction": "volume fraction",
    "in_flux": "inorganic layers",
    "or_flux": "organic layers",
}
Pictures = NDArray[np.uint8]
_ENTRY = 1.15
"""Width of an entry of a legend [inch]."""


def save(figure: Figure, path: Path) -> None:
    """Write a figure; the ending decides the format."""
    figure.savefig(path, dpi=150)


def components_figure(
    latents: Mapping[str, Floats], properties: Floats, names: Sequence[str]
) -> Figure:
    """Paper's Figure 2: first two principal components, coloured by property.

    Args:
        latents: scores `n x 2` by model, a row of panels each.
        properties: `n x k`.
        names: of the properties, a column of panels each.
    """
    figure, axes = _grid(len(latents), len(names), 2.9, 2.7)
    for row, (model, scores) in zip(axes, latents.items(), strict=True):
        for i, (panel, name) in enumerate(zip(row, names, strict=True)):
            points = panel.scatter(
                *scores[:, :2].T, c=properties[:, i], s=5, lw=0, cmap="viridis"
            )
            figure.colorbar(points, ax=panel, label=_label(name), fraction=0.05)
            panel.set(xlabel="first component", xticks=[], yticks=[])
            panel.set_ylabel(f"{model}\nsecond component" if i == 0 else "")
    return figure


def parity_figure(
    predicted: Floats, sd: Floats, true: Floats, names: Sequence[str]
) -> Figure:
    """Paper's Figure 3: predicted against true, with R2 and n."""
    figure, (axes,) = _grid(1, len(names), 2.9, 3.0)
    for i, (panel, name) in enumerate(zip(axes, names, strict=True)):
        x, y = true[:, i], predicted[:, i]
        panel.errorbar(x, y, sd[:, i], fmt="none", ecolor="#bbbbbb", lw=0.5, zorder=1)
        panel.scatter(x, y, s=5, lw=0, color="#3973b5", zorder=2)
        ends = [min(x.min(), y.min()), max(x.max(), y.max())]
        panel.plot(ends, ends, color="#222222", lw=0.8, zorder=3)
        panel.set(
            xlabel=f"true {_label(name)}", title=f"R² {r2(y, x):.3f}, n = {len(x)}"
        )
        panel.set_ylabel("predicted, ± 1 sd" if i == 0 else "")
    return figure


def correlation_figure(properties: Floats, names: Sequence[str]) -> Figure:
    """Paper's Figure 4: correlation of the properties."""
    matrix = np.atleast_2d(np.corrcoef(properties, rowvar=False))
    figure, ((panel,),) = _grid(1, 1, 4.4, 3.8)
    image = panel.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu_r")
    figure.colorbar(image, ax=panel, label="Pearson correlation")
    ticks = range(len(names))
    labels = [name.replace("_", " ") for name in names]
    panel.set_xticks(ticks, labels, rotation=30, ha="right")
    panel.set_yticks(ticks, labels)
    for i in ticks:
        for j in ticks:
            dark = abs(matrix[i, j]) > 0.6
            panel.text(
                *(j, i, f"{matrix[i, j]:.2f}"),
                ha="center",
                va="center",
                color="white" if dark else "black",
            )
    return figure


def pictures_figure(
    rows: Sequence[Sequence[Pictures]],
    titles: Sequence[Sequence[str]] = (),
    sides: Sequence[str] = (),
) -> Figure:
    """Pictures in rows, electrode below, with the colours of the species.

    Args:
        rows: pictures `rows x columns`.
        titles: above each picture.
        sides: to the left of each row.
    """
    figure, axes = _grid(len(rows), len(rows[0]), 1.75, 1.95)
    used: set[int] = set()
    for i, (line, panels) in enumerate(zip(rows, axes, strict=True)):
        for j, (picture, panel) in enumerate(zip(line, panels, strict=True)):
            _draw(panel, picture)
            used |= set(np.unique(picture).tolist())
            if titles:
                panel.set_title(titles[i][j], fontsize=8)
        if sides:
            panels[0].set_ylabel(sides[i], fontsize=8)
    _legend(figure, sorted(used))
    return figure


def training_figure(epochs: Sequence[Mapping[str, Any]], best: int) -> Figure:
    """Paper's Figure 1d: the terms of the loss over the epochs."""
    figure, (axes,) = _grid(1, 3, 3.4, 2.8)
    names = {
        "reconstruction": "reconstruction [nat a picture]",
        "kl": "KL divergence [nat a picture]",
        "regression": "half squared error",
    }
    x = [epoch["epoch"] for epoch in epochs]
    for panel, (name, label) in zip(axes, names.items(), strict=True):
        if name != "regression":
            panel.plot(x, [e["train"][name] for e in epochs], label="training")
        held = [e["validation"][name] for e in epochs]
        panel.plot(x, held, label="validation", color="C1")
        if best:
            panel.axvline(best, color="#999999", lw=0.8, ls=":", label="kept")
        if name != "kl":
            panel.set_yscale("log")
        panel.set(xlabel="epoch", ylabel=label)
    axes[0].legend(frameon=False)
    return figure


def coverage_figure(entries: Sequence[Mapping[str, Any]]) -> Figure:
    """Part of held-out values inside the intervals, for each level and property."""
    figure, ((panel,),) = _grid(1, 1, 4.2, 3.4)
    panel.plot([0, 1], [0, 1], color="#999999", lw=0.8)
    for name in dict.fromkeys(e["property"] for e in entries):
        mine = [e for e in entries if e["property"] == name]
        panel.plot(
            [e["level"] for e in mine],
            [e["coverage"] for e in mine],
            marker="o",
            ms=4,
            label=f"{name.replace('_', ' ')}, n = {mine[0]['n']}",
        )
    panel.set(xlabel="level of the interval", ylabel="part of the test values in it")
    panel.legend(frameon=False, fontsize=8)
    return figure


def design_figure(picture: Pictures, lattice: Pictures) -> Figure:
    """What the decoder drew at designed barriers beside what was grown there."""
    return pictures_figure([[picture, lattice]], [["model", "run"]])


def _grid(rows: int, columns: int, width: float, height: float) -> tuple[Figure, Any]:
    # Not pyplot: no window, no state, nothing to close.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def _draw(panel: Any, picture: Pictures) -> None:
    from matplotlib.colors import ListedColormap

    panel.imshow(
        picture,
        cmap=ListedColormap(COLOURS),
        vmin=-0.5,
        vmax=len(COLOURS) - 0.5,
        origin="lower",
        interpolation="nearest",
    )
    panel.set_xticks([])
    panel.set_yticks([])


def _legend(figure: Figure, codes: Sequence[int]) -> None:
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor=COLOURS[c], edgecolor="#888888", lw=0.5, label=SPECIES[c])
        for c in codes
    ]
    figure.legend(
        handles=patches,
        loc="outside lower center",
        ncols=max(1, int(figure.get_figwidth() / _ENTRY)),
        frameon=False,
        fontsize=8,
    )


def _label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " "))
